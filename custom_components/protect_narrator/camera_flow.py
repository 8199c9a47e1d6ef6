"""Adds and changes the profile of one camera: what differs there from the whole console."""

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import SOURCE_USER, ConfigSubentryFlow, SubentryFlowResult

from .console_access import CoreEntryMissingError
from .const import SUBENTRY_CAMERA
from .option_forms import (
    CONF_CAMERA,
    PROFILE_TEXTS,
    camera_schema,
    profile_from_form,
    profile_schema,
)
from .options import PROFILE_NUMBERS
from .prompt_flow import problem_in, prompt_quoted
from .protect import ConnectError
from .runtime import cameras_of, followed_cameras


class CameraProfileFlow(ConfigSubentryFlow):
    """Choose a camera, then what differs there, then see the prompt and save.

    Nothing is reloaded: the options of a camera are read when they are used.
    """

    _names: Mapping[str, str]
    """The cameras that have no profile, by MAC address; there as soon as they are offered."""

    _mac: str
    _name: str
    _profile: Mapping[str, Any]
    """What was chosen so far; there, like the name, as soon as the camera is known."""

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask which camera, of those that have no profile."""
        if user_input is not None:
            self._mac = user_input[CONF_CAMERA]
            self._name = self._names[self._mac]
            self._profile = {}
            return await self.async_step_profile()
        entry = self._get_entry()
        try:
            cameras = await cameras_of(self.hass, entry)
        except ConnectError, CoreEntryMissingError:
            return self.async_abort(reason="cameras_unknown")
        taken = {each.unique_id for each in entry.get_subentries_of_type(SUBENTRY_CAMERA)}
        free = [camera for camera in cameras if camera.mac not in taken]
        if not free:
            return self.async_abort(reason="no_camera_left")
        self._names = {camera.mac: camera.name for camera in free}
        return self.async_show_form(
            step_id="user", data_schema=camera_schema(free), last_step=False
        )

    async def async_step_reconfigure(
        self, _user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Begin with the profile as it is; the console need not have its camera any more."""
        subentry = self._get_reconfigure_subentry()
        cameras = followed_cameras(self._get_entry())
        names = (camera.name for camera in cameras if camera.mac == subentry.unique_id)
        self._name, self._profile = next(names, subentry.title), subentry.data
        return await self.async_step_profile()

    async def async_step_profile(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask what differs at this camera, and check what is written for the AI."""
        errors: dict[str, str] = {}
        problem = ""
        if user_input is not None:
            self._profile = profile_from_form(user_input)
            found = await problem_in(self.hass, PROFILE_TEXTS, self._profile)
            if found is None:
                return await self.async_step_preview()
            field, problem = found
            errors[field] = "broken_template"
        return self.async_show_form(
            step_id="profile",
            data_schema=profile_schema(self.hass, self._profile),
            errors=errors,
            description_placeholders=self._console_values()
            | {"camera": self._name, "problem": problem},
            last_step=False,
        )

    async def async_step_preview(
        self, _user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Show what the AI would be told, and let the user save it or go on changing."""
        options = {**self._get_entry().options, **self._profile}
        return self.async_show_menu(
            step_id="preview",
            menu_options=["save", "profile"],
            description_placeholders={
                "camera": self._name,
                "prompt": prompt_quoted(self.hass, options),
            },
        )

    async def async_step_save(
        self, _user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Add the profile, or change it, under the name that the camera has now."""
        if self.source == SOURCE_USER:
            return self.async_create_entry(
                title=self._name, data=self._profile, unique_id=self._mac
            )
        return self.async_update_and_abort(
            self._get_entry(),
            self._get_reconfigure_subentry(),
            title=self._name,
            data=self._profile,
        )

    def _console_values(self) -> dict[str, str]:
        """Return what the numbers are that can be left alone."""
        options = self._get_entry().options
        return {option.key: f"{option.read(options):g}" for option in PROFILE_NUMBERS}
