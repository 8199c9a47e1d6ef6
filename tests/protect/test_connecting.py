"""Each console that cannot be used says why."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from custom_components.protect_narrator.protect import (
    ApiKeyOnlyError,
    CannotConnectError,
    CertificateError,
    CloudAccountError,
    ConnectError,
    Connection,
    Credentials,
    InvalidApiKeyError,
    InvalidAuthError,
    LoginGuard,
    NoMediaAccessError,
    RateLimitedError,
)
from simulator.console import Console, Reply

from .helpers import Link, linked


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
    console.faults.login = Reply.error(429)
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
