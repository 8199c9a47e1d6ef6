"""Sets up a console and mends its log-in; the options and a camera's profile are next door."""

from collections.abc import Awaitable, Callable, Mapping, Set as AbstractSet
from typing import Any, override

from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    ConfigEntry,
    ConfigFlow,
    ConfigFlowResult,
    ConfigSubentryFlow,
)
from homeassistant.const import (
    CONF_API_KEY,
    CONF_HOST,
    CONF_PASSWORD,
    CONF_PORT,
    CONF_USERNAME,
    CONF_VERIFY_SSL,
)
from homeassistant.core import HomeAssistant, callback
import probatio

from .camera_flow import CameraProfileFlow
from .console_access import CoreEntryMissingError, prove_access, unique_id_of
from .const import (
    CONF_CORE_ENTRY_ID,
    CONF_LABELS,
    CORE_DOMAIN,
    DOMAIN,
    LOCAL_USER_URL,
    SUBENTRY_CAMERA,
)
from .forms import (
    CONF_CONSOLE,
    MANUAL,
    InvalidHostError,
    agent_schema,
    cameras_schema,
    console_schema,
    log_in_from_form,
    log_in_schema,
    options_from_setup,
    reauth_schema,
)
from .options_flow import NarratorOptionsFlow
from .pipeline.blame import cautious_logger
from .protect import ConnectError, ConsoleInfo

_LOGGER = cautious_logger(__name__)

_SECRETS = (CONF_PASSWORD, CONF_API_KEY)
_LOG_IN_KEYS = (CONF_HOST, CONF_PORT, CONF_USERNAME, CONF_VERIFY_SSL, *_SECRETS)


