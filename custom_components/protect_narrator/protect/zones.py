"""What the user calls the zones and lines of a camera's picture.

Only the private API's own documents have all of them: the library reads the zones alone, and
newer versions of it none.
"""

from collections.abc import Callable, Iterable, Mapping

from ..pipeline.text import LONGEST_NAME, tidy

# Keys of a camera's document, by the type of the events that its areas set off.
_AREAS = {
    "smartDetectZone": "smartDetectZones",
    "smartDetectLine": "smartDetectLines",
    "smartDetectLoiterZone": "smartDetectLoiterZones",
}

# More areas than Protect lets anybody draw into one picture.
_MOST_AREAS = 32

# Protect's own zone, which is the whole picture: it tells nothing.
_UNNAMED = "Default"

type Zones = Mapping[str, Mapping[int, str]]
"""Names by the type of event and the id of the area."""

type ZonesOf = Callable[[str], Zones]
"""The zones of a camera, by Protect's id of it."""


def no_zones(_camera_id: str) -> Zones:
    """Know of none."""
    return {}


def zones_from_rest(raw: Mapping[str, object]) -> Zones:
    """Read the zones of one item of the private API's list of cameras; nothing raises."""
    return {event_type: _named(raw.get(key)) for event_type, key in _AREAS.items()}


def zone_names(zones: Zones, event_type: object, ids: Iterable[object]) -> tuple[str, ...]:
    """Return what the areas with these ids are called; those without a name are left out."""
    named = zones.get(str(event_type), {})
    known = (named.get(number) for number in ids if isinstance(number, int))
    return tuple(dict.fromkeys(filter(None, known)))


def _named(areas: object) -> dict[int, str]:
    names = {}
    for area in areas[:_MOST_AREAS] if isinstance(areas, list) else ():
        if not isinstance(area, Mapping):
            continue
        number, name = area.get("id"), area.get("name")
        if isinstance(number, int) and isinstance(name, str):
            names[number] = tidy(name, LONGEST_NAME)
    return {number: name for number, name in names.items() if name not in {"", _UNNAMED}}
