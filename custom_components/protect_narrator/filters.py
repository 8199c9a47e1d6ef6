"""What Sightings are asked for, as actions and the websocket take it."""

from collections.abc import Callable, Mapping
from typing import Any

from homeassistant.auth.models import User
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.typing import VolDictType
import probatio

from .history import ANY, MOST_IN_PAGE, NOTHING_LOST, SightingQuery
from .mistakes import mistake
from .moments import moment
from .pipeline.models import FallbackReason, Importance, Label
from .reading import cameras_for

ATTR_LABEL = "label"
ATTR_IMPORTANCE = "importance"
ATTR_FALLBACK_REASON = "fallback_reason"
ATTR_PLATE = "plate"
ATTR_FACE = "face"
ATTR_TEXT = "text"
ATTR_SINCE = "since"
ATTR_UNTIL = "until"
ATTR_LIMIT = "limit"
ATTR_CURSOR = "cursor"

_DEFAULT_LIMIT = 50

# Characters: longer than any plate or name that is kept, and some words.
_LONGEST_TEXT = 200

# Values of one filter: more than any of them has.
_MOST_VALUES = 50

REASONS = (ANY, NOTHING_LOST, *(reason.value for reason in FallbackReason))


def _set(values: list[str]) -> frozenset[str]:
    return frozenset(values)


def _some(values: list[str]) -> Callable[[object], Any]:
    """Return the validator of one of the values, or a list of them."""
    return probatio.All(
        cv.ensure_list, probatio.Length(max=_MOST_VALUES), [probatio.In(values)], _set
    )


_TEXT = probatio.All(cv.string, probatio.Length(max=_LONGEST_TEXT))

PERIOD: VolDictType = {
    **cv.TARGET_FIELDS,
    probatio.Optional(ATTR_SINCE): moment,
    probatio.Optional(ATTR_UNTIL): moment,
}
"""Cameras, by Home Assistant's own ways of choosing, and a stretch of time."""

FILTERS: VolDictType = {
    **PERIOD,
    probatio.Optional(ATTR_LABEL): _some([label.value for label in Label]),
    probatio.Optional(ATTR_IMPORTANCE): _some([importance.value for importance in Importance]),
    probatio.Optional(ATTR_FALLBACK_REASON): _some(list(REASONS)),
    probatio.Optional(ATTR_PLATE): _TEXT,
    probatio.Optional(ATTR_FACE): _TEXT,
    probatio.Optional(ATTR_TEXT): _TEXT,
    probatio.Optional(ATTR_LIMIT, default=_DEFAULT_LIMIT): probatio.All(
        probatio.Coerce(int), probatio.Range(min=1, max=MOST_IN_PAGE)
    ),
    probatio.Optional(ATTR_CURSOR): _TEXT,
}
"""What narrows the choice further, and which page of it."""


def target_of(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is said there about the cameras."""
    keys = map(str, cv.TARGET_FIELDS)
    return {key: asked[key] for key in keys if key in asked}


@callback
def query_from(hass: HomeAssistant, user: User | None, asked: Mapping[str, Any]) -> SightingQuery:
    """Return the query of what was asked, validated by PERIOD or FILTERS.

    Of cameras that the user may not read it finds nothing; raises as ``cameras_for``.
    """
    cameras = cameras_for(hass, user, target_of(asked))
    since, until = asked.get(ATTR_SINCE), asked.get(ATTR_UNTIL)
    if since is not None and until is not None and since >= until:
        raise mistake("no_period")
    return SightingQuery(
        cameras=cameras,
        labels=asked.get(ATTR_LABEL, frozenset()),
        importances=asked.get(ATTR_IMPORTANCE, frozenset()),
        fallback_reasons=asked.get(ATTR_FALLBACK_REASON, frozenset()),
        plate=asked.get(ATTR_PLATE) or None,
        face=asked.get(ATTR_FACE) or None,
        text=asked.get(ATTR_TEXT) or None,
        since=since,
        until=until,
    )
