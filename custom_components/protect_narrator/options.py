"""What the user chose, read from a config entry's options and its cameras' profiles.

The options are one flat mapping: durations are numbers of seconds, one of hours, and sizes are
megabytes (1024 x 1024 bytes). A key that is absent has the product's default, which stands
where it is used: in ``pipeline.models.Policy``, or in ``protect``.
A profile is a config subentry of one camera. Its data are options of the same names; a key
that is absent there is as for the whole console.
The bounds of the numbers are the form's; a stored value may be any positive number.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .const import (
    CONF_AGENT_ID,
    CONF_AI_AT_ONCE,
    CONF_CALLS_PER_CAMERA,
    CONF_CALLS_PER_DAY,
    CONF_CAMERAS,
    CONF_CATCH_UP,
    CONF_CLIP_AFTER,
    CONF_CLIP_BEFORE,
    CONF_CLIP_DEADLINE,
    CONF_CLIP_LONGEST,
    CONF_CLIP_MAX_MB,
    CONF_COOLDOWN,
    CONF_DESCRIBE_TIMEOUT,
    CONF_FIRST_WORDS,
    CONF_FRAME_COUNT,
    CONF_HOUSE_NOTES,
    CONF_IMPORTANCE_GUIDE,
    CONF_INSTRUCTION,
    CONF_KEEP_PICTURES,
    CONF_LABELS,
    CONF_LANGUAGE,
    CONF_LEARN_SETTLE,
    CONF_LONGEST_OPEN,
    CONF_MERGE_GAP,
    CONF_PICTURES_MAX_MB,
    CONF_RECONCILE_INTERVAL,
    CONF_SETTLE,
    CONF_SHOW,
    SHOW_AUTOMATIC,
    SUBENTRY_CAMERA,
)
from .pipeline.models import Label, Medium, Policy, ranked
from .protect.connection import RECONCILE_EVERY
from .protect.look_back import CATCH_UP as CATCH_UP_DEFAULT
from .protect.tracker import (
    LABEL_GRACE,
    LONGEST_OPEN as LONGEST_OPEN_DEFAULT,
    MERGE_GAP as MERGE_GAP_DEFAULT,
)
from .snapshot_limits import Limits

DEFAULT_POLICY = Policy()

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberOption:
    """One number that the user can change."""

    key: str
    default: float
    minimum: float
    maximum: float
    step: float = 1
    unit: str | None = "s"

    def read(self, options: Mapping[str, Any]) -> float:
        """Return the stored number, or the default."""
        return float(options.get(self.key, self.default))

    def read_duration(self, options: Mapping[str, Any]) -> timedelta:
        """Return the stored number of seconds, or the default."""
        return timedelta(seconds=self.read(options))


def _seconds(
    key: str, default: timedelta, minimum: float, maximum: float, step: float = 1
) -> NumberOption:
    return NumberOption(
        key=key, default=default.total_seconds(), minimum=minimum, maximum=maximum, step=step
    )


CLIP_BEFORE = _seconds(CONF_CLIP_BEFORE, DEFAULT_POLICY.clip_before, 0, 30)
CLIP_AFTER = _seconds(CONF_CLIP_AFTER, DEFAULT_POLICY.clip_after, 0, 30)

# Agents see a handful of frames, so minutes of video cost transfer and tell no more.
CLIP_LONGEST = _seconds(CONF_CLIP_LONGEST, DEFAULT_POLICY.clip_longest, 5, 300)

SETTLE = _seconds(CONF_SETTLE, DEFAULT_POLICY.settle, 0, 60, 0.5)
CLIP_DEADLINE = _seconds(CONF_CLIP_DEADLINE, DEFAULT_POLICY.clip_deadline, 10, 300)
CLIP_MAX_MB = NumberOption(
    key=CONF_CLIP_MAX_MB,
    default=DEFAULT_POLICY.clip_max_bytes / MEBIBYTE,
    minimum=5,
    maximum=2000,
    unit="MB",
)

# Ends come late or never; what is longer is described by its beginning.
LONGEST_OPEN = _seconds(CONF_LONGEST_OPEN, LONGEST_OPEN_DEFAULT, 10, 600)

DESCRIBE_TIMEOUT = _seconds(CONF_DESCRIBE_TIMEOUT, DEFAULT_POLICY.describe_timeout, 10, 600)
FRAME_COUNT = NumberOption(
    key=CONF_FRAME_COUNT, default=DEFAULT_POLICY.frame_count, minimum=1, maximum=12, unit=None
)

# Below a minute the look-back would load the console more than the websockets do.
RECONCILE_INTERVAL = _seconds(CONF_RECONCILE_INTERVAL, RECONCILE_EVERY, 60, 3600)

# Beyond a day the recordings tell of nothing that could still be acted on, and each is an AI call.
CATCH_UP = NumberOption(
    key=CONF_CATCH_UP,
    default=CATCH_UP_DEFAULT / timedelta(hours=1),
    minimum=0,
    maximum=24,
    unit="h",
)

# A walker who leaves one zone and enters the next is told as two events a few seconds apart.
MERGE_GAP = _seconds(CONF_MERGE_GAP, MERGE_GAP_DEFAULT, 0, 60)
COOLDOWN = _seconds(CONF_COOLDOWN, DEFAULT_POLICY.cooldown, 0, 3600)

# 0 is without limit.
CALLS_PER_DAY = NumberOption(
    key=CONF_CALLS_PER_DAY, default=0, minimum=0, maximum=10_000, unit=None
)
CALLS_PER_CAMERA = NumberOption(
    key=CONF_CALLS_PER_CAMERA, default=0, minimum=0, maximum=10_000, unit=None
)
AI_AT_ONCE = NumberOption(
    key=CONF_AI_AT_ONCE, default=DEFAULT_POLICY.ai_at_once, minimum=1, maximum=8, unit=None
)

# A month to look back on; 0 keeps none. Ten years are for ever, and the other limit holds too.
KEEP_PICTURES = NumberOption(key=CONF_KEEP_PICTURES, default=30, minimum=0, maximum=3650, unit="d")

# Some thousands of 60 to 100 KB. They are part of Home Assistant's backups.
PICTURES_MAX_MB = NumberOption(
    key=CONF_PICTURES_MAX_MB, default=500, minimum=10, maximum=5000, unit="MB"
)

# What is described, what it may cost, how the console is treated, what is kept: a form each.
DETECTION_NUMBERS = (MERGE_GAP, COOLDOWN)
AI_NUMBERS = (FRAME_COUNT, CALLS_PER_DAY, CALLS_PER_CAMERA, AI_AT_ONCE, DESCRIBE_TIMEOUT)
CLIP_NUMBERS = (
    CLIP_BEFORE,
    CLIP_AFTER,
    CLIP_LONGEST,
    LONGEST_OPEN,
    SETTLE,
    CLIP_DEADLINE,
    CLIP_MAX_MB,
    RECONCILE_INTERVAL,
    CATCH_UP,
)
PICTURE_NUMBERS = (KEEP_PICTURES, PICTURES_MAX_MB)
NUMBER_OPTIONS = DETECTION_NUMBERS + AI_NUMBERS + CLIP_NUMBERS + PICTURE_NUMBERS

PROFILE_NUMBERS = (FRAME_COUNT, COOLDOWN, CALLS_PER_CAMERA)

# Anything else in a profile counts for nothing: it is the whole console's.
PROFILE_OPTIONS = (
    CONF_INSTRUCTION,
    CONF_IMPORTANCE_GUIDE,
    CONF_LABELS,
    CONF_AGENT_ID,
    CONF_SHOW,
    CONF_FIRST_WORDS,
    *(option.key for option in PROFILE_NUMBERS),
)

_SHOW = {
    SHOW_AUTOMATIC: None,
    Medium.CLIP.value: Medium.CLIP,
    Medium.FRAMES.value: Medium.FRAMES,
    Medium.SNAPSHOT.value: Medium.SNAPSHOT,
}
_KNOWN_LABELS = frozenset(label.value for label in Label)
SHOW_CHOICES = tuple(_SHOW)


def default_labels() -> list[str]:
    """Return what is described unless the user chooses, highest rank first."""
    return [label.value for label in ranked(DEFAULT_POLICY.labels)]


def longest_open_from(entry: ConfigEntry) -> timedelta:
    """Return how long the end of a detection is waited for."""
    return LONGEST_OPEN.read_duration(entry.options)


def label_grace_from(entry: ConfigEntry) -> timedelta:
    """Return how long better labels are waited for; who waits for no recording, not for them."""
    return min(LABEL_GRACE, SETTLE.read_duration(entry.options))


def merge_gap_from(entry: ConfigEntry) -> timedelta:
    """Return how far apart two events of one incident may be; none keeps every event alone."""
    return MERGE_GAP.read_duration(entry.options)


def reconcile_interval_from(entry: ConfigEntry) -> timedelta:
    """Return how often the console's own list of events is compared."""
    return RECONCILE_INTERVAL.read_duration(entry.options)


