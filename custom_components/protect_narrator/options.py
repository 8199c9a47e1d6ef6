"""What the user chose, read from a config entry's options.

The options are one flat mapping: durations are numbers of seconds, sizes are megabytes
(1024 x 1024 bytes). A key that is absent has the product's default, which stands where it is
used: in ``pipeline.models.Policy``, or in ``protect``.
The bounds of the numbers are the form's; a stored value may be any positive number.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from .const import (
    CONF_AGENT_ID,
    CONF_CAMERAS,
    CONF_CLIP_AFTER,
    CONF_CLIP_BEFORE,
    CONF_CLIP_DEADLINE,
    CONF_CLIP_LONGEST,
    CONF_CLIP_MAX_MB,
    CONF_DESCRIBE_TIMEOUT,
    CONF_FRAME_COUNT,
    CONF_LABELS,
    CONF_LANGUAGE,
    CONF_LONGEST_OPEN,
    CONF_RECONCILE_INTERVAL,
    CONF_SETTLE,
    CONF_SHOW,
    SHOW_AUTOMATIC,
)
from .pipeline.models import Label, Medium, Policy
from .protect.connection import RECONCILE_EVERY
from .protect.tracker import LABEL_GRACE, LONGEST_OPEN as LONGEST_OPEN_DEFAULT

DEFAULT_POLICY = Policy()

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberOption:
    """One number of the advanced section."""

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

NUMBER_OPTIONS = (
    FRAME_COUNT,
    CLIP_BEFORE,
    CLIP_AFTER,
    CLIP_LONGEST,
    LONGEST_OPEN,
    SETTLE,
    CLIP_DEADLINE,
    CLIP_MAX_MB,
    DESCRIBE_TIMEOUT,
    RECONCILE_INTERVAL,
)

_SHOW = {SHOW_AUTOMATIC: None, Medium.CLIP.value: Medium.CLIP, Medium.FRAMES.value: Medium.FRAMES}
SHOW_CHOICES = tuple(_SHOW)


def longest_open_from(entry: ConfigEntry) -> timedelta:
    """Return how long the end of a detection is waited for."""
    return LONGEST_OPEN.read_duration(entry.options)


def label_grace_from(entry: ConfigEntry) -> timedelta:
    """Return how long better labels are waited for; who waits for no recording, not for them."""
    return min(LABEL_GRACE, SETTLE.read_duration(entry.options))


def reconcile_interval_from(entry: ConfigEntry) -> timedelta:
    """Return how often the console's own list of events is compared."""
    return RECONCILE_INTERVAL.read_duration(entry.options)


def policy_from(hass: HomeAssistant, entry: ConfigEntry, mac: str | None = None) -> Policy:  # noqa: ARG001 - cameras differ in nothing yet
    """Return the pipeline's policy for that camera as the user chose it."""
    options = entry.options
    return Policy(
        cameras=frozenset(options.get(CONF_CAMERAS, ())),
        labels=frozenset(map(Label, options.get(CONF_LABELS, DEFAULT_POLICY.labels))),
        clip_before=CLIP_BEFORE.read_duration(options),
        clip_after=CLIP_AFTER.read_duration(options),
        clip_longest=CLIP_LONGEST.read_duration(options),
        settle=SETTLE.read_duration(options),
        clip_deadline=CLIP_DEADLINE.read_duration(options),
        clip_max_bytes=int(CLIP_MAX_MB.read(options) * MEBIBYTE),
        frame_count=int(FRAME_COUNT.read(options)),
        agent_id=options.get(CONF_AGENT_ID) or None,
        show=_SHOW[options.get(CONF_SHOW, SHOW_AUTOMATIC)],
        describe_timeout=DESCRIBE_TIMEOUT.read_duration(options),
        language=options.get(CONF_LANGUAGE) or hass.config.language,
    )
