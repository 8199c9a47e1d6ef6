"""What a user can do about an issue, in a form that says when it did not help."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from homeassistant.components.repairs import ConfirmRepairFlow, RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import CONF_API_KEY
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
import probatio

from .archive import ClipArchive, media_folder
from .console_access import CoreEntryMissingError, prove_access
from .const import CONF_AGENT_ID, CONF_CORE_ENTRY_ID, SUBENTRY_CAMERA
from .describer import can_be_asked, suitable_agents
from .forms import CONF_REMOVE_API_KEY, api_key_schema
from .issues import ISSUE_AGENT, ISSUE_ENTRY, ISSUE_KIND
from .pipeline.errors import StorageError
from .protect import ConnectError, InvalidApiKeyError, NoMediaAccessError
from .runtime import NarratorConfigEntry, RuntimeData
from .selectors import PREFERRED, agent_selector
from .watch import AGENT_KINDS, Kind


async def async_create_fix_flow(
    hass: HomeAssistant,
    issue_id: str,  # noqa: ARG001 - Home Assistant calls it so
    data: dict[str, str | int | float | None] | None,
) -> RepairsFlow:
    """Return the flow that mends the issue with these data, which are ``issues``' own."""
    data = data or {}
    entry = hass.config_entries.async_get_entry(str(data.get(ISSUE_ENTRY)))
    if entry is None:
        return ConfirmRepairFlow()  # it was just removed, and its issues are on their way
    kind = Kind(str(data[ISSUE_KIND]))
    if kind in AGENT_KINDS:
        return AgentFlow(entry, str(data[ISSUE_AGENT]))
    return FLOWS[kind](entry)


class _Flow(RepairsFlow):
    """A flow about one entry, which need not be loaded."""

    def __init__(self, entry: NarratorConfigEntry) -> None:
        """Be about that entry."""
        self._entry = entry

    @property
    def _runtime(self) -> RuntimeData | None:
        loaded = self._entry.state is ConfigEntryState.LOADED
        return self._entry.runtime_data if loaded else None

    @callback
    def _show(
        self,
        step_id: str,
        schema: probatio.Schema | None = None,
        errors: dict[str, str] | None = None,
    ) -> RepairsFlowResult:
        """Show a form that names what the issue names, and more."""
        issue = ir.async_get(self.hass).async_get_issue(self.handler, self.issue_id)
        named = (issue.translation_placeholders if issue else None) or {}
        return self.async_show_form(
            step_id=step_id,
            data_schema=schema or probatio.Schema({}),
            errors=errors,
            description_placeholders={**named, **self._named()},
        )

    def _named(self) -> dict[str, str]:
        """Return what only the form names: it is an administrator's, issues are everybody's."""
        return {}

    @callback
    def _reload(self) -> None:
        self.hass.config_entries.async_schedule_reload(self._entry.entry_id)


