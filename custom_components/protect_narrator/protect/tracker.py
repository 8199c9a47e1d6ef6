"""Protect events in, Detections out: a state machine without any input or output.

The console tells of one event several times, on up to three ways, in any order, with an end
that may come late or never. A Detection leaves here once, when its end was said or has been
waited for long enough.
"""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ..pipeline.models import Detection, Label, ranked
from .events import EventFrame, Source

# Ends come minutes late or never (core#166166); what is longer is described by its beginning.
LONGEST_OPEN = timedelta(seconds=60)

# What it saw may be said after the end (core#124967; core itself waits as long for plates). A
# Detection that has left is judged by what it has: a label that is wanted would come too late.
LABEL_GRACE = timedelta(seconds=3)

# One incident is told as several events, over zones and lines, that follow each other closely.
MERGE_GAP = timedelta(seconds=5)

# More events than any home has open at once: beyond it the oldest are taken for ended.
MOST_OPEN = 1000

# The look-back over REST tells of finished events again and again; an hour of a busy site.
MOST_FINISHED = 5000

type _Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Open:
    """An event that has not left yet."""

    frame: EventFrame
    """All that was said so far; its source is REST where no websocket has told of it."""

    due: float
    """When it leaves, unless more is said; monotonic seconds, because a wall clock that is set
    back must hold nobody up."""

    ended: float | None
    """When its end was told first: told again, it holds nobody up. None while it goes on."""


class Tracker:
    """Makes one Detection of each Protect event of a known camera."""

    def __init__(
        self,
        console_id: str,
        *,
        not_before: datetime,
        longest_open: timedelta = LONGEST_OPEN,
        label_grace: timedelta = LABEL_GRACE,
    ) -> None:
        """Leave out what ended before ``not_before``; wait ``longest_open`` for an end.

        What has ended waits ``label_grace`` for better labels, and ``LABEL_GRACE`` at the least
        for its first.
        """
        self._console_id = console_id
        self._not_before = not_before
        self._longest_open = longest_open
        self._label_grace_s = label_grace.total_seconds()
        self._cameras: dict[str, str] = {}
        self._open: OrderedDict[_Key, _Open] = OrderedDict()
        self._finished: OrderedDict[_Key, None] = OrderedDict()

    def set_cameras(self, names: dict[str, str]) -> None:
        """Tell the names of the cameras by Protect's id; events of others are left out."""
        self._cameras = names

    def observe(self, frame: EventFrame, now: datetime, clock: float) -> Detection | None:
        """Take in what was said; return the Detection if that has ended one.

        ``clock`` is the same moment as ``now``, in monotonic seconds.
        """
        key = (frame.event_id, frame.camera_id)
        if frame.camera_id not in self._cameras or key in self._finished:
            return None
        known = self._open.get(key)
        # What was seen open is no history, even if the console's clock is behind.
        if known is None and frame.end is not None and frame.end < self._not_before:
            self._forget(key)
            return None
        merged = frame if known is None else _merged(known.frame, frame)
        ended = None if known is None else known.ended
        if ended is None and frame.end is not None:
            ended = clock - _ended_ago_s(frame, frame.end, now)
        if ended is not None:
            due = ended + self._grace_s(merged)
        else:
            due = clock + self._open_s(frame, now) if known is None else known.due
        self._open[key] = _Open(merged, due, ended)
        if ended is not None and due <= clock:
            return self._leave(key)
        if len(self._open) > MOST_OPEN:
            return self._leave(next(iter(self._open)))
        return None

    def tick(self, clock: float) -> Iterator[Detection]:
        """Yield the Detections that have been waited for long enough, each as it leaves."""
        for key in [key for key, event in self._open.items() if event.due <= clock]:
            yield self._leave(key)

    @property
    def next_due(self) -> float | None:
        """When ``tick`` has something to return, None while nothing is open."""
        return min((event.due for event in self._open.values()), default=None)

    def _grace_s(self, frame: EventFrame) -> float:
        """Return how long after its end the event stays."""
        if frame.labels:
            return self._label_grace_s
        return max(self._label_grace_s, LABEL_GRACE.total_seconds())

    def _open_s(self, frame: EventFrame, now: datetime) -> float:
        """Return how long the event's end is waited for.

        What is told live has just begun, whatever the console's clock says; what the look-back
        finds may have been open for long.
        """
        if frame.source is not Source.REST:
            return self._longest_open.total_seconds()
        return max(min(frame.start, now) + self._longest_open - now, timedelta()).total_seconds()

    def _leave(self, key: _Key) -> Detection:
        frame = self._open[key].frame
        self._forget(key)
        end = frame.end or frame.start + self._longest_open
        return Detection(
            console_id=self._console_id,
            camera_id=frame.camera_id,
            camera_name=self._cameras.get(frame.camera_id, frame.camera_id),
            event_ids=(frame.event_id,),
            labels=_telling(frame.labels or (Label.OTHER,)),
            start=frame.start,
            end=end,
            end_estimated=frame.end is None,
            score=frame.score,
            license_plates=frame.license_plates,
            faces=frame.faces,
            late=frame.source is Source.REST,
        )

    def _forget(self, key: _Key) -> None:
        self._open.pop(key, None)
        self._finished[key] = None
        if len(self._finished) > MOST_FINISHED:
            self._finished.popitem(last=False)


def _ended_ago_s(frame: EventFrame, end: datetime, now: datetime) -> float:
    """Return how long the end is known: none where it is told live, whatever the clocks say."""
    if frame.source is not Source.REST:
        return 0.0
    return max(now - end, timedelta()).total_seconds()


def _merged(first: EventFrame, then: EventFrame) -> EventFrame:
    """Unite what was said about one event; what was told live is not late."""
    return replace(
        first,
        labels=ranked((*first.labels, *then.labels)),
        start=min(first.start, then.start),
        end=then.end or first.end,
        score=max(filter(None, (first.score, then.score)), default=None),
        license_plates=united(first.license_plates, then.license_plates),
        faces=united(first.faces, then.faces),
        source=then.source if first.source is Source.REST else first.source,
    )


def refreshed(detection: Detection, frame: EventFrame, now: datetime) -> Detection:
    """Return the Detection as the console knows it now; it never loses what was known.

    An event that is still open has lasted until now.
    """
    end = frame.end or max(detection.end, now)
    return replace(
        detection,
        labels=_telling((*detection.labels, *frame.labels)),
        end=end,
        end_estimated=frame.end is None,
        score=max(filter(None, (detection.score, frame.score)), default=None),
        license_plates=united(detection.license_plates, frame.license_plates),
        faces=united(detection.faces, frame.faces),
    )


def united(first: tuple[str, ...], then: tuple[str, ...]) -> tuple[str, ...]:
    """Return the distinct values of both, in their order."""
    return tuple(dict.fromkeys((*first, *then)))


def _telling(labels: tuple[Label, ...]) -> tuple[Label, ...]:
    """Drop the placeholder as soon as something better is known."""
    distinct = ranked(labels)
    return tuple(label for label in distinct if label is not Label.OTHER) or distinct
