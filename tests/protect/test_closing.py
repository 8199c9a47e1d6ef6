"""What a connection leaves behind when it is closed: nothing."""

import asyncio

import pytest
from uiprotect import ProtectApiClient

from simulator.console import Console, Reply, Socket

from .helpers import Link


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


def tasks_of_ours() -> list[str]:
    """Return the names of what still runs for a connection."""
    return [name for task in asyncio.all_tasks() if "protect_narrator" in (name := task.get_name())]


async def test_one_step_that_fails_keeps_no_other_from_being_taken(
    console: Console, link: Link
) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    await link.start(console)
    link.connection._unsubscribe.insert(0, fail)
    link.connection._unsubscribe.append(fail)
    with pytest.raises(ZeroDivisionError):
        await link.connection.close()
    await console.wait_for(lambda: console.open_websockets == 0)
    assert tasks_of_ours() == []
    assert link.connection._client._ws_subscriptions == []


async def test_a_library_that_ends_its_reading_in_another_way_is_not_passed_over(
    console: Console, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    await link.start(console)
    with monkeypatch.context() as patch:
        patch.setattr(ProtectApiClient, "_cancel_update_task", property())
        with pytest.raises(AttributeError):
            await link.connection.close()
    await console.wait_for(lambda: console.open_websockets == 0)


async def test_closing_twice_does_no_harm(console: Console, link: Link) -> None:
    await link.start(console)
    await asyncio.gather(link.connection.close(), link.connection.close())
    await link.connection.close()
    await console.wait_for(lambda: console.open_websockets == 0)
    assert tasks_of_ours() == []
