"""A simulated console in a process of its own, so that neither its CPU nor its memory is ours.

Prints how to reach it as one JSON line, then serves until its standard input ends. A line
``tell <number>`` lets that Detection happen, ``status`` prints a JSON line of how it stands.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
import json
import re
import sys
import time
from typing import Any

from simulator.console import Console, Ends, Reply

from .faults import FAULTS, Fault, Telling, plan
from .film import SECONDS, Shelf
from .town import camera_of, cameras_of, event_id_of, mac_of, number_of

_LENGTH = timedelta(seconds=SECONDS)
_DOWN_S = 2.0
_MILLISECOND = timedelta(milliseconds=1)

_LABELS = (
    ("person",),
    ("vehicle",),
    ("animal",),
    ("package",),
    ("person", "face"),
    ("vehicle", "licensePlate"),
)
_RINGS_EVERY = 3

_MINUTE_S = 60.0
_LOG_IN = "/api/auth/login"
_KINDS = (
    ("export", re.compile(r"/video/export$")),
    ("picture", re.compile(r"/(thumbnail|recording-snapshot|snapshot)$")),
    ("event", re.compile(r"/events/[0-9a-f]+$")),
    ("list", re.compile(r"/api/(events|cameras|bootstrap)$")),
    ("log-in", re.compile(f"{_LOG_IN}$")),
)


class Script:
    """Lets Detections happen, and what goes wrong with each."""

    def __init__(self, console: Console, chosen: list[Fault]) -> None:
        """Answer for this console."""
        self._console = console
        self._chosen = chosen
        # By camera and beginning of the clip, which is that of the Detection.
        self._numbers: dict[tuple[str, int], int] = {}
        self._starts: dict[str, datetime] = {}
        self._tries: Counter[tuple[str, int]] = Counter()
        self._no_snapshots: Counter[str] = Counter()
        self._reboots: set[asyncio.Task[None]] = set()
        self.played: Counter[str] = Counter()
        faults = console.faults
        faults.export = self._export
        faults.event = self._event
        faults.thumbnail = self._thumbnail
        faults.recorded_snapshot = faults.live_snapshot = self._snapshot

    # -- what is told

    async def tell(self, number: int) -> None:
        """Let a Detection happen that ends now."""
        console, telling = self._console, self._chosen[number].telling
        camera = console.cameras[camera_of(number)]
        start = self._start(camera.id)
        self._numbers[camera.id, round(start.timestamp() * 1000)] = number
        await self._before(telling)
        rings = camera.is_doorbell and number % _RINGS_EVERY == 0
        event_id = await console.start_detection(
            camera.id,
            () if rings else _LABELS[number % len(_LABELS)],
            start,
            event_type="ring" if rings else "smartDetectZone",
            event_id=event_id_of(number),
        )
        if telling is Telling.RESTARTS:
            await console.go_down()
        await console.end_detection(event_id, start + _LENGTH)
        self._after(telling)

    def _start(self, camera_id: str) -> datetime:
        """Return a beginning that no other Detection of the camera has, in milliseconds."""
        now = datetime.now(UTC) - _LENGTH
        start = now.replace(microsecond=now.microsecond // 1000 * 1000)
        if (last := self._starts.get(camera_id)) is not None:
            start = max(start, last + _MILLISECOND)
        self._starts[camera_id] = start
        return start

    async def _before(self, telling: Telling) -> None:
        console, faults = self._console, self._console.faults
        faults.repeat_adds = telling is Telling.TWICE
        faults.reorder = telling is Telling.OUT_OF_ORDER
        faults.late_labels = telling is Telling.LABELS_LATE
        faults.ends = Ends.UNTOLD if telling is Telling.END_UNTOLD else Ends.TOLD
        match telling:
            case Telling.PRIVATE_DROPS:
                await console.drop_websockets(public=False)
            case Telling.PUBLIC_DROPS:
                await console.drop_websockets(private=False)
            case Telling.BOTH_DROP:
                await console.drop_websockets()
            case Telling.LOG_IN_FORGOTTEN:
                console.end_sessions()

    def _after(self, telling: Telling) -> None:
        faults = self._console.faults
        faults.repeat_adds = faults.reorder = faults.late_labels = False
        faults.ends = Ends.TOLD
        if telling is Telling.RESTARTS:
            reboot = asyncio.create_task(self._come_up())
            self._reboots.add(reboot)
            reboot.add_done_callback(self._reboots.discard)

    async def _come_up(self) -> None:
        await asyncio.sleep(_DOWN_S)
        await self._console.come_up()

    # -- what is answered

    def _export(self, camera_id: str | None) -> Reply | None:
        # Not the last of all: another may have come while this one waited for its turn.
        request = self._console.latest_request_to("/video/export", camera_id)
        if request is None or camera_id is None:
            return None
        number = self._numbers.get((camera_id, int(request.query["start"])))
        return None if number is None else self._reply("export", number)

    def _event(self, _camera_id: str | None) -> Reply | None:
        return self._reply("event", self._number_in_path())

    def _thumbnail(self, camera_id: str | None) -> Reply | None:
        number = self._number_in_path()
        reply = self._reply("picture", number)
        if reply is not None and camera_id and self._chosen[number].times is None:
            # The recorded and the live one are asked for next.
            self._no_snapshots[camera_id] += 2
        return reply

    def _snapshot(self, camera_id: str | None) -> Reply | None:
        if camera_id is None or not self._no_snapshots[camera_id]:
            return None
        self._no_snapshots[camera_id] -= 1
        return Reply.error(500)

    def _number_in_path(self) -> int:
        request = self._console.latest_request_to("/events/")
        assert request is not None
        _, _, rest = request.path.partition("/events/")
        return number_of(rest.partition("/")[0])

    def _reply(self, about: str, number: int) -> Reply | None:
        fault = self._chosen[number]
        reply: Reply | None = getattr(fault, about)
        if reply is None:
            return None
        self._tries[about, number] += 1
        if fault.times is not None and self._tries[about, number] > fault.times:
            return None
        self.played[fault.name] += 1
        return reply


def _status(console: Console, script: Script) -> dict[str, Any]:
    return {
        "open_requests": console.open_requests,
        "open_websockets": console.open_websockets,
        "open_connections": console.open_connections,
        "most_exports_at_once": console.most_exports_at_once,
        "cpu_s": time.process_time(),
        "played": script.played,
    }


def _account(console: Console) -> dict[str, Any]:
    """Return what was asked of the console, all in all; slow, of a long run."""
    log_ins = [request.started for request in console.requests_to(_LOG_IN)]
    return {
        "log_ins": len(log_ins),
        "log_ins_a_minute": most_within(_MINUTE_S, log_ins),
        "requests": Counter(kind_of(request.path) for request in console.requests),
    }


def most_within(seconds: float, moments: Sequence[float]) -> int:
    """Return how many of these, the earliest first, lie within so many seconds at the most."""
    most = first = 0
    for last, moment in enumerate(moments):
        while moments[first] <= moment - seconds:
            first += 1
        most = max(most, last - first + 1)
    return most


def kind_of(path: str) -> str:
    """Return what a request is about."""
    return next((kind for kind, end in _KINDS if end.search(path)), "other")


async def main(index: int, count: int, seed: int) -> None:
    """Serve until standard input ends."""
    chosen = [FAULTS[each] for each in plan(count, seed)]
    async with Console(
        cameras_of(index),
        Shelf(),
        name=f"House {index + 1}",
        mac=mac_of(index),
        public_requests_per_second=1000,
    ) as console:
        script = Script(console, chosen)
        reach = {
            "name": console.name,
            "mac": console.mac,
            "host": console.host,
            "port": console.port,
            "username": console.username,
            "password": console.password,
            "api_key": console.api_key,
        }
        print(json.dumps(reach), flush=True)
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
        )
        while line := await reader.readline():
            match line.split():
                case [b"tell", number]:
                    await script.tell(int(number))
                case [b"account"]:
                    print(json.dumps(_account(console)), flush=True)
                case [b"status"]:
                    print(json.dumps(_status(console, script)), flush=True)


if __name__ == "__main__":
    asyncio.run(main(*map(int, sys.argv[1:])))
