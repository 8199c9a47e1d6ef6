"""The cameras that an assistant may tell of, and what people call them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
import re

from homeassistant.auth.models import User
from homeassistant.components.homeassistant.exposed_entities import async_should_expose
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
)

from ..history import CameraSet
from ..permissions import (
    KnownCamera,
    ToldCamera,
    known_cameras,
    loaded_entries,
    may_read,
    rows_of,
    telling_entity,
    told_cameras,
)

# Says nothing of which camera is meant, in a name as little as in a question.
_EMPTY_WORDS = frozenset({"at", "by", "cam", "camera", "in", "kamera", "on", "the"})


class UnknownPlaceError(Exception):
    """No camera and no area that may be told of is called so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A camera, and where it is."""

    mac: str
    name: str
    """What the user calls it in Home Assistant."""

    camera_id: str | None
    """Protect's id of it; None while its console is not at work."""

    device_id: str | None
    area: str | None
    is_reachable: bool
    is_described: bool
    """Whether its ``describe`` switch is on, as far as that is known."""

    other_names: frozenset[str] = field(default_factory=frozenset)
    """Of the camera and of its area."""


@callback
def exposed_places(hass: HomeAssistant, assistant: str) -> list[Place]:
    """Return the cameras whose ``last_sighting`` sensor the user has exposed, by their names.

    A camera that the console has no more is none of them; one of a console that could not be set
    up is, as what it saw is remembered all the same.
    """
    registry = er.async_get(hass)
    at_work = {camera.mac: camera for camera in known_cameras(hass)}
    asked = {entry.entry_id for entry in loaded_entries(hass)}
    places = []
    for told in told_cameras(hass):
        entity_id = telling_entity(hass, told.mac)
        entity = registry.async_get(entity_id) if entity_id else None
        if entity is None or entity.disabled:
            continue
        camera = at_work.get(told.mac)
        if camera is None and entity.config_entry_id in asked:
            continue
        if async_should_expose(hass, assistant, entity.entity_id):
            places.append(_place(hass, told, camera, entity))
    return sorted(places, key=lambda place: place.name.casefold())


@callback
def readable_places(hass: HomeAssistant, places: Iterable[Place], user: User) -> list[Place]:
    """Return those of the cameras of which this user may know what they saw."""
    return [place for place in places if may_read(hass, user, place.mac)]


def names_of(places: Iterable[Place]) -> list[str]:
    """Return what can be asked for: the cameras, then their areas."""
    known = list(places)
    cameras = [place.name for place in known]
    areas = sorted({place.area for place in known if place.area})
    return list(dict.fromkeys([*cameras, *areas]))


def named(places: Sequence[Place], words: Sequence[str]) -> list[Place]:
    """Return the cameras that these words name; all of them where there are no words.

    A name may be an area's, another name that the user gave, or only a part: "front" is the front
    door. Raises UnknownPlaceError.
    """
    if not words:
        return list(places)
    found: set[str] = set()
    for each in words:
        macs = _named(places, _key(each))
        if not macs:
            raise UnknownPlaceError(each)
        found |= macs
    return [place for place in places if place.mac in found]


@callback
def camera_set(hass: HomeAssistant, places: Iterable[Place]) -> CameraSet:
    """Return the cameras as the record knows them."""
    return rows_of(hass, (ToldCamera(place.mac, place.device_id) for place in places))


def _place(
    hass: HomeAssistant, told: ToldCamera, camera: KnownCamera | None, entity: er.RegistryEntry
) -> Place:
    """Return what is known of a camera, if only by the registries."""
    data = camera.entry.runtime_data.coordinator.data if camera is not None else None
    info = data.cameras[told.mac] if data is not None else None
    device = dr.async_get(hass).async_get(told.device_id) if told.device_id else None
    area_id = entity.area_id
    if area_id is None and device is not None:
        area_id = dr.async_get_effective_area_id(hass, device)
    area = ar.async_get(hass).async_get_area(area_id) if area_id else None
    own = (device.name_by_user or device.name) if device is not None else None
    given = info.name if info is not None else told.mac
    aliases = er.async_get_entity_aliases(hass, entity, allow_empty=False)
    return Place(
        mac=told.mac,
        name=own or given,
        camera_id=info.id if info is not None else None,
        device_id=told.device_id,
        area=area.name if area is not None else None,
        is_reachable=data is not None and data.connected,
        is_described=data is None or told.mac not in data.muted,
        other_names=frozenset({given, *aliases, *(area.aliases if area is not None else ())}),
    )


def _named(places: Sequence[Place], wanted: str) -> set[str]:
    if not wanted:
        return set()
    exactly = {place.mac for place in places if wanted in _keys(place)}
    if exactly:
        return exactly
    words = set(wanted.split())
    in_part = {
        place.mac for place in places if any(words <= set(key.split()) for key in _keys(place))
    }
    # "the camera at the front door of the house"
    return in_part or {
        place.mac for place in places if any(set(key.split()) <= words for key in _keys(place))
    }


def _keys(place: Place) -> set[str]:
    names = (place.name, place.area or "", *place.other_names)
    return {key for name in names if (key := _key(name))}


def _key(name: str) -> str:
    """Return the words by which names are compared."""
    words = re.findall(r"\w+", name.casefold().replace("_", " "))
    # Somebody's only camera may be called "Camera".
    return " ".join([word for word in words if word not in _EMPTY_WORDS] or words)
