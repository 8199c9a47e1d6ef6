"""Changes everything but the console itself: a menu of forms that are saved one by one."""

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import ConfigFlowResult, OptionsFlowWithReload
from homeassistant.core import HomeAssistant, callback
import probatio

from .console_access import CoreEntryMissingError
from .const import CONF_LABELS, EVENT_SIGHTING
from .history import EventExcludedError, NotRecordedError, keep_days, require_recording
from .option_forms import (
    HOUSE_TEXTS,
    ai_schema,
    answered,
    clips_schema,
    detections_schema,
    pictures_schema,
    words_schema,
)
from .pipeline.blame import cautious_logger
from .prompt_flow import problem_in, prompt_quoted
from .protect import CameraInfo, ConnectError
from .runtime import cameras_of

_LOGGER = cautious_logger(__name__)


class NarratorOptionsFlow(OptionsFlowWithReload):
    """What is described, by whom, in which words, and with how much patience."""

    _asked = False
    _cameras: tuple[CameraInfo, ...] | None = None
    _error: str | None = None

    _written: Mapping[str, Any] | None = None
    """What was written for the AI, before it is saved."""

    async def async_step_init(self, _user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Offer the forms."""
        return self.async_show_menu(
            menu_options=["detections", "ai", "words", "clips", "pictures", "keeping"]
        )

    async def async_step_detections(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for cameras and labels. While the console is away its cameras stay as they are."""
        if not self._asked:
            await self._ask_for_cameras()
        errors = {"base": self._error} if self._error else {}
        options: Mapping[str, Any] = self.config_entry.options
        schema = detections_schema(options, self._cameras)
        if user_input is not None:
            options = answered(options, schema, user_input)
            if options[CONF_LABELS]:
                return self.async_create_entry(data=options)
            schema = detections_schema(options, self._cameras)
            errors = {CONF_LABELS: "no_labels"}
        return self.async_show_form(step_id="detections", data_schema=schema, errors=errors)

    async def async_step_ai(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask who is asked, with what, and how often."""
        return self._ask("ai", ai_schema(self.hass, self.config_entry.options), user_input)

    async def async_step_clips(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask how recordings are cut and waited for."""
        return self._ask("clips", clips_schema(self.config_entry.options), user_input)

    async def async_step_pictures(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask how long pictures are kept."""
        return self._ask("pictures", pictures_schema(self.config_entry.options), user_input)

    async def async_step_keeping(
        self, _user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Tell how long Sightings are kept, which is the recorder's, and how to keep them longer.

        What there is to choose is in its YAML alone (read in its ``__init__.py``, 2026.10 and
        2026.11).
        """
        step_id, said = _how_long_kept(self.hass)
        return self.async_show_menu(
            step_id=step_id, menu_options=["init"], description_placeholders=said
        )

    # What is shown in its stead, by what the recorder does.
    async_step_keeping_days = async_step_keeping
    async_step_keeping_forever = async_step_keeping
    async_step_keeping_off = async_step_keeping
    async_step_keeping_excluded = async_step_keeping

    async def async_step_words(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask what the AI is told, and check it."""
        errors: dict[str, str] = {}
        problem = ""
        if user_input is not None:
            self._written = user_input
            found = await problem_in(self.hass, HOUSE_TEXTS, self._options())
            if found is None:
                return await self.async_step_preview()
            field, problem = found
            errors[field] = "broken_template"
        return self.async_show_form(
            step_id="words",
            data_schema=words_schema(self._options()),
            errors=errors,
            description_placeholders={"problem": problem},
            last_step=False,
        )

    async def async_step_preview(
        self, _user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show what the AI would be told, and let the user save it or go on writing."""
        return self.async_show_menu(
            step_id="preview",
            menu_options=["save", "words"],
            description_placeholders={"prompt": prompt_quoted(self.hass, self._options())},
        )

    async def async_step_save(self, _user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Save what the AI is told."""
        return self.async_create_entry(data=self._options())

    def _options(self) -> Mapping[str, Any]:
        """Return the options as they are by now, with what was written for the AI."""
        options = self.config_entry.options
        if self._written is None:
            return options
        return answered(options, words_schema(options), self._written)

    def _ask(
        self, step_id: str, schema: probatio.Schema, user_input: dict[str, Any] | None
    ) -> ConfigFlowResult:
        """Show a form in which nothing can be wrong, or save its answers."""
        if user_input is None:
            return self.async_show_form(step_id=step_id, data_schema=schema)
        options = answered(self.config_entry.options, schema, user_input)
        return self.async_create_entry(data=options)

    async def _ask_for_cameras(self) -> None:
        """Ask once for the cameras; keep them, or why there are none."""
        self._asked = True
        try:
            self._cameras = await cameras_of(self.hass, self.config_entry)
        except (ConnectError, CoreEntryMissingError) as err:
            self._error = err.code
        except Exception:
            _LOGGER.exception("The cameras could not be read because of a bug")
            self._error = "unknown"


@callback
def _how_long_kept(hass: HomeAssistant) -> tuple[str, dict[str, str]]:
    """Return the step that tells how long Sightings are kept here, and what it names."""
    try:
        require_recording(hass)
    except EventExcludedError:
        return "keeping_excluded", {"event": EVENT_SIGHTING}
    except NotRecordedError:
        return "keeping_off", {}
    if (days := keep_days(hass)) is None:
        return "keeping_forever", {}
    return "keeping_days", {"days": str(days)}