class NarratorConfigFlow(ConfigFlow, domain=DOMAIN):
    """Set up a console: where it is (core knows, or a log-in), the agent, the cameras.

    Reauthentication and reconfiguration end as soon as the same console has been reached.
    """

    VERSION = 1

    _console: ConsoleInfo
    """What was reached; there as soon as the agent is asked for."""

    def __init__(self) -> None:
        """Start with nothing."""
        self._data: dict[str, Any] = {}
        self._options: dict[str, Any] = {}

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> NarratorOptionsFlow:
        """Return the flow behind the entry's "Configure"."""
        return NarratorOptionsFlow()

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(
        cls, config_entry: ConfigEntry
    ) -> dict[str, type[ConfigSubentryFlow]]:
        """Return what can be added to an entry: the profile of a camera."""
        return {SUBENTRY_CAMERA: CameraProfileFlow}

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Offer the consoles that core knows and we do not."""
        known = _core_consoles(self.hass, without=self._async_current_ids())
        return await self._choose("user", known, self.async_step_log_in, user_input)

    async def async_step_log_in(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for a log-in."""
        return await self._log_in("log_in", log_in_schema, None, user_input)

    async def async_step_agent(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask who should look at the detections."""
        if user_input is not None:
            self._options = options_from_setup(user_input)
            return await self.async_step_cameras()
        return self.async_show_form(
            step_id="agent",
            data_schema=agent_schema(self.hass),
            description_placeholders={"console": self._console.name},
        )

    async def async_step_cameras(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for cameras and labels, and make the entry."""
        errors: dict[str, str] = {}
        if user_input is not None:
            if user_input[CONF_LABELS]:
                return self.async_create_entry(
                    title=self._console.name,
                    data=self._data,
                    options=self._options | options_from_setup(user_input),
                )
            errors[CONF_LABELS] = "no_labels"
        return self.async_show_form(
            step_id="cameras",
            data_schema=self.add_suggested_values_to_schema(
                cameras_schema(self._console.cameras), user_input
            ),
            errors=errors,
        )

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Ask for a new log-in where it is ours, or to mend it where it is core's."""
        if CONF_CORE_ENTRY_ID in entry_data:
            return await self.async_step_reauth_core()
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_core(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Wait until the user has renewed the log-in in core's integration."""
        entry = self._get_reauth_entry()
        errors: dict[str, str] = {}
        if user_input is not None and (done := await self._reach(dict(entry.data), errors)):
            return done
        return self.async_show_form(
            step_id="reauth_core",
            errors=errors,
            description_placeholders={"name": entry.title},
        )

    async def async_step_reauth_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for user, password and API key."""
        entry = self._get_reauth_entry()
        return await self._log_in("reauth_confirm", reauth_schema, entry, user_input)

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Offer to take the log-in from core."""
        known = _core_consoles(self.hass)
        return await self._choose(
            "reconfigure", known, self.async_step_reconfigure_log_in, user_input
        )

    async def async_step_reconfigure_log_in(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for what has changed: address, user, password, API key."""
        entry = self._get_reconfigure_entry()
        return await self._log_in("reconfigure_log_in", log_in_schema, entry, user_input)

    async def _choose(
        self,
        step_id: str,
        known: Mapping[str, str],
        log_in: Callable[[], Awaitable[ConfigFlowResult]],
        user_input: dict[str, Any] | None,
    ) -> ConfigFlowResult:
        """Let the user pick one of core's consoles; without any, or on demand, log in."""
        if not known or (user_input and user_input[CONF_CONSOLE] == MANUAL):
            return await log_in()
        errors: dict[str, str] = {}
        if user_input is not None:
            data = {CONF_CORE_ENTRY_ID: user_input[CONF_CONSOLE]}
            if done := await self._reach(data, errors):
                return done
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(console_schema(known), user_input),
            errors=errors,
        )

    async def _log_in(
        self,
        step_id: str,
        schema: Callable[[Mapping[str, Any]], probatio.Schema],
        entry: ConfigEntry | None,
        user_input: dict[str, Any] | None,
    ) -> ConfigFlowResult:
        """Show a form for a log-in; what is left empty stays as the entry has it."""
        kept = {key: entry.data[key] for key in _LOG_IN_KEYS if key in entry.data} if entry else {}
        errors: dict[str, str] = {}
        shown = {key: value for key, value in kept.items() if key not in _SECRETS}
        if user_input is not None:
            shown = user_input
            try:
                data = log_in_from_form(user_input, kept)
            except InvalidHostError as err:
                errors[CONF_HOST] = err.code
            else:
                if done := await self._reach(data, errors):
                    return done
                understood = {key: data[key] for key in (CONF_HOST, CONF_PORT) if key in user_input}
                shown = user_input | understood
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(schema(kept), shown),
            errors=errors,
            description_placeholders={
                "name": entry.title if entry else "",
                "local_user_url": LOCAL_USER_URL,
            },
        )

    async def _reach(self, data: dict[str, Any], errors: dict[str, str]) -> ConfigFlowResult | None:
        """Reach the console with these entry data and go on; None, with an error, if not."""
        try:
            console = await prove_access(self.hass, data)
        except (ConnectError, CoreEntryMissingError) as err:
            errors["base"] = err.code
            return None
        except Exception:
            _LOGGER.exception("The console could not be tried because of a bug")
            errors["base"] = "unknown"
            return None
        await self.async_set_unique_id(unique_id_of(console.mac))
        if self.source == SOURCE_REAUTH:
            self._abort_if_unique_id_mismatch(reason="wrong_console")
            return self.async_update_reload_and_abort(self._get_reauth_entry(), data=data)
        if self.source == SOURCE_RECONFIGURE:
            self._abort_if_unique_id_mismatch(reason="wrong_console")
            return self.async_update_reload_and_abort(self._get_reconfigure_entry(), data=data)
        self._abort_if_known(unique_id_of(console.mac), data)
        self._data, self._console = data, console
        return await self.async_step_agent()

    def _abort_if_known(self, unique_id: str, data: Mapping[str, Any]) -> None:
        """Abort if the console is set up; an entry with its own log-in learns the address."""
        entry = self.hass.config_entries.async_entry_for_domain_unique_id(DOMAIN, unique_id)
        has_moved = entry is not None and CONF_HOST in entry.data and CONF_HOST in data
        self._abort_if_unique_id_configured(
            updates={key: data[key] for key in (CONF_HOST, CONF_PORT)} if has_moved else None
        )


@callback
def _core_consoles(
    hass: HomeAssistant, without: AbstractSet[str | None] = frozenset()
) -> dict[str, str]:
    """Return what core's entries are called, by entry id, without these unique ids."""
    return {
        entry.entry_id: f"{entry.title} ({entry.data[CONF_HOST]})"
        for entry in hass.config_entries.async_entries(CORE_DOMAIN, include_ignore=False)
        if entry.unique_id not in without
    }
