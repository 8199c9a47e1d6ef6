"""A dashboard of Home Assistant's own cards on our entities."""

from collections.abc import Mapping

from .client import Json, Websocket
from .errors import DemoError

URL_PATH = "protect-narrator"

_CONSOLE_KEYS = {
    "sightings_today": "Sightings today",
    "fallbacks_today": "Fallbacks today",
    "ai_calls_today": "AI calls today",
    "queue_depth": "Queue",
}
"""What each is called where the console's own name needs not be said."""

_WORDS = """\
{{% set seen = '{sensor}' %}}
{{% if state_attr(seen, 'description') %}}
**{{{{ states(seen) }}}}**

{{{{ state_attr(seen, 'description') }}}}
{{% else %}}
Nothing seen yet.
{{% endif %}}
"""

type EntityIds = Mapping[str, str]
"""Entity id by translation key, of one device."""


async def install(websocket: Websocket, cameras: tuple[str, ...]) -> None:
    """Save the dashboard with a column for each of these cameras and make it the default.

    Raises DemoError when an entity is missing.
    """
    devices = await _entities(websocket)
    await websocket.call(
        "lovelace/dashboards/create",
        url_path=URL_PATH,
        title="Protect Narrator",
        icon="mdi:text-box-search-outline",
        show_in_sidebar=True,
    )
    await websocket.call("lovelace/config/save", url_path=URL_PATH, config=_view(devices, cameras))
    await websocket.call("frontend/set_system_data", key="core", value={"default_panel": URL_PATH})


async def _entities(websocket: Websocket) -> Mapping[str, EntityIds]:
    """Return our entities by the name of their device."""
    devices = {
        device["id"]: device["name_by_user"] or device["name"]
        for device in await websocket.call("config/device_registry/list")
    }
    found: dict[str, dict[str, str]] = {}
    for entity in await websocket.call("config/entity_registry/list"):
        if entity["platform"] == "protect_narrator" and entity["device_id"] in devices:
            keys = found.setdefault(devices[entity["device_id"]], {})
            keys[entity["translation_key"]] = entity["entity_id"]
    return found


def _view(devices: Mapping[str, EntityIds], cameras: tuple[str, ...]) -> Json:
    consoles = [ids for ids in devices.values() if _CONSOLE_KEYS.keys() <= ids.keys()]
    try:
        badges = [_badge(ids[key], name) for ids in consoles for key, name in _CONSOLE_KEYS.items()]
        sections = [_section(name, devices[name]) for name in cameras]
    except KeyError as err:
        raise DemoError(f"the integration made no entity for {err}: {dict(devices)}") from err
    view = {
        "title": "Protect Narrator",
        "path": "sightings",
        "type": "sections",
        "max_columns": len(cameras),
        "badges": badges,
        "sections": sections,
    }
    return {"title": "Protect Narrator", "views": [view]}


def _badge(entity_id: str, name: str) -> Json:
    return {"type": "entity", "entity": entity_id, "name": name, "show_name": True}


def _section(camera: str, ids: EntityIds) -> Json:
    """Return the column of one camera: what it saw, in a picture and in words."""
    return {
        "type": "grid",
        "cards": [
            {"type": "heading", "heading": camera, "icon": "mdi:cctv"},
            {
                "type": "picture-entity",
                "entity": ids["last_picture"],
                "show_state": False,
                "show_name": False,
            },
            {"type": "markdown", "content": _WORDS.format(sensor=ids["last_sighting"])},
            _tile(ids["sighting"], "Last sighting", state_content=["event_type", "last_changed"]),
            _tile(ids["fallback_reason"], "Fallback reason"),
            _tile(ids["describe"], "Describe"),
        ],
    }


def _tile(entity_id: str, name: str, **more: object) -> Json:
    return {
        "type": "tile",
        "entity": entity_id,
        "name": name,
        "grid_options": {"columns": 12},
        **more,
    }
