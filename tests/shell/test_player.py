"""The one place for viewers: the newest of a viewer counts, others wait their turn elsewhere."""

import asyncio

import pytest

from custom_components.protect_narrator import player as room
from custom_components.protect_narrator.player import EndedError, Player, TakenError


class Viewing:
    """Somebody who watches for ever."""

    def __init__(self, player: Player, viewer: str) -> None:
        self.began = asyncio.Event()
        self.left = asyncio.Event()
        self.task = asyncio.create_task(self._watch(player, viewer))

    async def _watch(self, player: Player, viewer: str) -> None:
        async with player.place(viewer):
            self.began.set()
            try:
                await asyncio.get_running_loop().create_future()
            finally:
                self.left.set()

    async def is_ended(self) -> None:
        """Wait until it was ended from outside."""
        with pytest.raises(EndedError):
            await asyncio.wait_for(self.task, 5)

    async def leave(self) -> None:
        """Go away."""
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


async def test_another_viewer_is_turned_away_until_the_first_has_left() -> None:
    player = Player()
    first = Viewing(player, "kim")
    await first.began.wait()
    with pytest.raises(TakenError):
        async with player.place("lou"):
            pytest.fail("there is one place")
    await first.leave()
    async with player.place("lou"):
        pass


async def test_a_viewers_newest_request_begins_when_his_earlier_one_is_over() -> None:
    player = Player()
    first = Viewing(player, "kim")
    await first.began.wait()
    async with player.place("kim"):
        assert first.left.is_set()
    await first.is_ended()


async def test_of_many_requests_of_one_viewer_the_newest_stays() -> None:
    player = Player()
    many = [Viewing(player, "kim") for _ in range(20)]
    await asyncio.wait_for(many[-1].began.wait(), 5)
    for each in many[:-1]:
        await each.is_ended()
    assert not many[-1].task.done()
    with pytest.raises(TakenError):
        async with player.place("lou"):
            pytest.fail("there is one place")
    await many[-1].leave()


async def test_nobody_watches_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "LONGEST_S", 0.05)
    player = Player()
    await Viewing(player, "kim").is_ended()
    async with player.place("lou"):
        pass


async def test_an_error_of_the_viewer_passes_and_frees_the_place() -> None:
    player = Player()
    for error in (ZeroDivisionError, TimeoutError):
        with pytest.raises(error):
            async with player.place("kim"):
                raise error
    async with player.place("lou"):
        pass


async def test_closing_ends_who_watches_and_lets_nobody_in() -> None:
    player = Player()
    viewing = Viewing(player, "kim")
    await viewing.began.wait()
    await player.close()
    assert viewing.left.is_set()
    await viewing.is_ended()
    with pytest.raises(TakenError):
        async with player.place("kim"):
            pytest.fail("it is closed")
    await player.close()


async def test_closing_does_not_wait_for_ever_for_a_viewer_who_does_not_leave(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(room, "_LEAVING_S", 0.05)
    player = Player()
    seated, going = asyncio.Event(), asyncio.Event()

    async def stay() -> None:
        async with player.place("kim"):
            seated.set()
            try:
                await asyncio.get_running_loop().create_future()
            finally:
                await going.wait()

    task = asyncio.create_task(stay())
    await seated.wait()
    await asyncio.wait_for(player.close(), 5)
    assert not task.done()
    going.set()
    with pytest.raises(EndedError):
        await task
