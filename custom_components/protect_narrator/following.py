"""What an entry follows while it is loaded.

Core, its own counts and texts, the day, Home Assistant's end.
"""

from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntry,
    ConfigEntryChange,
)
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.event import async_track_time_change

from .console_access import CoreEntryMissingError, credentials
from .const import CONF_CORE_ENTRY_ID
from .devices import async_follow_core
from .protect import Credentials
from .runtime import NarratorConfigEntry
from .stale import async_remove_stale
from .wording import async_forget, async_forget_text, texts_of_cameras


@callback
def async_follow(hass: HomeAssistant, entry: NarratorConfigEntry) -> None:
    """Follow all of it until the entry is unloaded."""
    runtime = entry.runtime_data
    coordinator = runtime.coordinator

    @callback
    def keep() -> None:
        runtime.ledger.async_keep(
            coordinator.data.today, coordinator.data.muted, runtime.readiness.intervals
        )

    @callback
    def begin_day(_now: object) -> None:
        coordinator.async_begin_day()

    # A switch may have known better than the ledger: before anything else is written there.
    keep()

    async def close(_event: Event) -> None:
        await runtime.close()

    @callback
    def forget_issues() -> None:
        async_forget(hass, entry)

    # One at a time: what fails leaves what was followed before it to be ended all the same.
    until_unload = entry.async_on_unload
    until_unload(forget_issues)
    until_unload(coordinator.async_forget_return)
    until_unload(runtime.watchman.async_start())
    until_unload(runtime.snapshots.async_start(lambda: runtime.ledger.untold_ids))
    until_unload(coordinator.async_add_listener(keep))
    until_unload(async_follow_core(hass, coordinator))
    until_unload(async_remove_stale(hass, coordinator))
    until_unload(_follow_core_log_in(hass, entry, runtime.login))
    until_unload(_follow_texts(hass, entry))
    until_unload(async_track_time_change(hass, begin_day, hour=0, minute=0, second=0))
    until_unload(hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, close))


@callback
def _follow_core_log_in(
    hass: HomeAssistant, entry: NarratorConfigEntry, login: Credentials
) -> CALLBACK_TYPE:
    """Set the entry up anew when the core entry that the log-in is taken from has another."""

    @callback
    def compare() -> None:
        try:
            changed = credentials(hass, entry) != login
        except CoreEntryMissingError:
            changed = True
        if changed:
            hass.config_entries.async_schedule_reload(entry.entry_id)

    @callback
    def on_entry(_change: ConfigEntryChange, changed: ConfigEntry) -> None:
        if changed.entry_id == entry.data.get(CONF_CORE_ENTRY_ID):
            compare()

    # It may have changed while we were logging in.
    compare()
    return async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, on_entry)


@callback
def _follow_texts(hass: HomeAssistant, entry: NarratorConfigEntry) -> CALLBACK_TYPE:
    """Take back what was said of a camera's own text as soon as it is changed or removed."""
    known = texts_of_cameras(entry)

    @callback
    def on_entry(_change: ConfigEntryChange, changed: ConfigEntry) -> None:
        nonlocal known
        if changed.entry_id != entry.entry_id:
            return
        before, known = known, texts_of_cameras(entry)
        for (field, profile), text in before.items():
            if known.get((field, profile)) != text:
                async_forget_text(hass, entry, field, profile)

    return async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, on_entry)
