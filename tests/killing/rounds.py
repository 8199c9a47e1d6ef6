"""Goes through the rounds: start, recover, aim, kill."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
import secrets
from time import monotonic

import aiohttp

from simulator.console import Camera
from simulator.demo.client import Client
from simulator.demo.errors import DemoError
from simulator.demo.home import Home, running
from simulator.demo.setting_up import set_options, set_up_ai, set_up_console, wait_for_websockets

from .database import Row, database_in, rows_in, told_of
from .hearing import Heard
from .phases import ARRIVAL_S, PHASES, Phase, Scene, clips_in
from .progress import Kill, Noticed, Progress
from .street import MODEL, Street

COMMIT_S = 5
"""Seconds between two commits of the recorder: its default."""

# The clip's window ends two seconds after the detection, and is settled for one more; that
# one is also waited for better labels, before the Detection is taken in at all.
_OPTIONS = {
    "detections": {"merge_gap": 0, "cooldown": 0},
    "ai": {"ai_at_once": 4},
    "clips": {"learn_settle": False, "settle": 1, "clip_before": 0, "clip_after": 2},
}

# Two beside the one that is aimed at, and a third that often goes on beyond the kill.
_BYSTANDERS = 3
# When those end, in seconds before (-) and after the one that is aimed at.
_ENDS = ((-4.0, 0.0), (-2.0, 1.0), (-1.0, 4.0))

# What was killed is told within seconds of a restart, on a busy machine within a minute. What
# has not come by then is waited for no more, and judged at the end like all.
_TOLD_S = 60.0
_STORED_S = COMMIT_S + 10.0
_POLL_S = 0.2
_DOWN_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Up:
    """A Home Assistant that runs and listens."""

    home: Home
    heard: Heard
    is_heard_from_start: bool
    """Whether somebody listened before automations did."""

    began: float
    """When its process was started, as ``time.monotonic()``."""


class Rounds:
    """One run of the test; owns no process beyond each of its methods."""

    def __init__(
        self,
        progress: Progress,
        street: Street,
        session: aiohttp.ClientSession,
        say: Callable[[str], None],
    ) -> None:
        """Go on with that progress."""
        self._progress = progress
        self._street = street
        self._session = session
        self._say = say
        self._dice = Random()  # noqa: S311 - moments, no secrets

    async def set_up(self) -> None:
        """Let Home Assistant know the AI and the console, and stop it in good order."""
        progress, street = self._progress, self._street
        async with running(progress.config, pages=False, commit_interval=COMMIT_S) as home:
            client = Client(home.url, self._session)
            await client.create_owner("Killed", "killed", "killed")
            async with client.websocket() as websocket:
                await set_up_ai(client, websocket, street.model.url, MODEL)
            await set_up_console(client, street.console)
            await set_options(client, street.console, _OPTIONS)
        progress.token, progress.is_set_up = client.token, True
        progress.save()

    async def kill_in(self, name: str) -> None:
        """Start Home Assistant, wait for what is due, and kill it in that phase."""
        async with self._up() as up:
            await self._recovered(up)
            kill = await self._aim(name, up)
        self._progress.kills.append(kill)
        self._progress.save()

    async def come_to_rest(self) -> None:
        """Start Home Assistant once more, wait for all, and stop it in good order."""
        async with self._up() as up:
            await self._recovered(up)
            await self._stored(self._progress.pending)
            self._note_heard(up)
            with suppress(TimeoutError):  # what is left is looked at when it has ended
                async with asyncio.timeout(_STORED_S):
                    while any(clips_in(self._progress.config).glob("*")):  # noqa: ASYNC110 - nobody tells us
                        await asyncio.sleep(_POLL_S)
        self._progress.save()

    # -- up

    @asynccontextmanager
    async def _up(self) -> AsyncIterator[Up]:
        began = monotonic()
        async with running(self._progress.config) as home, asyncio.TaskGroup() as group:
            client = Client(home.url, self._session)
            await client.come_back(self._progress.token)
            heard = Heard()
            listening = group.create_task(heard.listen(client))
            try:
                is_early = not await client.is_running()
                await client.wait_until_running()
                await wait_for_websockets(self._street.console)
                yield Up(home=home, heard=heard, is_heard_from_start=is_early, began=began)
            finally:
                listening.cancel()

    async def _recovered(self, up: Up) -> None:
        """Wait until what was killed is told, and look for its clip."""
        for kill in self._progress.kills[-1:]:
            folder = clips_in(self._progress.config)
            kill.clips_left = [name for name in kill.clips if (folder / name).exists()]
        pending = self._progress.pending
        for each in pending:
            each.is_inaudible |= not up.is_heard_from_start
        late = monotonic() + _TOLD_S
        while pending and monotonic() < late:
            self._progress.tell(told_of(await self._rows()))
            for each in pending:
                at = up.heard.at(each.event_id)
                if at is not None or each.is_told:
                    self._note_told(each.event_id, (at or monotonic()) - up.began)
            pending = [
                each for each in pending if not each.is_told and up.heard.at(each.event_id) is None
            ]
            await asyncio.sleep(_POLL_S)
        self._note_heard(up)
        for each in pending:
            each.is_overdue = True
            what = "what was killed" if each.is_target else "a bystander"
            self._say(f"  {what} ({each.phase}) is not told {_TOLD_S:g} s after the restart")

    def _note_heard(self, up: Up) -> None:
        for each in self._progress.noticed:
            each.is_heard |= up.heard.at(each.event_id) is not None

    def _note_told(self, event_id: str, seconds: float) -> None:
        """Remember how long after the restart the Sighting came of what was killed last."""
        for kill in self._progress.kills[-1:]:
            if kill.event_id == event_id:
                kill.told_after_s = seconds

    async def _stored(self, pending: list[Noticed]) -> None:
        """Wait until there is a row of each."""
        late = monotonic() + _STORED_S
        while any(not each.is_told for each in pending) and monotonic() < late:
            self._progress.tell(told_of(await self._rows()))
            await asyncio.sleep(_POLL_S)
        for each in pending:
            each.is_overdue = not each.is_told

    async def _rows(self) -> list[Row]:
        return await asyncio.to_thread(rows_in, database_in(self._progress.config))

    # -- down

    async def _aim(self, name: str, up: Up) -> Kill:
        """Let somebody walk by, others too, and kill Home Assistant in that phase."""
        phase, street = PHASES[name], self._street
        due = self._progress.pending
        camera, *others = street.cameras_of(len(self._progress.kills), 1 + _BYSTANDERS)
        since = monotonic()
        target = await self._step_in(name, camera, is_target=True)
        bystanders = [await self._step_in(name, other, is_target=False) for other in others]
        scene = Scene(
            street=street,
            camera=camera,
            event_id=target.event_id,
            since=since,
            heard=up.heard,
            config=self._progress.config,
        )
        phase.set_trap(scene)
        async with asyncio.TaskGroup() as leaving:
            ends = [self._dice.uniform(*span) for span in _ENDS]
            first = min(0.0, *ends)
            tasks = [
                leaving.create_task(self._leave_after(end - first, each))
                for end, each in zip(ends, bystanders, strict=True)
            ]
            # Meanwhile the recorder commits what was killed before.
            await asyncio.gather(self._stored(due), asyncio.sleep(-first))
            await self._leave(target)
            kill = await self._kill(name, phase, scene, up)
            for task in tasks:
                task.cancel()
        await self._afterwards(scene, phase, kill, bystanders)
        kill.round_s = monotonic() - up.began
        return kill

    async def _kill(self, name: str, phase: Phase, scene: Scene, up: Up) -> Kill:
        """Wait for the phase, and end it."""
        missed: str | None = None
        try:
            async with asyncio.timeout(ARRIVAL_S):
                await phase.arrival(scene)
        except TimeoutError:
            missed = f"it was not reached within {ARRIVAL_S:g} s"
        arrived = monotonic()
        await asyncio.sleep(self._dice.uniform(0.0, phase.linger_s))
        # Nothing comes between this question and the kill: neither awaits anything.
        missed = missed or phase.left(scene)
        up.home.strike()
        struck = monotonic()
        await up.home.kill()
        self._note_heard(up)
        for each in self._progress.pending:
            at = scene.heard.at(each.event_id)
            each.fired_s = None if at is None else struck - at
        return Kill(
            phase=name,
            event_id=scene.event_id,
            missed=missed,
            lingered_s=struck - arrived,
            in_ledger=self._is_in_ledger(scene.event_id),
            others=0,
        )

    async def _afterwards(
        self, scene: Scene, phase: Phase, kill: Kill, bystanders: list[Noticed]
    ) -> None:
        """Look at what the kill has left, and let everybody go home."""
        street = self._street
        try:
            await street.console.wait_for(
                lambda: not street.console.open_websockets and not street.console.open_requests,
                _DOWN_S,
            )
            await street.model.wait_for(lambda: not street.model.open_requests, _DOWN_S)
        except TimeoutError as err:
            raise DemoError(f"Home Assistant is dead, and still connected: {err}") from err
        kill.missed = kill.missed or phase.missed(scene)
        self._progress.tell(told_of(await self._rows()))
        under_way = [each for each in self._progress.pending if each.event_id != kill.event_id]
        kill.others = len(under_way)
        folder = clips_in(scene.config)
        kill.clips = sorted(path.name for path in folder.iterdir()) if folder.exists() else []
        street.get_well()
        for each in bystanders:
            if each.end is None:
                await self._leave(each)

    def _is_in_ledger(self, event_id: str) -> bool:
        storage = self._progress.config / ".storage"
        return any(event_id in path.read_text() for path in storage.glob("protect_narrator.*"))

    # -- who walks by

    async def _step_in(self, phase: str, camera: Camera, *, is_target: bool) -> Noticed:
        start = datetime.now(UTC)
        each = Noticed(
            event_id=secrets.token_hex(12),
            camera_id=camera.id,
            start=start.isoformat(),
            phase=phase,
            is_target=is_target,
        )
        # Written first: what happens is expected, even if this run ends here.
        self._progress.noticed.append(each)
        self._progress.save()
        await self._street.console.start_detection(camera.id, start=start, event_id=each.event_id)
        return each

    async def _leave_after(self, seconds: float, each: Noticed) -> None:
        await asyncio.sleep(seconds)
        await self._leave(each)

    async def _leave(self, each: Noticed) -> None:
        end = datetime.now(UTC)
        each.end = end.isoformat()
        await self._street.console.end_detection(each.event_id, end)
