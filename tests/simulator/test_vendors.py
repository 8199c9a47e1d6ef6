"""The simulated vendors, asked over the bare wire: what they take, and what they turn away."""

from base64 import b64encode
from collections.abc import AsyncGenerator, Mapping
from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from simulator.vendors import Anthropic, Google, ModelFault, OpenAI, VendorServer
from simulator.vendors.calls import BadRequestError, look_at
from simulator.vendors.google_files import FileStore, Processing
from simulator.video import Recorder, Scene, UnreadablePictureError

from .stills import CAMERA, START, picture

VENDORS: dict[type[VendorServer], tuple[str, str]] = {
    OpenAI: ("/v1/responses", "Authorization"),
    Anthropic: ("/v1/messages", "X-Api-Key"),
    Google: ("/v1beta/models/gemini:streamGenerateContent", "X-Goog-Api-Key"),
}
PROMPT = "What happens?"


@pytest.fixture(params=VENDORS, ids=lambda kind: kind.__name__)
async def vendor(request: pytest.FixtureRequest, loopback: None) -> AsyncGenerator[VendorServer]:
    """Each vendor in turn."""
    async with request.param() as server:
        yield server


async def post(
    server: VendorServer, body: object, *, key: str | None = None
) -> tuple[int, Mapping[str, Any] | str]:
    """Ask, and return the status with the error or the events."""
    path, header = VENDORS[type(server)]
    async with (
        aiohttp.ClientSession() as session,
        session.post(
            f"{server.url}{path}", json=body, headers={header: key or server.api_key}
        ) as reply,
    ):
        return reply.status, await (reply.json() if reply.status >= 400 else reply.text())


def asking(server: VendorServer, *images: tuple[str, bytes]) -> dict[str, Any]:
    """Return the body of a question about these pictures (Google's are in its files)."""
    shown: list[Any]
    match server:
        case OpenAI():
            shown = [
                {
                    "type": "input_image",
                    "image_url": f"data:{mime_type};base64,{b64encode(data).decode()}",
                }
                for mime_type, data in images
            ]
            content = [{"type": "input_text", "text": PROMPT}, *shown]
            said = {"type": "message", "role": "user", "content": content}
            return {"model": "gpt", "stream": True, "input": [said]}
        case Anthropic():
            shown = [
                {
                    "type": "image",
                    "source": {
                        "type": "base64",
                        "media_type": mime_type,
                        "data": b64encode(data).decode(),
                    },
                }
                for mime_type, data in images
            ]
            content = [{"type": "text", "text": PROMPT}, *shown]
            said = {"role": "user", "content": content}
            return {"model": "claude", "stream": True, "messages": [said]}
        case _:
            return {"contents": [{"role": "user", "parts": [{"text": PROMPT}]}]}


async def test_who_has_no_key_is_turned_away_and_still_noted(vendor: VendorServer) -> None:
    status, _ = await post(vendor, asking(vendor), key="another")

    assert status == 401
    assert (vendor.call_count, len(vendor.requests)) == (0, 1)
    assert vendor.requests[0].holds(PROMPT)


async def test_without_a_picture_the_words_are_all_it_knows(vendor: VendorServer) -> None:
    status, _ = await post(vendor, asking(vendor))

    assert status == 200
    (call,) = vendor.calls
    assert call.question.prompt == PROMPT
    assert call.text.startswith("Something detected")
    assert call.attachments == ()


@pytest.mark.parametrize("body", [[], {}, {"model": 1}, "hello"])
async def test_a_body_that_makes_no_sense_is_refused(vendor: VendorServer, body: object) -> None:
    if isinstance(vendor, Google) and isinstance(body, dict):
        body = {"contents": "hello"}

    status, error = await post(vendor, body)

    assert status == 400
    assert "error" in error
    assert vendor.call_count == 0


@pytest.mark.parametrize(
    "image",
    [("image/bmp", picture("red")), ("image/jpeg", b"no picture"), ("text/plain", b"hello")],
    ids=["bmp", "broken", "text"],
)
@pytest.mark.parametrize("kind", [OpenAI, Anthropic])
async def test_what_is_no_picture_of_a_known_kind_is_refused(
    loopback: None, kind: type[VendorServer], image: tuple[str, bytes]
) -> None:
    async with kind() as server:
        status, error = await post(server, asking(server, image))

    assert status == 400
    assert "error" in error
    assert server.call_count == 0


@pytest.mark.parametrize("kind", [OpenAI, Anthropic])
async def test_an_earlier_turn_is_no_part_of_the_question(
    loopback: None, kind: type[VendorServer]
) -> None:
    async with kind() as server:
        body = asking(server, ("image/jpeg", picture("red")))
        turns = body["input" if kind is OpenAI else "messages"]
        turns += [
            {"type": "message", "role": "assistant", "content": "Somebody in red."},
            {"type": "message", "role": "user", "content": "And now?"},
        ]
        await post(server, body)

    (call,) = server.calls
    assert call.question.prompt == "And now?"
    assert call.attachments == ()


async def test_a_slow_vendor_answers_rightly_in_the_end(vendor: VendorServer) -> None:
    vendor.fault = ModelFault.slow(0.01)

    status, _ = await post(vendor, asking(vendor))

    assert (status, vendor.call_count) == (200, 1)


def test_a_clip_is_seen_at_moments_from_its_beginning_to_its_end() -> None:
    recorder = Recorder(Scene(width=320, height=180, fps=5))
    recorder.walk(CAMERA, "red", START, START + timedelta(seconds=4))
    clip = recorder.clip(CAMERA, START, START + timedelta(seconds=4))

    shown = look_at(("video/mp4", clip))

    moments = [(each.at - START).total_seconds() for each in shown.readings if each.at]
    assert moments == pytest.approx([0, 0.6, 1.2, 1.8, 2.4, 3.0, 3.6])
    places = [each.figure_x or 0.0 for each in shown.readings]
    assert places == sorted(places)


@pytest.mark.parametrize("clip", [b"", b"no clip at all"])
def test_what_is_no_clip_cannot_be_seen(clip: bytes) -> None:
    with pytest.raises(UnreadablePictureError):
        look_at(("video/mp4", clip))


def test_a_file_arrives_in_pieces_that_must_fit() -> None:
    store = FileStore()
    file = store.begin("clip.mp4", "video/mp4", 6, Processing.QUICK)

    store.receive(file.name, 0, b"abc", last=False)
    with pytest.raises(BadRequestError, match="offset 2 is not 3"):
        store.receive(file.name, 2, b"cde", last=True)
    with pytest.raises(BadRequestError, match="5 bytes came, 6 were announced"):
        store.receive(file.name, 3, b"de", last=True)
    with pytest.raises(BadRequestError, match="is not there"):
        store.get("files/other")


@pytest.mark.parametrize(
    ("processing", "states"),
    [
        (Processing.QUICK, ["PROCESSING", "PROCESSING", "ACTIVE"]),
        (Processing.ENDLESS, ["PROCESSING", "PROCESSING", "PROCESSING"]),
        (Processing.FAILING, ["PROCESSING", "PROCESSING", "FAILED"]),
    ],
)
def test_a_clip_is_examined_and_a_picture_is_not(processing: Processing, states: list[str]) -> None:
    clip = FileStore().begin("clip.mp4", "video/mp4", 6, processing)
    still = FileStore().begin("still.jpg", "image/jpeg", 6, processing)

    seen = []
    for clip.looks in range(3):
        seen.append(clip.state)
        assert ("error" in clip.card("http://google")) == (clip.state == "FAILED")

    assert seen == states
    assert still.state == "ACTIVE"