def catch_up_from(entry: ConfigEntry) -> timedelta:
    """Return how far back is looked for what nobody has listened to."""
    return timedelta(hours=CATCH_UP.read(entry.options))


def picture_limits_from(entry: ConfigEntry) -> Limits:
    """Return how long pictures of Sightings are kept, and how much they may take."""
    return Limits(
        keep_for=timedelta(days=KEEP_PICTURES.read(entry.options)),
        most_bytes=int(PICTURES_MAX_MB.read(entry.options) * MEBIBYTE),
    )


def options_at(entry: ConfigEntry, mac: str | None) -> dict[str, Any]:
    """Return the options that count at the camera with that MAC address.

    Its profile is looked up anew each time: a change of it needs no reload. The profile of a
    camera that is gone stays, and nobody asks for it.
    """
    options = dict(entry.options)
    for profile in entry.subentries.values():
        if profile.subentry_type == SUBENTRY_CAMERA and profile.unique_id == mac:
            options |= {key: profile.data[key] for key in PROFILE_OPTIONS if key in profile.data}
    return options


def chosen_agents(entry: ConfigEntry) -> frozenset[str]:
    """Return every agent that is chosen anywhere; an empty one is the preferred one."""
    profiles = (each.data for each in entry.get_subentries_of_type(SUBENTRY_CAMERA))
    own = {data[CONF_AGENT_ID] or "" for data in profiles if CONF_AGENT_ID in data}
    return frozenset(own | {entry.options.get(CONF_AGENT_ID) or ""})


