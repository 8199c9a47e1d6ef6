"""What the agents can be shown: a table of known platforms, and what trying told of the others.

No agent of Home Assistant says which files it takes. The table was read in the sources of
Home Assistant 2026.10 and 2026.11.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from hashlib import sha256
import json
import logging
from typing import Any, TypedDict

from homeassistant.const import __version__ as home_assistant_version
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.loader import IntegrationNotLoaded, async_get_loaded_integration

from .pipeline.ports import Ability

_LOGGER = logging.getLogger(__name__)

_MEBIBYTE = 1024 * 1024

_PICTURES_ONLY = Ability(takes_clip=False)

# The APIs that take a file inside the request have it in Base64, a third larger, and many stop
# at 20 MB in all.
_UNKNOWN = Ability(takes_clip=None, most_bytes=15 * _MEBIBYTE)

PLATFORMS: dict[str, Ability] = {
    # Uploads whatever it is given, and then gives Google 10 s to look through it. An upload of
    # 32 MB takes half of the minute that an answer has by default, at 10 Mbit/s. In seconds:
    # the longest clip by default with what surrounds it, cut at a keyframe; Google reads a
    # picture a second of it, whatever its size.
    "google_generative_ai_conversation": Ability(
        takes_clip=True, most_bytes=32 * _MEBIBYTE, most_s=75.0
    ),
    # Each of these raises for what is neither a picture nor a PDF; ollama for a PDF too.
    "anthropic": _PICTURES_ONLY,
    "cloud": _PICTURES_ONLY,
    "llama_cpp": _PICTURES_ONLY,
    "ollama": _PICTURES_ONLY,
    "open_router": _PICTURES_ONLY,
    "openai_conversation": _PICTURES_ONLY,
}

# Platforms whose agents drop attachments without a word (Wyoming's are intent matchers). Asked
# to describe pictures, they would make up what they never saw.
BLIND_PLATFORMS = frozenset({"litellm", "ovhcloud_ai_endpoints", "wyoming"})

# An entry asks one agent, a camera now and then another: more have been tried out and left.
MAX_LEARNT = 32


class StoredExperience(TypedDict):
    """What was learnt of one agent, as JSON."""

    identity: str
    takes_clip: bool


class Experience:
    """What trying has told of the agents that are in no table."""

    def __init__(
        self,
        stored: Mapping[str, StoredExperience] | None = None,
        on_change: Callable[[], object] = lambda: None,
    ) -> None:
        """Take up what was stored by agent; ``on_change`` is called when there is more to store."""
        self._on_change = on_change
        self._learnt: dict[str, StoredExperience] = dict(stored or {})
        self.failing: set[str] = set()
        """Agents whose last call has failed, which the log was told; of this run only."""

    def as_stored(self) -> dict[str, StoredExperience]:
        """Return what is to be stored, by agent; the latest is the last."""
        return dict(self._learnt)

    @callback
    def takes_clip(self, agent_id: str, identity: str) -> bool | None:
        """Return what is known of that agent; None when it was not tried, or has changed since."""
        known = self._learnt.get(agent_id)
        if known is None or known.get("identity") != identity:
            return None
        return known.get("takes_clip")

    @callback
    def learn(self, agent_id: str, identity: str, *, takes_clip: bool) -> None:
        """Remember how trying a clip has ended.

        An agent that managed clips before has a bad day, or has changed: it is tried anew.
        """
        known = self.takes_clip(agent_id, identity)
        if known is takes_clip:
            return
        self._learnt.pop(agent_id, None)
        if known is None or takes_clip:
            self._learnt[agent_id] = {"identity": identity, "takes_clip": takes_clip}
            _LOGGER.info("%s %s", agent_id, "takes clips" if takes_clip else "takes no clips")
        while len(self._learnt) > MAX_LEARNT:
            del self._learnt[next(iter(self._learnt))]
        self._on_change()


@callback
def platform_of(hass: HomeAssistant, entity_id: str) -> str | None:
    """Return the integration that made the entity, None if it is not registered."""
    entry = er.async_get(hass).async_get(entity_id)
    return entry.platform if entry else None


@callback
def is_blind(hass: HomeAssistant, entity_id: str) -> bool:
    """Say whether the agent is known to drop every attachment."""
    return platform_of(hass, entity_id) in BLIND_PLATFORMS


@callback
def ability_of(hass: HomeAssistant, entity_id: str, experience: Experience) -> Ability:
    """Return what the agent can be shown, from the table or from experience."""
    known = PLATFORMS.get(platform_of(hass, entity_id) or "")
    if known is not None:
        return known
    learnt = experience.takes_clip(entity_id, _identity(hass, entity_id))
    return replace(_UNKNOWN, takes_clip=learnt)


@callback
def learn(hass: HomeAssistant, entity_id: str, experience: Experience, *, takes_clip: bool) -> None:
    """Keep what trying has told of an agent; the table knows better of those that are in it."""
    if platform_of(hass, entity_id) not in PLATFORMS:
        experience.learn(entity_id, _identity(hass, entity_id), takes_clip=takes_clip)


def _identity(hass: HomeAssistant, entity_id: str) -> str:
    """Return what differs as soon as the agent does: its integration, its model, an update."""
    parts: list[Any] = [home_assistant_version]
    registered = er.async_get(hass).async_get(entity_id)
    if registered is not None:
        parts += [registered.platform, _version(hass, registered.platform)]
        entry = hass.config_entries.async_get_entry(registered.config_entry_id or "")
        if entry is not None:
            subentry = entry.subentries.get(registered.config_subentry_id or "")
            # A token is renewed by itself, and the agent stays what it is.
            data = {name: value for name, value in entry.data.items() if name != "token"}
            parts += [entry.entry_id, data, dict(entry.options)]
            parts.append(None if subentry is None else [subentry.subentry_id, dict(subentry.data)])
    return sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _version(hass: HomeAssistant, platform: str) -> str | None:
    """Return the version of a custom integration; core's have Home Assistant's."""
    try:
        version = async_get_loaded_integration(hass, platform).version
    except IntegrationNotLoaded:
        return None
    return None if version is None else str(version)
