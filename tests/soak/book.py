"""What was told and what came of it; nothing here grows with the number of Detections."""

from array import array
import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
import time
from typing import Any

from homeassistant.core import Event, callback

from custom_components.protect_narrator.pipeline.models import Detection

from .faults import DROPS_PRIVATE, DROPS_PUBLIC, FAULTS, FOUND_LATE
from .town import camera_of, cameras_of, console_of, event_id_of, mac_of, number_of

# A websocket is opened anew after ten seconds, and a console that restarts takes two to be back.
_DEAF_S = 25.0

# A kind of fault with fewer cases says little by itself.
_MANY = 20

_ANY = datetime(2026, 1, 1, tzinfo=UTC)


class Book:
    """Counts each Detection's Sightings as they come over the bus."""

    def __init__(self, chosen: array[int]) -> None:
        """Take the plan; everything is as large from the beginning as it will be."""
        self.chosen = chosen
        self.under_way: set[int] = set()
        self.told = 0
        self.heard = array("B", bytes(len(chosen)))
        """How many final Sightings of each Detection came."""

        self.numbers = {sighting_id_of(number): number for number in range(len(chosen))}
        self.strays: Counter[str] = Counter()
        """Sightings that nobody had a Detection for."""

        self.media: Counter[tuple[int, str]] = Counter()
        """By fault and medium."""

        self.reasons: Counter[tuple[int, str | None]] = Counter()
        """By fault and ``fallback_reason``."""

        self.details: Counter[str] = Counter()
        """By ``fallback_reason:detail``."""

        self.late = 0
        self.late_unexplained = 0
        """Of them those that a websocket could have told."""

        self._deaf: set[int] = set()
        """What was told, and is not heard of yet, while both websockets of a console were away."""

        self._private_until = defaultdict[int, float](float)
        self._public_until = defaultdict[int, float](float)
        self.last_heard = time.monotonic()
        self._change = asyncio.Event()

    def tell(self, number: int) -> None:
        """Note that a Detection is told."""
        self.told += 1
        self.under_way.add(number)
        console, now = console_of(number), time.monotonic()
        telling = FAULTS[self.chosen[number]].telling
        if telling in DROPS_PRIVATE:
            self._private_until[console] = now + _DEAF_S
        if telling in DROPS_PUBLIC:
            self._public_until[console] = now + _DEAF_S
        if now < min(self._private_until[console], self._public_until[console]):
            self._deaf.add(number)

    @callback
    def note(self, event: Event[dict[str, Any]]) -> None:
        """Count a Sighting."""
        data = event.data
        number = self.numbers.get(data["sighting_id"])
        if number is None or number != number_of(data["protect_event_id"]):
            self.strays[data["sighting_id"]] += 1
            return
        if data["phase"] != "final":
            return
        if self.heard[number] < 255:
            self.heard[number] += 1
        fault = self.chosen[number]
        self.media[fault, data["medium"]] += 1
        self.reasons[fault, data["fallback_reason"]] += 1
        if data["fallback_reason"] is not None:
            self.details[f"{data['fallback_reason']}:{data['fallback_detail']}"] += 1
        if data["late"]:
            self.late += 1
            explained = FAULTS[fault].telling in FOUND_LATE or number in self._deaf
            self.late_unexplained += not explained
        self._deaf.discard(number)
        self.under_way.discard(number)
        self.last_heard = time.monotonic()
        self._change.set()

    async def fewer_than(self, count: int, *, patience_s: float) -> None:
        """Return when fewer Detections are under way; raise TimeoutError when nothing comes."""
        while len(self.under_way) >= count:
            self._change.clear()
            async with asyncio.timeout_at(self.last_heard + patience_s):
                await self._change.wait()

    def reason(self, reason: str) -> int:
        """Return how many Sightings have that ``fallback_reason``."""
        return sum(count for (_, each), count in self.reasons.items() if each == reason)

    def as_expected(self, fault: int) -> int:
        """Return how many Sightings of that fault said what was to be said."""
        return sum(self.reasons[fault, reason] for reason in FAULTS[fault].says)

    def cases(self, fault: int) -> int:
        """Return how many Sightings there are of that fault."""
        return sum(count for (each, _), count in self.reasons.items() if each == fault)

    def share_as_expected(self, faults: Iterable[int]) -> float:
        """Return the share of the Sightings of these that said what was to be said."""
        faults = tuple(faults)
        cases = sum(map(self.cases, faults))
        return sum(map(self.as_expected, faults)) / cases if cases else 1.0

    def frequent(self) -> dict[str, float]:
        """Return the share as expected of each kind of fault with enough cases, by its name."""
        return {
            FAULTS[fault].name: self.share_as_expected([fault])
            for fault in range(1, len(FAULTS))
            if self.cases(fault) >= _MANY
        }

    def rare(self) -> float:
        """Return that of all other kinds together."""
        return self.share_as_expected(
            fault for fault in range(1, len(FAULTS)) if self.cases(fault) < _MANY
        )


def sighting_id_of(number: int) -> str:
    """Return the id that the Detection's Sighting must have."""
    console = console_of(number)
    camera = cameras_of(console)[camera_of(number)]
    return Detection(
        console_id=mac_of(console).lower(),
        camera_id=camera.id,
        camera_name=camera.name,
        event_ids=(event_id_of(number),),
        labels=(),
        start=_ANY,
        end=_ANY,
    ).sighting_id
