"""The forms of the options and of a camera's profile, and what their answers mean."""

from collections.abc import Iterable, Mapping
from typing import Any

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.selector import (
    BooleanSelector,
    LanguageSelector,
    LanguageSelectorConfig,
    SelectSelector,
    SelectSelectorConfig,
)
import probatio

from .const import (
    CONF_AGENT_ID,
    CONF_CAMERAS,
    CONF_FIRST_WORDS,
    CONF_HOUSE_NOTES,
    CONF_IMPORTANCE_GUIDE,
    CONF_INSTRUCTION,
    CONF_LABELS,
    CONF_LANGUAGE,
    CONF_LEARN_SETTLE,
    CONF_SHOW,
    SHOW_AUTOMATIC,
)
from .describer import suitable_agents
from .options import (
    AI_NUMBERS,
    CLIP_NUMBERS,
    DEFAULT_POLICY,
    DETECTION_NUMBERS,
    PICTURE_NUMBERS,
    PROFILE_NUMBERS,
    NumberOption,
    default_labels,
)
from .protect import CameraInfo
from .selectors import (
    INHERIT,
    LABELS,
    LONG_TEXT,
    PREFERRED,
    agent_selector,
    camera_selector,
    number_selector,
    show_selector,
)

CONF_CAMERA = "camera"

# What the user writes for the AI: checked, and shown as a whole before it is saved.
HOUSE_TEXTS = (CONF_HOUSE_NOTES, CONF_IMPORTANCE_GUIDE)
PROFILE_TEXTS = (CONF_INSTRUCTION, CONF_IMPORTANCE_GUIDE)

_ON, _OFF = "on", "off"
FIRST_WORDS_CHOICES = [INHERIT, _ON, _OFF]

type _Fields = dict[probatio.Marker, Any]


def detections_schema(
    options: Mapping[str, Any], cameras: Iterable[CameraInfo] | None
) -> probatio.Schema:
    """Return what is described, as it is now; None leaves the cameras out."""
    fields: _Fields = {}
    if cameras is not None:
        chosen = options.get(CONF_CAMERAS, [])
        fields[probatio.Required(CONF_CAMERAS, default=chosen)] = camera_selector(cameras, chosen)
    labels = options.get(CONF_LABELS, default_labels())
    fields[probatio.Required(CONF_LABELS, default=labels)] = LABELS
    fields |= _numbers(options, DETECTION_NUMBERS)
    first_words = options.get(CONF_FIRST_WORDS, DEFAULT_POLICY.first_words)
    fields[probatio.Required(CONF_FIRST_WORDS, default=first_words)] = BooleanSelector()
    return probatio.Schema(fields)


@callback
def ai_schema(hass: HomeAssistant, options: Mapping[str, Any]) -> probatio.Schema:
    """Return who is asked, with what, and how often, as it is now."""
    agent_id = options.get(CONF_AGENT_ID) or PREFERRED
    agents = agent_selector(hass, suitable_agents(hass), PREFERRED, chosen=agent_id)
    show = options.get(CONF_SHOW, SHOW_AUTOMATIC)
    return probatio.Schema(
        {
            probatio.Required(CONF_AGENT_ID, default=agent_id): agents,
            probatio.Required(CONF_SHOW, default=show): show_selector(),
            **_numbers(options, AI_NUMBERS),
        }
    )


def words_schema(options: Mapping[str, Any]) -> probatio.Schema:
    """Return what the AI is told of this house, as it is now."""
    language = LanguageSelector(LanguageSelectorConfig(native_name=True))
    return probatio.Schema(
        {
            _optional(CONF_LANGUAGE, options): language,
            **{_optional(key, options): LONG_TEXT for key in HOUSE_TEXTS},
        }
    )


def clips_schema(options: Mapping[str, Any]) -> probatio.Schema:
    """Return how recordings are cut and waited for, as it is now."""
    learn = options.get(CONF_LEARN_SETTLE, DEFAULT_POLICY.learn_settle)
    return probatio.Schema(
        {
            probatio.Required(CONF_LEARN_SETTLE, default=learn): BooleanSelector(),
            **_numbers(options, CLIP_NUMBERS),
        }
    )


def pictures_schema(options: Mapping[str, Any]) -> probatio.Schema:
    """Return how long pictures of Sightings are kept, as it is now."""
    return probatio.Schema(_numbers(options, PICTURE_NUMBERS))


def answered(
    options: Mapping[str, Any], schema: probatio.Schema, answers: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the options with a form's answers.

    What the form did not ask is kept, and what was left empty in it goes.
    """
    kept = {key: value for key, value in options.items() if key not in schema.schema}
    given = _tidy(answers)
    if given.get(CONF_AGENT_ID) == PREFERRED:
        del given[CONF_AGENT_ID]
    return kept | given


def camera_schema(cameras: Iterable[CameraInfo]) -> probatio.Schema:
    """Return a choice of one camera."""
    return probatio.Schema(
        {probatio.Required(CONF_CAMERA): camera_selector(cameras, multiple=False)}
    )


@callback
def profile_schema(hass: HomeAssistant, profile: Mapping[str, Any]) -> probatio.Schema:
    """Return all that can differ at one camera, as it does now."""
    # None is as for the console; no agent is the preferred one, whatever the console's is.
    agent_id = profile.get(CONF_AGENT_ID, INHERIT) or PREFERRED
    agents = agent_selector(hass, suitable_agents(hass), INHERIT, PREFERRED, chosen=agent_id)
    show = profile.get(CONF_SHOW, INHERIT)
    return probatio.Schema(
        {
            **{_optional(key, profile): LONG_TEXT for key in PROFILE_TEXTS},
            _optional(CONF_LABELS, profile): LABELS,
            probatio.Required(CONF_AGENT_ID, default=agent_id): agents,
            probatio.Required(CONF_SHOW, default=show): show_selector(INHERIT),
            probatio.Required(CONF_FIRST_WORDS, default=_switch(profile)): _FIRST_WORDS,
            **{
                _optional(option.key, profile): number_selector(option)
                for option in PROFILE_NUMBERS
            },
        }
    )


def profile_from_form(answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return a form's answers as a profile: without what is as for the whole console."""
    profile = {key: value for key, value in _tidy(answers).items() if value not in (INHERIT, [])}
    if profile.get(CONF_AGENT_ID) == PREFERRED:
        profile[CONF_AGENT_ID] = ""
    if CONF_FIRST_WORDS in profile:
        profile[CONF_FIRST_WORDS] = profile[CONF_FIRST_WORDS] == _ON
    return profile


_FIRST_WORDS = SelectSelector(
    SelectSelectorConfig(options=FIRST_WORDS_CHOICES, translation_key="first_words")
)


def _switch(profile: Mapping[str, Any]) -> str:
    if CONF_FIRST_WORDS not in profile:
        return INHERIT
    return _ON if profile[CONF_FIRST_WORDS] else _OFF


def _numbers(options: Mapping[str, Any], numbers: Iterable[NumberOption]) -> _Fields:
    return {
        probatio.Required(option.key, default=option.read(options)): number_selector(option)
        for option in numbers
    }


def _optional(key: str, chosen: Mapping[str, Any]) -> probatio.Optional:
    """Return a field that can be emptied, which a default would not let it be."""
    return probatio.Optional(key, description={"suggested_value": chosen.get(key)})


def _tidy(answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answers without the white space around them, and without the empty ones."""
    stripped = {
        key: value.strip() if isinstance(value, str) else value for key, value in answers.items()
    }
    return {key: value for key, value in stripped.items() if value != ""}
