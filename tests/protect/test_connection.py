"""The life of a client, over the real protocol."""

import asyncio
from datetime import UTC, datetime, timedelta
import json
import logging
from pathlib import Path
from typing import Any

import pytest

from custom_components.protect_narrator.pipeline.models import Detection, Label
from custom_components.protect_narrator.protect import (
    ApiKeyOnlyError,
    CannotConnectError,
    CertificateError,
    CloudAccountError,
    ConnectError,
    Connection,
    ConnectionState,
    Credentials,
    InvalidApiKeyError,
    InvalidAuthError,
    LoginGuard,
    NoMediaAccessError,
    RateLimitedError,
)
from simulator.console import Camera, Channel, Console, Ends, Reply, Socket

from .helpers import PATIENCE, Heard, Link, linked

LONG_AGO = datetime.now(UTC) - timedelta(days=1)


def looks(console: Console) -> int:
    """Return how often the console's list of events was read."""
    return sum(
        request.path.endswith("/api/events") and request.finished is not None
        for request in console.requests
    )


async def looked(console: Console, times: int = 1) -> None:
    """Return when the list has been read so often, and nobody is reading it."""
    await console.wait_for(lambda: looks(console) >= times and console.open_requests == 0)


# -- connecting


async def test_a_console_tells_who_it_is(console: Console, link: Link) -> None:
    info = await link.connection.connect()
    assert info.mac == console.mac
    assert info.name == console.name
    assert [camera.name for camera in info.cameras] == [camera.name for camera in console.cameras]
    assert [camera.is_doorbell for camera in info.cameras] == [True, False, False]


@pytest.mark.parametrize(
    ("faults", "expected"),
    [
        ({"login": Reply.error(401)}, InvalidAuthError),
        ({"login": Reply.error(403)}, InvalidAuthError),
        ({"login": Reply.error(400)}, InvalidAuthError),
        ({"login": Reply.too_many()}, RateLimitedError),
        ({"login": Reply.second_factor()}, CloudAccountError),
        ({"cloud_account": True}, CloudAccountError),
        ({"login": Reply.error(500)}, CannotConnectError),
        ({"everything": Reply.error(404)}, CannotConnectError),
        ({"everything": Reply.reset()}, CannotConnectError),
        ({"bootstrap": Reply.error(503)}, CannotConnectError),
        ({"bootstrap": Reply.garbage()}, CannotConnectError),
        ({"bootstrap": Reply.html()}, CannotConnectError),
        ({"bootstrap": Reply.empty()}, CannotConnectError),
        ({"bootstrap": Reply(content=b"{}")}, CannotConnectError),
        ({"bootstrap": Reply(content=b"[1, 2]")}, CannotConnectError),
        ({"bootstrap": Reply(content=b'{"cameras": 7, "nvr": "x"}')}, CannotConnectError),
    ],
)
async def test_each_way_to_fail_has_its_own_error(
    console: Console, link: Link, faults: dict[str, Any], expected: type[ConnectError]
) -> None:
    for name, fault in faults.items():
        setattr(console.faults, name, fault)
    with pytest.raises(expected):
        await link.connection.connect()
    console.faults.unset()


@pytest.mark.parametrize(
    ("field", "rubbish"),
    [
        ("authUserId", []),
        ("nvr", None),
        ("cameras", [{"id": 5}]),
        ("users", {"a": None}),
    ],
)
async def test_one_field_of_rubbish_is_said_with_its_traceback(
    console: Console, link: Link, caplog: pytest.LogCaptureFixture, field: str, rubbish: object
) -> None:
    await link.connection.connect()
    good = await link.connection._client.api_request_obj("bootstrap")
    console.faults.bootstrap = Reply(content=json.dumps(good | {field: rubbish}).encode())
    with pytest.raises(CannotConnectError):
        await link.connection.connect()
    assert "Traceback" in caplog.text


async def test_a_time_that_does_not_exist_is_rubbish_too(console: Console, link: Link) -> None:
    await link.connection.connect()
    good = await link.connection._client.api_request_obj("bootstrap")
    good["cameras"][0]["lastMotion"] = 10**30
    console.faults.bootstrap = Reply(content=json.dumps(good).encode())
    with pytest.raises(CannotConnectError) as caught:
        await link.connection.connect()
    assert isinstance(caught.value.__cause__, OverflowError)


