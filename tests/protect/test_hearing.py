"""What the console tells, on whichever websocket, is heard once."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from custom_components.protect_narrator.pipeline.models import Detection, Label
from custom_components.protect_narrator.protect import connection, open_events
from custom_components.protect_narrator.protect.events import PublicEvents
from custom_components.protect_narrator.protect.tracker import Tracker
from simulator.console import Channel, Console, Socket
from tests.waiting import until

from .helpers import AT_ONCE, Heard, Link, linked, looked_so_far


async def test_a_detection_that_both_websockets_tell_is_told_once(
    console: Console, heard: Heard
) -> None:
    camera = console.cameras[1]
    event_id = await console.detect(camera.id, ("person",), duration=3)
    (detection,) = await heard.some()
    other = await console.detect(camera.id, ("vehicle",))
    _, second = await heard.some(2)
    assert detection.event_ids == (event_id,)
    assert detection.labels == (Label.PERSON,)
    assert detection.camera_name == camera.name
    assert detection.console_id == console.mac.lower()
    assert not detection.late
    assert not detection.end_estimated
    assert (detection.end - detection.start).total_seconds() == pytest.approx(3, abs=0.01)
    assert second.event_ids == (other,)


@pytest.mark.parametrize("silent", ["private_socket", "public_socket"])
async def test_one_silent_websocket_costs_nothing(
    console: Console, heard: Heard, silent: str
) -> None:
    setattr(console.faults, silent, Socket.SILENT)
    event_id = await console.detect(console.cameras[0].id)
    (detection,) = await heard.some()
    assert detection.event_ids == (event_id,)
    assert not detection.late


async def test_the_public_websocket_alone_tells_all_kinds(console: Console, heard: Heard) -> None:
    await looked_so_far(console, 2)
    console.faults.private_socket = Socket.SILENT
    camera_id = console.cameras[0].id
    package = await console.package(camera_id)
    console.faults.suffixed_ids = frozenset({Channel.PUBLIC})
    console.faults.late_labels = True
    console.faults.repeat_adds = True
    vehicle = await console.detect(camera_id, ("vehicle",))
    console.faults.unset()
    console.faults.private_socket = Socket.SILENT
    ring = await console.ring(camera_id)
    bark = await console.detect(
        camera_id, ("alrmBark", "neverHeardOf"), event_type="smartAudioDetect"
    )
    told = {detection.event_ids[0]: detection for detection in await heard.some(4)}
    assert told[package].labels == (Label.PACKAGE,)
    assert told[vehicle].labels == (Label.VEHICLE,)
    assert told[ring].labels == (Label.RING,)
    assert told[bark].labels[0] is Label.AUDIO_BARK
    assert not any(detection.late for detection in told.values())


async def test_a_plate_and_a_face_are_told_with_the_detection(
    console: Console, heard: Heard
) -> None:
    event_id = await console.start_detection(console.cameras[0].id, ("person", "vehicle"))
    await console.update_detection(event_id, license_plate="ABC123", face="Ada", score=91)
    await console.end_detection(event_id)
    (detection,) = await heard.some()
    assert detection.license_plates == ("ABC123",)
    assert detection.faces == ("Ada",)
    assert {Label.FACE, Label.LICENSE_PLATE} <= set(detection.labels)
    assert detection.score == 91


async def test_an_end_that_never_comes_is_estimated(console: Console, tmp_path: Path) -> None:
    async with linked(console, tmp_path, longest_open=timedelta(seconds=0.3)) as link:
        heard = await link.start(console)
        await console.start_detection(console.cameras[0].id)
        (detection,) = await heard.some()
    assert detection.end_estimated


async def test_unknown_events_and_rubbish_are_passed_over(console: Console, heard: Heard) -> None:
    await console.detect(console.cameras[0].id, event_type="neverHeardOf")
    await console.send_private("add", "event", "x", {"id": 7, "type": None})
    await console.send_public("add", {"modelKey": "event", "id": {"a": 1}, "start": "noon"})
    await console.send_public("update", {"modelKey": "event", "id": "../../etc/passwd"})
    good = await console.detect(console.cameras[0].id)
    (detection,) = await heard.some()
    assert detection.event_ids == (good,)


async def test_a_bug_of_a_listener_is_loud_and_costs_nothing_else(
    console: Console, link: Link, caplog: pytest.LogCaptureFixture
) -> None:
    class Buggy(Heard):
        def on_detection(self, detection: Detection) -> None:
            super().on_detection(detection)
            if len(self.detections) == 1:
                raise AttributeError("a typo")

    bugs: list[None] = []
    link.heard = Buggy()
    link.connection.report_bugs(lambda: bugs.append(None))
    heard = await link.start(console)
    for _ in range(2):
        await console.detect(console.cameras[0].id)
    assert len(await heard.some(2)) == 2
    assert ", in on_detection\nAttributeError" in caplog.text
    assert len(bugs) == 1


async def test_listening_costs_two_requests_beside_the_websockets(
    console: Console, link: Link
) -> None:
    await link.start(console)
    public = [request.path for request in console.requests if "/integration/" in request.path]
    assert len(public) == 1


async def test_a_bug_of_ours_is_loud_and_open_events_are_let_out_all_the_same(
    console: Console,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(open_events, "_AFTER_BUG_S", AT_ONCE)
    well = Tracker.tick
    calls = 0

    def buggy(tracker: Tracker, clock: float) -> Iterator[Detection]:
        nonlocal calls
        calls += 1
        if calls <= 2:
            raise KeyError("a typo")
        return well(tracker, clock)

    monkeypatch.setattr(Tracker, "tick", buggy)
    async with linked(console, tmp_path, longest_open=timedelta(seconds=AT_ONCE)) as link:
        heard = await link.start(console)
        event_id = await console.start_detection(console.cameras[0].id)
        (detection,) = await heard.some()
    assert detection.event_ids == (event_id,)
    assert caplog.text.count("Traceback") == 2


async def test_a_bug_of_ours_that_stays_does_not_spin(
    console: Console, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = 0

    def buggy(_tracker: Tracker, _clock: float) -> Iterator[Detection]:
        nonlocal calls
        calls += 1
        raise KeyError("a typo")

    monkeypatch.setattr(Tracker, "tick", buggy)
    heard = await link.start(console)
    began = asyncio.get_running_loop().time()
    for count in range(1, 6):
        await console.detect(console.cameras[0].id)
        await heard.some(count)
    assert 1 <= calls <= 2 + asyncio.get_running_loop().time() - began


async def test_a_label_that_comes_shortly_after_the_end_is_told_with_the_detection(
    console: Console, tmp_path: Path
) -> None:
    async with linked(console, tmp_path, label_grace=timedelta(seconds=1)) as link:
        heard = await link.start(console)
        event_id = await console.detect(console.cameras[0].id, ("vehicle",))
        await console.update_detection(event_id, labels=("vehicle", "person"), license_plate="ABC")
        (detection,) = await heard.some()
    assert detection.labels == (Label.PERSON, Label.VEHICLE, Label.LICENSE_PLATE)
    assert detection.license_plates == ("ABC",)
    assert not detection.end_estimated


@pytest.mark.parametrize(
    ("where", "name"), [(connection, "frame_from_private"), (PublicEvents, "take_in")]
)
async def test_a_bug_in_taking_in_a_message_is_told_and_its_words_are_not(
    console: Console,
    link: Link,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    where: object,
    name: str,
) -> None:
    def buggy(*_told: object) -> None:
        raise ValueError("B-AB 123")

    bugs: list[None] = []
    link.connection.report_bugs(lambda: bugs.append(None))
    heard = await link.start(console)
    monkeypatch.setattr(where, name, buggy)

    await console.detect(console.cameras[0].id)

    assert await heard.some()
    await until(lambda: bool(bugs))
    assert "What the console told was lost by a bug" in caplog.text
    assert "B-AB 123" not in caplog.text
