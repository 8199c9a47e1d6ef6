"""Repair issues: how the user reads of a Worry, and where it is taken back."""

from collections.abc import Mapping
from dataclasses import dataclass

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.loader import async_get_loaded_integration

from .const import CONF_CORE_ENTRY_ID, DOMAIN
from .describer import preferred_agent
from .watch import AGENT_KINDS, Kind, Worry

# Keys of an issue's data, which its fix flow reads.
ISSUE_ENTRY = "entry_id"
ISSUE_KIND = "kind"
ISSUE_AGENT = "agent"

FIXABLE = frozenset(
    {
        *AGENT_KINDS,
        Kind.NO_MEDIA_ACCESS,
        Kind.DISK_FULL,
        Kind.MEDIA_FOLDER,
        Kind.API_KEY_REFUSED,
        Kind.API_KEY_MISSING,
        Kind.INTERNAL_ERROR,
    }
)
"""What a form of ours can mend, or find mended."""

CORE_S = frozenset({Kind.API_KEY_REFUSED, Kind.API_KEY_MISSING})
"""What is mended in core's entry, where the log-in is taken from there."""

NO_AGENT = "no_agent"

# Without these a Sighting has no words, or no recording.
_SEVERE = frozenset({*AGENT_KINDS, Kind.NO_MEDIA_ACCESS, Kind.DISK_FULL, Kind.MEDIA_FOLDER})


@dataclass(frozen=True, slots=True)
class Words:
    """How one issue reads: a key of the translations, and what they name."""

    key: str
    placeholders: Mapping[str, str]
    is_fixable: bool


def issue_id_of(entry: ConfigEntry, worry: Worry) -> str:
    """Return the id of its issue: of one agent there is one, whatever is wrong with it."""
    if worry.kind in AGENT_KINDS:
        return f"{_prefix(entry)}agent_{worry.agent or 'preferred'}"
    return f"{_prefix(entry)}{worry.kind}"


@callback
def async_raise(
    hass: HomeAssistant, entry: ConfigEntry, worry: Worry, placeholders: Mapping[str, str]
) -> None:
    """Tell the user, or change what he was told; what he ignores he goes on ignoring."""
    words = words_for(hass, entry, worry, placeholders)
    data: dict[str, str | int | float | None] = {
        ISSUE_ENTRY: entry.entry_id,
        ISSUE_KIND: worry.kind.value,
        ISSUE_AGENT: worry.agent,
    }
    severe = worry.kind in _SEVERE
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id_of(entry, worry),
        data=data,
        is_fixable=words.is_fixable,
        severity=ir.IssueSeverity.ERROR if severe else ir.IssueSeverity.WARNING,
        translation_key=words.key,
        translation_placeholders=dict(words.placeholders),
    )


@callback
def async_take_back(hass: HomeAssistant, issue_id: str) -> None:
    """Say no more of it."""
    ir.async_delete_issue(hass, DOMAIN, issue_id)


@callback
def async_forget(hass: HomeAssistant, entry: ConfigEntry, *, keep_ignored: bool = False) -> None:
    """Take back every issue of the entry.

    What the user ignores is kept on demand: nobody sees it, and after a reload it would be
    raised again as if he had not.
    """
    for (domain, issue_id), issue in tuple(ir.async_get(hass).issues.items()):
        if domain != DOMAIN or not issue_id.startswith(_prefix(entry)):
            continue
        if not (keep_ignored and issue.dismissed_version is not None):
            ir.async_delete_issue(hass, DOMAIN, issue_id)


def words_for(
    hass: HomeAssistant, entry: ConfigEntry, worry: Worry, placeholders: Mapping[str, str]
) -> Words:
    """Return how the issue reads."""
    key, fixable = worry.kind.value, worry.kind in FIXABLE
    named = {"name": entry.title, **placeholders}
    if worry.kind in CORE_S and CONF_CORE_ENTRY_ID in entry.data:
        key, fixable = f"{key}_core", False
    elif worry.kind in AGENT_KINDS:
        agent_id = worry.agent or preferred_agent(hass)
        key = key if agent_id else NO_AGENT
        state = hass.states.get(agent_id) if agent_id else None
        named["agent"] = f"{state.name} ({agent_id})" if state else agent_id or ""
    elif worry.kind is Kind.INTERNAL_ERROR:
        named["issue_tracker"] = async_get_loaded_integration(hass, DOMAIN).issue_tracker or ""
    return Words(key, named, fixable)


def _prefix(entry: ConfigEntry) -> str:
    return f"watch_{entry.entry_id}_"