class _CheckFlow(_Flow):
    """Looks again whether something still is wrong, as often as the user submits."""

    async def async_step_init(self, _user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Say what to do first."""
        return await self.async_step_confirm()

    async def async_step_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Look, and say what was found."""
        if user_input is None:
            return self._show("confirm")
        error = await self._check()
        if error is not None:
            return self._show("confirm", errors={"base": error})
        if (runtime := self._runtime) is not None:
            self._mended(runtime)
        return self.async_create_entry(data={})

    async def _check(self) -> str | None:
        """Return what still is wrong, a key of this issue's errors."""
        return None

    def _mended(self, runtime: RuntimeData) -> None:
        """Let it be known."""
        raise NotImplementedError


class MediaAccessFlow(_CheckFlow):
    """Whether the user may read recordings now."""

    def _named(self) -> dict[str, str]:
        runtime = self._runtime
        names = runtime.watchman.closed_cameras if runtime is not None else []
        return {"cameras": ", ".join(names) or "?"}

    async def _check(self) -> str | None:
        try:
            await prove_access(self.hass, self._entry.data)
        except InvalidApiKeyError:
            pass  # the log-in is good, and the key an issue of its own
        except (ConnectError, CoreEntryMissingError) as err:
            return err.code
        if (runtime := self._runtime) is None:
            return None
        # One camera that opens is enough to log in, not to be told of the others.
        cameras = runtime.coordinator.data.cameras
        for mac in runtime.watchman.facts.closed & cameras.keys():
            if self._runtime is not runtime:
                # Reloaded meanwhile, and the issue has gone with it. Over a session that is closed
                # the library would ask with one of its own, which nobody closes and no guard sees.
                return None
            if not await runtime.connection.media.may_read(cameras[mac].id):
                return NoMediaAccessError.code
        return None

    def _mended(self, runtime: RuntimeData) -> None:
        runtime.watchman.async_media_opens()


class StorageFlow(_CheckFlow):
    """Whether the media folder takes files now."""

    @property
    def _folder(self) -> Path:
        config = self.hass.config
        return media_folder(config.media_dirs, Path(config.config_dir))

    def _named(self) -> dict[str, str]:
        return {"folder": str(self._folder)}

    async def _check(self) -> str | None:
        try:
            await ClipArchive(self._folder).try_out()
        except StorageError as err:
            return err.detail.value
        return None

    def _mended(self, runtime: RuntimeData) -> None:
        runtime.watchman.async_storage_works()


class BugFlow(_CheckFlow):
    """Only read."""

    def _mended(self, runtime: RuntimeData) -> None:
        runtime.watchman.async_forget_bug()


class AgentFlow(_Flow):
    """Another agent, or the same one, which is there again or works again."""

    def __init__(self, entry: NarratorConfigEntry, agent: str) -> None:
        """Be about the agent that was chosen; an empty one is the preferred one."""
        super().__init__(entry)
        self._agent = agent

    async def async_step_init(self, _user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Say what to do first."""
        return await self.async_step_agent()

    async def async_step_agent(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Ask which agent is to be asked from now on; it has to be there."""
        errors: dict[str, str] = {}
        shown = self._agent or PREFERRED
        if user_input is not None:
            shown = user_input[CONF_AGENT_ID]
            agent = "" if shown == PREFERRED else shown
            if can_be_asked(self.hass, agent):
                self._choose(agent)
                return self.async_create_entry(data={})
            errors[CONF_AGENT_ID] = "agent_missing"
        agents = agent_selector(self.hass, suitable_agents(self.hass), PREFERRED, chosen=shown)
        schema = probatio.Schema({probatio.Required(CONF_AGENT_ID, default=shown): agents})
        return self._show("agent", schema, errors)

    @callback
    def _choose(self, agent: str) -> None:
        """Put it in the place of the one that was, wherever that was chosen."""
        if agent != self._agent:
            _replace_agent(self.hass, self._entry, self._agent, agent)
            self._reload()
        elif (runtime := self._runtime) is not None:
            runtime.watchman.async_agent_works(agent)


class ApiKeyFlow(_Flow):
    """A key that is accepted; where one is stored, also none."""

    async def async_step_init(self, _user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Say what to do first."""
        return await self.async_step_api_key()

    async def async_step_api_key(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Ask for the key, and try it."""
        errors: dict[str, str] = {}
        if user_input is not None:
            error = await self._change(
                user_input.get(CONF_API_KEY, "").strip(),
                remove=user_input.get(CONF_REMOVE_API_KEY, False),
            )
            if error is None:
                self._reload()
                return self.async_create_entry(data={})
            errors["base"] = error
        return self._show("api_key", api_key_schema(self._entry.data), errors)

    async def _change(self, key: str, *, remove: bool) -> str | None:
        """Store the key, or that there is none; return why neither was done."""
        if key:
            try:
                await prove_access(self.hass, self._with_key(key))
            except NoMediaAccessError:
                pass  # which is looked for after the key, and is an issue of its own
            except (ConnectError, CoreEntryMissingError) as err:
                return err.code
        elif not remove:
            return "api_key_needed"
        # Read anew: meanwhile the password may have been changed in another form. Or the log-in
        # is core's now, which has a key of its own.
        if CONF_CORE_ENTRY_ID not in self._entry.data:
            data = self._with_key(key)
            self.hass.config_entries.async_update_entry(self._entry, data=data)
        return None

    def _with_key(self, key: str) -> dict[str, Any]:
        """Return the entry's data with that key, or with none."""
        data = {name: value for name, value in self._entry.data.items() if name != CONF_API_KEY}
        return data | ({CONF_API_KEY: key} if key else {})


FLOWS: Mapping[Kind, type[_Flow]] = {
    Kind.NO_MEDIA_ACCESS: MediaAccessFlow,
    Kind.DISK_FULL: StorageFlow,
    Kind.MEDIA_FOLDER: StorageFlow,
    Kind.API_KEY_REFUSED: ApiKeyFlow,
    Kind.API_KEY_MISSING: ApiKeyFlow,
    Kind.INTERNAL_ERROR: BugFlow,
}


@callback
def _replace_agent(hass: HomeAssistant, entry: ConfigEntry, old: str, new: str) -> None:
    """Choose another agent, for the console and for each camera that has the old one."""
    manager = hass.config_entries
    options = dict(entry.options)
    if (options.get(CONF_AGENT_ID) or "") == old:
        options.pop(CONF_AGENT_ID, None)
        manager.async_update_entry(entry, options=options | ({CONF_AGENT_ID: new} if new else {}))
    for profile in entry.get_subentries_of_type(SUBENTRY_CAMERA):
        if profile.data.get(CONF_AGENT_ID) == old:
            manager.async_update_subentry(entry, profile, data={**profile.data, CONF_AGENT_ID: new})
