"""A detection on its whole way to each large vendor, and what of the house leaves with it."""

from collections.abc import AsyncGenerator, Iterator, Mapping
from io import BytesIO
from typing import Any

from PIL import Image
import pytest

from custom_components.protect_narrator.pipeline.answer import FIELDS
from simulator.console import Camera
from simulator.vendors import Google, Processing, Request, VendorServer
from simulator.video import read_still
from tests.vendors import GOOGLE, VENDORS, Vendor

from .conftest import Home

STILLS = 5


@pytest.fixture
async def vendor(
    request: pytest.FixtureRequest, home: Home
) -> AsyncGenerator[tuple[Vendor[Any], VendorServer]]:
    """The vendor that the test is about, behind both kinds of core's agents."""
    vendor = VENDORS[request.param]
    async with vendor.running(home.hass) as server:
        yield vendor, server
        # Nobody is asked any more when its integration goes.
        await home.tidy_up()


def secrets(home: Home, camera: Camera, sighting: Mapping[str, Any]) -> Iterator[str]:
    """Yield what nobody outside needs to know in order to describe a picture."""
    console = home.console
    yield from (console.password, console.api_key, console.mac, f":{console.port}")
    yield from (camera.id, camera.mac, sighting["sighting_id"], sighting["protect_event_id"])
    yield from (str(home.media), home.hass.config.config_dir, str(home.hass.config.latitude))
    yield from ("media-source", "protect_narrator/", ".clips", "rtsp")


def told(home: Home, camera: Camera, sighting: Mapping[str, Any], *asked: Request) -> list[str]:
    """Return what of the house is in the requests and ought not to be."""
    return [
        each for each in secrets(home, camera, sighting) if any(one.holds(each) for one in asked)
    ]


def notes_in(*jpegs: bytes) -> set[str]:
    """Return what is written in the files beside the pictures: comments, places, devices."""
    found: set[str] = set()
    for jpeg in jpegs:
        with Image.open(BytesIO(jpeg)) as picture:
            found |= {str(key) for key in picture.info if not str(key).startswith("jfif")}
    return found - {"dpi"}


@pytest.mark.parametrize(
    ("vendor", "medium"),
    [
        ("openai_conversation", "frames"),
        ("anthropic", "frames"),
        ("google_generative_ai_conversation", "clip"),
    ],
    indirect=["vendor"],
)
@pytest.mark.parametrize("kind", ["ai_task", "conversation"])
async def test_what_the_model_saw_is_told_and_nothing_but_the_pictures_of_it_has_left(
    home: Home, vendor: tuple[Vendor[Any], VendorServer], medium: str, kind: str
) -> None:
    its, server = vendor
    agent_id = getattr(its, kind)
    await home.set_up(agent_id)
    camera = home.console.cameras[1]
    await home.see(home.console.cameras[2], "green")
    await home.next_sighting()

    await home.see(camera, "blue")
    sighting = await home.next_sighting()

    assert sighting["title"] == f"A person in blue walks past {camera.name}"
    assert sighting["agent_id"] == agent_id
    assert (sighting["medium"], sighting["fallback_reason"]) == (medium, None)
    assert sighting["people"] == 1
    _, call = server.calls
    assert all(each.camera_name == camera.name for each in call.readings)
    assert {colour for each in call.readings for colour in each.colours} == {"blue"}
    if medium == "clip":
        (shown,) = call.attachments
        assert shown.mime_type == "video/mp4"
        assert shown.data == await home.last_export()
    else:
        assert [each.mime_type for each in call.attachments] == ["image/jpeg"] * STILLS
        moments = [read_still(each.data).at for each in call.attachments]
        assert moments == sorted(set(moments), key=str)
        assert notes_in(*(each.data for each in call.attachments)) == set()
    if kind == "ai_task":
        assert call.question.tools == ()
        assert set(call.question.schema or ()) >= {"properties", "required"}
        assert "green" not in call.question.prompt
    assert all(name in str(call.body) for name in FIELDS)
    assert told(home, camera, sighting, *server.requests) == []
    await home.is_clean()


@pytest.mark.parametrize("vendor", [GOOGLE.domain], indirect=True)
async def test_a_clip_that_google_cannot_examine_is_shown_to_it_as_frames(
    home: Home, vendor: tuple[Vendor[Any], VendorServer]
) -> None:
    its, server = vendor
    assert isinstance(server, Google)
    server.processing = Processing.FAILING
    await home.set_up(its.ai_task)
    camera = home.console.cameras[1]

    await home.see(camera, "blue")
    sighting = await home.next_sighting()

    assert sighting["title"] == f"A person in blue walks past {camera.name}"
    assert (sighting["medium"], sighting["frame_count"]) == ("frames", STILLS)
    assert sighting["fallback_reason"] == "agent_rejected_clip"
    assert sighting["fallback_detail"] == "agent_error"
    assert [file.mime_type for file in server.files] == ["video/mp4"] + ["image/jpeg"] * STILLS
    (call,) = server.calls
    assert [each.mime_type for each in call.attachments] == ["image/jpeg"] * STILLS
    await home.is_clean()
