"""Protect events in, Detections out: a state machine without any input or output.

The console tells of one event several times, on up to three ways, in any order, with an end
that may come late or never; and of one incident as several events. A Detection leaves here
once, when its end was said or has been waited for long enough.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..pipeline.models import Detection
from .events import EventFrame, Source
from .incident import MOST_PARTS, Incident, Part, Span, span_of

# Ends come minutes late or never (core#166166); what is longer is described by its beginning.
# It is also how long an incident may be: the longest clip, by default.
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

type Key = tuple[str, str]
"""A camera's id and an event's."""


@dataclass(frozen=True, slots=True)
class News:
    """What has come of one thing that was said."""

    opened: Detection | None = None
    """What has begun, or is now known by other labels; it will leave under the same id."""

    left: Detection | None = None


NOTHING = News()


def _never(_camera_id: str, _event_id: str) -> bool:
    return False


class Tracker:
    """Makes one Detection of what belongs together on each known camera.

    An event that overlaps an incident which has left already becomes a Detection of its own:
    two Sightings of one visit are better than none of a second visitor.
    """

    def __init__(
        self,
        console_id: str,
        *,
        not_before: datetime,
        longest_open: timedelta = LONGEST_OPEN,
        label_grace: timedelta = LABEL_GRACE,
        merge_gap: timedelta = MERGE_GAP,
        is_done: Callable[[str, str], bool] = _never,
    ) -> None:
        """Leave out what ended before ``not_before``; wait ``longest_open`` for an end.

        What has ended waits ``label_grace`` for better labels, and ``LABEL_GRACE`` at the least
        for its first. Events no more than ``merge_gap`` apart are one incident, unless that is
        zero. ``is_done`` says of a camera's id and an event's that it was dealt with in an
        earlier life: it must not take a new one with it.
        """
        self._console_id = console_id
        self._not_before = not_before
        self._longest_open = longest_open
        self._label_grace_s = label_grace.total_seconds()
        self._merge_gap = merge_gap
        self._is_done = is_done
        self._cameras: dict[str, str] = {}
        self._incidents: dict[Incident, None] = {}
        self._of_camera: defaultdict[str, dict[Incident, None]] = defaultdict(dict)
        self._open: dict[Key, Incident] = {}
        self._finished: OrderedDict[Key, None] = OrderedDict()

    def set_cameras(self, names: dict[str, str]) -> None:
        """Tell the names of the cameras by Protect's id; events of others are left out."""
        self._cameras = names

    def observe(self, frame: EventFrame, now: datetime, clock: float) -> News:
        """Take in what was said.

        ``clock`` is the same moment as ``now``, in monotonic seconds.
        """
        key = (frame.camera_id, frame.event_id)
        if frame.camera_id not in self._cameras or key in self._finished:
            return NOTHING
        # An entry that is of the future was made by a clock that was wrong.
        self._not_before = min(self._not_before, now)
        if key not in self._open and self._is_history(frame):
            self._finish(key)
            return NOTHING
        incident, is_news = self._heard(frame, now, clock)
        if not is_news and incident.due > clock:
            return NOTHING
        incident = self._united(incident)
        incident.reckon_due(self._grace_s(incident), self._merge_gap.total_seconds())
        if incident.is_over and incident.due <= clock:
            return News(left=self._leave(incident))
        opened = self._opened(incident, now)
        if len(self._open) > MOST_OPEN:
            return News(opened, self._leave(next(iter(self._incidents))))
        return News(opened)

    def tick(self, clock: float) -> Iterator[Detection]:
        """Yield the Detections that have been waited for long enough, each as it leaves."""
        for incident in [each for each in self._incidents if each.due <= clock]:
            yield self._leave(incident)

    @property
    def next_due(self) -> float | None:
        """When ``tick`` has something to return, None while nothing is open."""
        return min((incident.due for incident in self._incidents), default=None)

    @property
    def open(self) -> frozenset[Key]:
        """What was told here and has not left yet."""
        return frozenset(self._open)

    def holds_any(self, keys: frozenset[Key]) -> bool:
        """Say whether any of these has not left yet, whatever it was merged with meanwhile."""
        return not keys.isdisjoint(self._open)

    def _is_history(self, frame: EventFrame) -> bool:
        """Say whether an event that is heard of first needs no telling."""
        # What was seen open is no history, even if the console's clock is behind.
        ended_before = frame.end is not None and frame.end < self._not_before
        return ended_before or self._is_done(frame.camera_id, frame.event_id)

    def _heard(self, frame: EventFrame, now: datetime, clock: float) -> tuple[Incident, bool]:
        """Put down what was said with the incident that it belongs to.

        Say as well whether it changes when and as what that leaves: most of what a console says
        is a better score.
        """
        key = (frame.camera_id, frame.event_id)
        ended, stays = None, 0.0
        if frame.end is not None:
            ended = clock - _ended_ago_s(frame, frame.end, now)
            if frame.source is Source.REST:
                # The list is read page by page, and what is beside it may be on the next.
                stays = clock + self._merge_gap.total_seconds()
        if (incident := self._open.get(key)) is not None:
            return incident, incident.hear(frame, ended, stays)
        incident = self._open[key] = self._home_of(frame)
        patience = clock + self._open_s(frame, now)
        incident.add(frame.event_id, Part(frame=frame, patience=patience, ended=ended, stays=stays))
        return incident, True

    def _home_of(self, frame: EventFrame) -> Incident:
        """Return the incident that an event belongs to which is heard of first."""
        is_live = frame.source is not Source.REST
        for incident in self._near(frame.camera_id, span_of(frame)):
            if len(incident.parts) < MOST_PARTS:
                incident.is_live |= is_live
                return incident
        incident = Incident(camera_id=frame.camera_id, is_live=is_live)
        self._incidents[incident] = self._of_camera[frame.camera_id][incident] = None
        return incident

    def _united(self, incident: Incident) -> Incident:
        """Return the incident together with those that what was said has brought close to it.

        Of two that were said to have begun each keeps its promise of a Detection.
        """
        near = self._near(incident.camera_id, incident.span)
        while (pair := _pair(incident, near)) is not None:
            incident, absorbed = sorted(pair, key=lambda each: not each.announced)
            incident.absorb(absorbed)
            self._open.update(dict.fromkeys(self._keys(absorbed), incident))
            self._drop(absorbed)
            near = self._near(incident.camera_id, incident.span)
        return incident

    def _near(self, camera_id: str, span: Span) -> list[Incident]:
        """Return the incidents of the camera that a stretch of time may belong to, in order.

        A look back finds hundreds on one camera, so nearly all have to be told apart by one
        comparison.
        """
        if not self._merge_gap or camera_id not in self._of_camera:
            return []
        earliest = span.start - self._merge_gap
        return [
            each
            for each in self._of_camera[camera_id]
            if each.span.end >= earliest
            and (
                each.span is span  # that is the incident itself, however long it has become
                or each.span.is_near(span, self._merge_gap, self._longest_open)
            )
        ]

    def _drop(self, incident: Incident) -> None:
        del self._incidents[incident]
        of_camera = self._of_camera[incident.camera_id]
        del of_camera[incident]
        if not of_camera:
            del self._of_camera[incident.camera_id]

    def _grace_s(self, incident: Incident) -> float:
        """Return how long after its end the incident stays."""
        if incident.is_labelled:
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

    def _opened(self, incident: Incident, now: datetime) -> Detection | None:
        """Return what has begun, if it is heard as it happens and there is something new."""
        if not incident.is_live or incident.has_only(incident.announced):
            return None
        incident.announced = incident.labels
        return incident.so_far(self._console_id, self._name(incident), now)

    def _leave(self, incident: Incident) -> Detection:
        self._drop(incident)
        for key in self._keys(incident):
            self._finish(key)
        return incident.finished(self._console_id, self._name(incident), self._longest_open)

    def _name(self, incident: Incident) -> str:
        return self._cameras.get(incident.camera_id, incident.camera_id)

    def _keys(self, incident: Incident) -> list[Key]:
        return [(incident.camera_id, event_id) for event_id in incident.parts]

    def _finish(self, key: Key) -> None:
        self._open.pop(key, None)
        self._finished[key] = None
        if len(self._finished) > MOST_FINISHED:
            self._finished.popitem(last=False)


def _pair(incident: Incident, near: list[Incident]) -> list[Incident] | None:
    """Return the incident and another that can be one with it, in their order."""
    for other in near:
        if (
            other is not incident
            and not (incident.announced and other.announced)
            and len(incident.parts) + len(other.parts) <= MOST_PARTS
        ):
            return sorted((incident, other), key=near.index)
    return None


def _ended_ago_s(frame: EventFrame, end: datetime, now: datetime) -> float:
    """Return how long the end is known: none where it is told live, whatever the clocks say."""
    if frame.source is not Source.REST:
        return 0.0
    return max(now - end, timedelta()).total_seconds()
