"""What helps to find out what went wrong, and nothing private.

Nothing is taken out of something larger: what is not named here is not told. So what is added
elsewhere, a name or a plate, cannot slip in. Cameras are numbered instead of named.
"""

from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import datetime
from enum import Enum
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from homeassistant.config_entries import ConfigEntryState, ConfigSubentry
from homeassistant.const import __version__ as home_assistant_version
from homeassistant.core import HomeAssistant
from homeassistant.loader import async_get_integration

from .const import (
    CONF_AGENT_ID,
    CONF_CAMERAS,
    CONF_CORE_ENTRY_ID,
    CONF_FIRST_WORDS,
    CONF_LABELS,
    CONF_LANGUAGE,
    CONF_LEARN_SETTLE,
    CONF_SHOW,
    DOMAIN,
    SUBENTRY_CAMERA,
)
from .coordinator import NarratorData
from .describer import preferred_agent, suitable_agents
from .options import NUMBER_OPTIONS
from .recent import TIMINGS
from .runtime import NarratorConfigEntry
from .tally import Tally
from .watch import worries
from .wording import FIELDS

# As many as tell a pattern, and as fit into a report.
_LAST = 20

# Options that are shown as they are: choices of ours, numbers, and entity ids of agents.
_PLAIN = frozenset(
    {
        CONF_AGENT_ID,
        CONF_FIRST_WORDS,
        CONF_LABELS,
        CONF_LANGUAGE,
        CONF_LEARN_SETTLE,
        CONF_SHOW,
        *(option.key for option in NUMBER_OPTIONS),
    }
)

# Whose versions decide how things behave.
_PACKAGES = ("uiprotect", "av", "aiohttp", "numpy", "Pillow")


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: NarratorConfigEntry
) -> dict[str, Any]:
    """Return it as JSON; of an entry that is not loaded, what is stored of it."""
    if entry.state is not ConfigEntryState.LOADED:
        return {
            "versions": await _versions(hass, None),
            "console": _log_in(entry),
            "options": _options(entry.options),
            "profiles": [_options(profile.data) for profile in _profiles(entry)],
            "agents": _agents(hass),
        }
    runtime = entry.runtime_data
    coordinator = runtime.coordinator
    numbers = {mac: number for number, mac in enumerate(coordinator.data.cameras, 1)}
    return {
        "versions": await _versions(hass, coordinator.console.version),
        "console": {
            "model": coordinator.console.model,
            **_log_in(entry),
            "has_api_key": runtime.login.api_key is not None,
            "verify_ssl": runtime.login.verify_ssl,
            "websockets": asdict(runtime.connection.ways),
            "log_in_refused": runtime.connection.log_in_refused,
            "cameras_connected": runtime.connection.cameras_connected,
            "heard_at": _iso(runtime.ledger.heard_at),
            "looked_at": _iso(runtime.ledger.looked_at),
        },
        "cameras": [
            {"camera": numbers[mac], "model": camera.model, "is_doorbell": camera.is_doorbell}
            | {"describes": mac not in coordinator.data.muted}
            for mac, camera in coordinator.data.cameras.items()
        ],
        "options": _options(entry.options),
        "profiles": [
            {"camera": numbers.get(profile.unique_id or "")} | _options(profile.data)
            for profile in _profiles(entry)
        ],
        "agents": {
            **_agents(hass),
            "takes_clip": {
                agent: learnt.get("takes_clip")
                for agent, learnt in runtime.ledger.experience.as_stored().items()
            },
        },
        "now": _plain(coordinator.data) | {"unfinished": len(runtime.ledger.unfinished)},
        "today": _today(coordinator.today, numbers),
        "readiness": [asdict(interval) for interval in runtime.readiness.intervals],
        "pictures": {"kept": runtime.snapshots.count, "bytes": runtime.snapshots.size},
        "worries": sorted(worry.kind.value for worry in worries(runtime.watchman.facts)),
        "last_sightings": [
            _sighting(data, numbers.get(coordinator.mac_of(data["camera_id"]) or ""))
            for data in runtime.recent.last(_LAST)
        ],
    }


def _log_in(entry: NarratorConfigEntry) -> dict[str, Any]:
    return {"log_in_from_core": CONF_CORE_ENTRY_ID in entry.data}


def _profiles(entry: NarratorConfigEntry) -> list[ConfigSubentry]:
    return list(entry.get_subentries_of_type(SUBENTRY_CAMERA))


def _agents(hass: HomeAssistant) -> dict[str, Any]:
    return {"preferred": preferred_agent(hass), "suitable": suitable_agents(hass)}


async def _versions(hass: HomeAssistant, protect: str | None) -> dict[str, str | None]:
    packages = await hass.async_add_executor_job(_package_versions)
    return {
        "home_assistant": home_assistant_version,
        "protect_narrator": str((await async_get_integration(hass, DOMAIN)).version),
        "protect": protect,
        **packages,
    }


def _package_versions() -> dict[str, str | None]:
    """Return what is installed; reads files."""
    found: dict[str, str | None] = {}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = None
    return found


def _options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was chosen: texts by their length, cameras by their number."""
    shown: dict[str, Any] = {key: options[key] for key in sorted(_PLAIN & options.keys())}
    shown |= {f"{key}_length": len(options[key]) for key in FIELDS if key in options}
    if CONF_CAMERAS in options:
        shown["cameras_chosen"] = len(options[CONF_CAMERAS])
    return shown


def _plain(data: NarratorData) -> dict[str, Any]:
    """Return the state's flags, numbers and choices; whatever else is added to it is left out."""
    values = {each.name: getattr(data, each.name) for each in fields(data)}
    return {
        name: value.value if isinstance(value, Enum) else value
        for name, value in values.items()
        if value is None or isinstance(value, bool | int | float | Enum)
    }


def _today(today: Tally, numbers: Mapping[str, int]) -> dict[str, Any]:
    return {
        "day": today.day.isoformat(),
        "sightings": today.sightings,
        "fallbacks": today.fallbacks,
        "skipped": today.skipped,
        "ai_calls": today.ai_calls,
        "ai_calls_by_camera": {
            str(numbers[mac]): calls
            for mac, calls in today.ai_calls_by_camera.items()
            if mac in numbers
        },
        "ai_failures": today.ai_failures,
        "ai_tokens": today.ai_tokens,
        "mean_s": {name: mean.seconds for name, mean in today.stages.items()},
    }


def _sighting(data: Mapping[str, Any], camera: int | None) -> dict[str, Any]:
    """Return the stages and timings of one; not what was seen, nor who."""
    told = ("sighting_id", "revision", "phase", "late", "requested", "labels", "end")
    stages = ("medium", "frame_count", "agent_id", "fallbacks", "clip_attempts", *TIMINGS)
    return {"camera": camera} | {key: data[key] for key in (*told, *stages)}


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
