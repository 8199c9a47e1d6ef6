"""What can be asked of the record, without saying how it is stored."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

# Instead of reasons: any of them, and the Sightings of which nothing was lost.
ANY = "any"
NOTHING_LOST = "none"


class BadCursorError(ValueError):
    """It was not returned with a page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraSet:
    """Some cameras: a Sighting is of them when its camera, or its device, is among these."""

    camera_ids: frozenset[str]
    """Protect's ids, which change when a camera is adopted anew."""

    device_ids: frozenset[str] = frozenset()
    """Home Assistant's, which do not."""

    def has(self, data: Mapping[str, Any]) -> bool:
        """Say whether the Sighting with these event data is of one of them."""
        # Of an event that somebody else has fired, it may be anything.
        device_id = data.get("device_id")
        is_device = isinstance(device_id, str) and device_id in self.device_ids
        return is_device or data["camera_id"] in self.camera_ids


@dataclass(frozen=True, slots=True, kw_only=True)
class SightingQuery:
    """Which Sightings; each field leaves out those that do not match it."""

    cameras: CameraSet | None = None
    """None is every camera."""

    labels: frozenset[str] = frozenset()
    """One of them is enough; empty is all."""

    importances: frozenset[str] = frozenset()
    fallback_reasons: frozenset[str] = frozenset()
    """Values of ``fallback_reason``, ANY, or NOTHING_LOST."""

    plate: str | None = None
    """A whole licence plate, in capitals or not."""

    face: str | None = None
    """A whole name, in capitals or not."""

    text: str | None = None
    """Words that are all in the title or the description, in capitals or not."""

    since: datetime | None = None
    """The first moment at which a Detection may have begun."""

    until: datetime | None = None
    """The first moment at which it may not."""

    @property
    def words(self) -> tuple[str, ...]:
        """The words of ``text``, in small letters."""
        return tuple((self.text or "").casefold().split())


@dataclass(frozen=True, slots=True)
class Page:
    """Some Sightings, newest first, each with its highest revision."""

    sightings: tuple[dict[str, Any], ...]
    """Event data."""

    next: str | None
    """What the next page is asked for with; None at the end."""


@dataclass(frozen=True, slots=True)
class DayCounts:
    """The Sightings of one local day."""

    day: date
    total: int
    by_reason: Mapping[str | None, int]
    """By ``fallback_reason``; None is without loss."""


def contains(query: SightingQuery, data: Mapping[str, Any]) -> bool:
    """Say whether the texts that a query asks for are in a Sighting.

    A database's letters are not everybody's: SQLite's know capitals of ASCII only.
    """
    told = f"{data.get('title')}\n{data.get('description')}".casefold()
    return (
        _names(query.plate, data.get("license_plates"))
        and _names(query.face, data.get("faces"))
        and all(word in told for word in query.words)
    )


def _names(wanted: str | None, names: object) -> bool:
    if wanted is None:
        return True
    sought = wanted.strip().casefold()
    return isinstance(names, list) and any(
        isinstance(name, str) and name.casefold() == sought for name in names
    )