def policy_from(hass: HomeAssistant, entry: ConfigEntry, mac: str | None = None) -> Policy:
    """Return the pipeline's policy for that camera as the user chose it."""
    return policy_of(hass, options_at(entry, mac))


def _labels(options: Mapping[str, Any]) -> frozenset[Label]:
    """Return the labels that are described.

    A later version may have known more, and the user gone back to this one: what is unknown is
    skipped, and where nothing else was chosen the default counts.
    """
    chosen = options.get(CONF_LABELS, DEFAULT_POLICY.labels)
    known = frozenset(Label(label) for label in chosen if label in _KNOWN_LABELS)
    return known if known or not chosen else DEFAULT_POLICY.labels


def policy_of(hass: HomeAssistant, options: Mapping[str, Any]) -> Policy:
    """Return the pipeline's policy that these options mean."""
    return Policy(
        cameras=frozenset(options.get(CONF_CAMERAS, ())),
        labels=_labels(options),
        clip_before=CLIP_BEFORE.read_duration(options),
        clip_after=CLIP_AFTER.read_duration(options),
        clip_longest=CLIP_LONGEST.read_duration(options),
        settle=SETTLE.read_duration(options),
        clip_deadline=CLIP_DEADLINE.read_duration(options),
        clip_max_bytes=int(CLIP_MAX_MB.read(options) * MEBIBYTE),
        frame_count=int(FRAME_COUNT.read(options)),
        agent_id=options.get(CONF_AGENT_ID) or None,
        show=_SHOW.get(options.get(CONF_SHOW, SHOW_AUTOMATIC)),  # unknown: automatic
        describe_timeout=DESCRIBE_TIMEOUT.read_duration(options),
        language=options.get(CONF_LANGUAGE) or hass.config.language,
        time_zone=dt_util.get_default_time_zone(),
        house_notes=options.get(CONF_HOUSE_NOTES, ""),
        instruction=options.get(CONF_INSTRUCTION, ""),
        importance_guide=options.get(CONF_IMPORTANCE_GUIDE, ""),
        cooldown=COOLDOWN.read_duration(options),
        first_words=bool(options.get(CONF_FIRST_WORDS, DEFAULT_POLICY.first_words)),
        calls_per_day=int(CALLS_PER_DAY.read(options)) or None,
        calls_per_camera=int(CALLS_PER_CAMERA.read(options)) or None,
        ai_at_once=int(AI_AT_ONCE.read(options)),
        learn_settle=bool(options.get(CONF_LEARN_SETTLE, DEFAULT_POLICY.learn_settle)),
    )