async def test_an_old_answer_to_a_log_in_does_not_explain_a_later_failure(
    console: Console, link: Link
) -> None:
    console.faults.login = Reply.too_many()
    with pytest.raises(RateLimitedError):
        await link.connection.connect()
    console.faults.unset()
    await link.connection.connect()
    console.faults.bootstrap = Reply.error(500)
    with pytest.raises(CannotConnectError):
        await link.connection.connect()


async def test_a_wrong_password_is_refused(console: Console, tmp_path: Path) -> None:
    async with linked(console, tmp_path, password="guessed") as link:
        with pytest.raises(InvalidAuthError):
            await link.connection.connect()


async def test_a_wrong_password_does_not_pass_because_an_earlier_log_in_is_remembered(
    console: Console, tmp_path: Path
) -> None:
    async with linked(console, tmp_path) as link:
        await link.connection.connect()
    async with linked(console, tmp_path, password="guessed") as link:
        with pytest.raises(InvalidAuthError):
            await link.connection.connect(forget_login=True)


async def test_a_remembered_log_in_saves_one(console: Console, tmp_path: Path) -> None:
    for _ in range(2):
        async with linked(console, tmp_path) as link:
            await link.connection.connect()
    assert len(console.requests_to("/login")) == 1


async def test_a_certificate_that_nobody_vouches_for_is_refused(
    console: Console, tmp_path: Path
) -> None:
    async with linked(console, tmp_path, verify_ssl=True) as link:
        with pytest.raises(CertificateError):
            await link.connection.connect()


async def test_a_port_without_a_console_cannot_be_connected(
    console: Console, tmp_path: Path
) -> None:
    await console.go_down()
    async with linked(console, tmp_path) as link:
        with pytest.raises(CannotConnectError):
            await link.connection.connect()


async def test_a_port_that_does_not_speak_tls_is_no_certificate_error(
    console: Console, tmp_path: Path
) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, linked(console, tmp_path, port=port) as link:
        with pytest.raises(CannotConnectError):
            await link.connection.connect()


@pytest.mark.parametrize("missing", ["username", "password"])
async def test_an_api_key_alone_is_not_enough(
    console: Console, tmp_path: Path, missing: str
) -> None:
    with pytest.raises(ApiKeyOnlyError):
        async with linked(console, tmp_path, **{missing: ""}):
            pass


async def test_what_is_no_address_cannot_be_connected(console: Console, tmp_path: Path) -> None:
    with pytest.raises(CannotConnectError):
        async with linked(console, tmp_path, port=70_000):
            pass


async def test_a_user_who_may_read_recordings_has_access(console: Console, link: Link) -> None:
    await link.connection.connect()
    await link.connection.check_access()


async def test_a_user_who_may_not_read_recordings_has_none(console: Console, link: Link) -> None:
    console.faults.no_media = True
    await link.connection.connect()
    with pytest.raises(NoMediaAccessError):
        await link.connection.check_access()


async def test_a_wrong_api_key_is_found_out(console: Console, tmp_path: Path) -> None:
    async with linked(console, tmp_path, api_key="stale") as link:
        await link.connection.connect()
        with pytest.raises(InvalidApiKeyError):
            await link.connection.check_access()


async def test_a_public_api_that_fails_is_no_wrong_key(console: Console, link: Link) -> None:
    await link.connection.connect()
    console.faults.public = Reply.error(500)
    with pytest.raises(CannotConnectError):
        await link.connection.check_access()


async def test_a_console_without_a_camera_has_nothing_to_be_kept_from(
    console: Console, link: Link
) -> None:
    for camera in console.cameras:
        await console.remove_camera(camera.id)
    await link.connection.connect()
    await link.connection.check_access()


def test_credentials_show_no_secret() -> None:
    shown = repr(
        Credentials(host="h", username="u-secret", password="p-secret", api_key="k-secret")
    )
    assert "secret" not in shown


# -- hearing


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
    await looked(console, 2)
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


