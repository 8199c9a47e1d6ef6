"""Where a Sighting is found among all that the recorder stores.

Its rows have the time at which the Detection began, so that they lie in the order in which things
happened, whenever they were told; and a context id that follows from the Sighting's own, so that
the recorder's index finds all revisions of it without reading any other row.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from homeassistant.util.ulid import bytes_to_ulid

# The last byte of a context is the revision's: one more would take the place of the first.
LAST_REVISION = 255


@dataclass(frozen=True, slots=True)
class Row:
    """A revision of a Sighting as the recorder stores it."""

    data: dict[str, Any]
    """The event's."""

    time: float
    """The event's, in seconds since the epoch; that of all its revisions."""


def context_id(sighting_id: str, revision: int) -> str:
    """Return the ULID with which that revision of the Sighting (32 hex digits) is fired.

    Raises ValueError beyond LAST_REVISION.
    """
    return bytes_to_ulid(_begin(sighting_id) + bytes([revision]))


def context_range(sighting_id: str) -> tuple[bytes, bytes]:
    """Return the first and the last context, as the recorder stores them, of its revisions.

    Raises ValueError where it is no id of ours.
    """
    begin = _begin(sighting_id)
    return begin + b"\x00", begin + b"\xff"


def recorded_at(start: datetime, now: datetime) -> float:
    """Return the time of the row, in seconds since the epoch: when the Detection began.

    A console whose clock is ahead must not put its Sightings before all that follows, and out of
    reach of the recorder's purge.
    """
    return min(start, now).timestamp()


def _begin(sighting_id: str) -> bytes:
    return bytes.fromhex(sighting_id)[:15].ljust(15, b"\x00")
