"""Detections that are still to be told, and which of Protect's events these are made of."""

from collections import Counter
from collections.abc import Iterable, Iterator

from .pipeline.models import Detection


class Untold:
    """Each once, by its Sighting's id, in the order of coming.

    It is asked for every frame that a console tells whether one of them is made of that event.
    """

    def __init__(self, detections: Iterable[Detection] = ()) -> None:
        """Begin with these."""
        self._detections: dict[str, Detection] = {}
        # Of how many of them an event is part: of one, unless a file says otherwise.
        self._events: Counter[tuple[str, str]] = Counter()
        for detection in detections:
            self.put(detection)

    def __len__(self) -> int:
        """Return how many they are."""
        return len(self._detections)

    def __iter__(self) -> Iterator[Detection]:
        """Yield them, oldest first."""
        return iter(self._detections.values())

    def items(self) -> Iterable[tuple[str, Detection]]:
        """Return them with the ids of their Sightings, each of which would be reckoned anew."""
        return self._detections.items()

    def put(self, detection: Detection) -> None:
        """Add one, in place of what was known of it before."""
        if (known := self._detections.get(detection.sighting_id)) is not None:
            self._let_go(known)
        self._detections[detection.sighting_id] = detection
        self._events.update((detection.camera_id, event_id) for event_id in detection.event_ids)

    def remove(self, sighting_id: str) -> None:
        """Take out the one of that Sighting, if it is there."""
        if (known := self._detections.pop(sighting_id, None)) is not None:
            self._let_go(known)

    def tells_of(self, camera_id: str, event_id: str) -> bool:
        """Say whether one of them is made of that event."""
        return (camera_id, event_id) in self._events

    def _let_go(self, known: Detection) -> None:
        for event_id in known.event_ids:
            key = known.camera_id, event_id
            self._events[key] -= 1
            if not self._events[key]:
                del self._events[key]