async def test_cameras_that_come_and_go_are_told(console: Console, heard: Heard) -> None:
    new = Camera.make(9, "Shed")
    await console.add_camera(new)
    await heard.wait_for(lambda: bool(heard.cameras))
    assert "Shed" in {camera.name for camera in heard.cameras[-1]}
    event_id = await console.detect(new.id)
    (detection,) = await heard.some()
    assert detection.event_ids == (event_id,)
    await console.remove_camera(new.id)
    await heard.wait_for(lambda: len(heard.cameras) >= 2)
    assert "Shed" not in {camera.name for camera in heard.cameras[-1]}


# -- gaps


async def test_with_both_websockets_silent_the_look_back_finds_a_detection(
    console: Console, tmp_path: Path
) -> None:
    async with linked(console, tmp_path, reconcile_every=timedelta(seconds=0.2)) as link:
        heard = await link.start(console)
        console.faults.private_socket = console.faults.public_socket = Socket.SILENT
        event_id = await console.detect(console.cameras[0].id)
        (detection,) = await heard.some()
    assert detection.event_ids == (event_id,)
    assert detection.late


async def test_what_ended_while_nobody_listened_is_found_after_the_reconnect(
    console: Console, link: Link
) -> None:
    heard = await link.start(console)
    link.hurry()
    event_id = await console.start_detection(console.cameras[0].id)
    await console.go_down()
    await heard.state(ConnectionState.DISCONNECTED)
    await console.end_detection(event_id)
    missed = await console.detect(console.cameras[1].id)
    await console.come_up()
    told = {detection.event_ids[0] for detection in await heard.some(2)}
    await heard.state(ConnectionState.CONNECTED)
    assert told == {event_id, missed}


async def test_a_reconnect_ends_no_event_that_goes_on(console: Console, link: Link) -> None:
    heard = await link.start(console)
    link.hurry()
    event_id = await console.start_detection(console.cameras[0].id)
    before = len(console.requests_to("/subscribe/events"))
    await console.drop_websockets()
    await console.wait_for(
        lambda: (
            len(console.requests_to("/subscribe/events")) > before
            and console.open_public_websockets == 1
            and console.open_private_websockets == 1
        )
    )
    await looked(console)
    assert heard.detections == []
    end = datetime.now(UTC)
    await console.end_detection(event_id, end)
    (detection,) = await heard.some()
    assert abs(detection.end - end) < timedelta(milliseconds=2)
    assert not detection.end_estimated


async def test_nothing_that_ended_before_is_told(console: Console, tmp_path: Path) -> None:
    await console.detect(console.cameras[0].id)
    async with linked(console, tmp_path, not_before=datetime.now(UTC)) as link:
        heard = await link.start(console)
        new = await console.detect(console.cameras[0].id)
        await looked(console)
        told = await heard.some()
    assert [detection.event_ids for detection in told] == [(new,)]


async def test_what_ended_after_the_entry_was_made_is_found_at_start(
    console: Console, tmp_path: Path
) -> None:
    event_id = await console.detect(console.cameras[0].id)
    async with linked(console, tmp_path, not_before=LONG_AGO) as link:
        heard = await link.start(console)
        (detection,) = await heard.some()
    assert detection.event_ids == (event_id,)
    assert detection.late


async def test_an_event_that_was_open_at_the_start_is_told_with_its_end(
    console: Console, tmp_path: Path
) -> None:
    event_id = await console.start_detection(console.cameras[0].id)
    async with linked(console, tmp_path, not_before=LONG_AGO) as link:
        heard = await link.start(console)
        await looked(console)
        console.faults.ends = Ends.TOLD
        await console.end_detection(event_id)
        (detection,) = await heard.some()
    assert detection.event_ids == (event_id,)
    assert not detection.end_estimated


async def test_a_list_that_cannot_be_read_is_said_once_and_so_is_that_it_can(
    console: Console, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    console.faults.events = Reply.error(500)
    async with linked(console, tmp_path, reconcile_every=timedelta(seconds=0.05)) as link:
        caplog.set_level(logging.INFO)
        await link.start(console)
        await console.wait_for(lambda: looks(console) >= 4)
        assert caplog.text.count("cannot be read") == 1
        console.faults.unset()
        healed = looks(console)
        await console.wait_for(lambda: looks(console) >= healed + 2)
        assert caplog.text.count("can be read again") == 1


# -- the log-in's life


async def test_a_session_that_dies_is_renewed(console: Console, link: Link) -> None:
    await link.start(console)
    console.end_sessions()
    camera = console.cameras[0]
    now = datetime.now(UTC)
    async with link.connection.media.open_clip(
        camera.id, now - timedelta(seconds=2), now, time_limit=PATIENCE
    ) as chunks:
        assert [chunk async for chunk in chunks]
    assert len(console.requests_to("/login")) == 2


async def test_a_changed_password_is_told_as_such(console: Console, tmp_path: Path) -> None:
    async with linked(console, tmp_path, reconcile_every=timedelta(seconds=0.05)) as link:
        heard = await link.start(console)
        link.hurry()
        console.password = "another"
        console.end_sessions()
        await console.drop_websockets()
        await heard.state(ConnectionState.AUTH_FAILED)
    assert len(console.requests_to("/login")) <= 4


async def test_a_revoked_api_key_leaves_the_first_way_alone(
    console: Console, link: Link, caplog: pytest.LogCaptureFixture
) -> None:
    heard = await link.start(console)
    link.hurry()
    console.api_key = "another"
    await console.drop_websockets(private=False)
    await console.wait_for(lambda: len(console.requests_to("/subscribe/events")) >= 3)
    event_id = await console.detect(console.cameras[0].id)
    (detection,) = await heard.some()
    assert detection.event_ids == (event_id,)
    assert "refuses the API key" in caplog.text


# -- bugs and the end


async def test_a_bug_of_a_listener_is_loud_and_costs_nothing_else(
    console: Console, link: Link, caplog: pytest.LogCaptureFixture
) -> None:
    class Buggy(Heard):
        def on_detection(self, detection: Detection) -> None:
            super().on_detection(detection)
            if len(self.detections) == 1:
                raise AttributeError("a typo")

    link.heard = Buggy()
    heard = await link.start(console)
    for _ in range(2):
        await console.detect(console.cameras[0].id)
    assert len(await heard.some(2)) == 2
    assert "a typo" in caplog.text
    assert "Traceback" in caplog.text


async def test_listening_costs_two_requests_beside_the_websockets(
    console: Console, link: Link
) -> None:
    await link.start(console)
    public = [request.path for request in console.requests if "/integration/" in request.path]
    assert len(public) == 1


async def test_nothing_is_left_after_closing(console: Console, link: Link) -> None:
    await link.start(console)
    before = asyncio.all_tasks()
    await link.connection.close()
    await console.wait_for(lambda: console.open_websockets == 0 and console.open_requests == 0)
    ours = [task for task in asyncio.all_tasks() & before if "protect_narrator" in task.get_name()]
    assert ours == []


async def test_closing_during_a_look_back_leaves_nothing(console: Console, link: Link) -> None:
    console.faults.events = Reply.hang()
    await link.start(console)
    await console.wait_for(lambda: console.open_requests > 0)
    await link.connection.close()
    await console.wait_for(lambda: console.open_websockets == 0 and console.open_requests == 0)


async def test_closing_while_the_library_reads_everything_anew_leaves_no_task(
    console: Console, link: Link
) -> None:
    await link.start(console)
    link.hurry()
    console.faults.private_socket = Socket.STALE
    console.faults.bootstrap = Reply.hang()
    await console.drop_websockets()
    await console.wait_for(
        lambda: any(
            request.path.endswith("/bootstrap") and request.finished is None
            for request in console.requests
        )
    )
    await link.connection.close()
    names = [repr(task.get_coro()) for task in asyncio.all_tasks()]
    assert not any("ProtectApiClient" in name for name in names)


async def test_what_is_told_after_closing_is_not_heard(console: Console, link: Link) -> None:
    heard = await link.start(console)
    await link.connection.close()
    await console.detect(console.cameras[0].id)
    assert heard.detections == []


def test_a_connection_needs_a_user() -> None:
    nobody = Credentials(host="h", username="", password="", api_key="k")
    with pytest.raises(ApiKeyOnlyError):
        Connection(
            nobody,
            session=None,  # type: ignore[arg-type]  # it is refused before
            public_session=None,  # type: ignore[arg-type]  # as above
            config_dir=Path(),
            login_guard=LoginGuard(),
        )
