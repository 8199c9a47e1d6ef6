"""What one camera tells as several events that belong together, and what becomes of it."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from ..pipeline.models import Detection, Label, ranked
from ..pipeline.text import MOST_NAMES
from .events import EventFrame, Source, views_within

# Each is asked for again before the clip is fetched, and all their ids are in the record. One
# walk through zones and over lines is a handful; what has more parts is told as two.
MOST_PARTS = 12

_FOR_EVER = datetime.max.replace(tzinfo=UTC)


@dataclass(slots=True, kw_only=True)
class Part:
    """One of Protect's events; times are monotonic seconds, which nobody can set back."""

    frame: EventFrame
    """All that was said so far; its source is REST where no websocket has told of it."""

    patience: float
    """How long its end is waited for."""

    ended: float | None = None
    """When its end was told first: told again, it holds nobody up. None while it goes on."""

    stays: float = 0.0
    """It leaves no earlier, because its neighbours may not be told yet."""

    def hear(self, frame: EventFrame, ended: float | None, stays: float) -> bool:
        """Take in what else is said of it; say whether its labels or its times are others now."""
        before, self.frame = self.frame, _merged(self.frame, frame)
        has_ended = self.ended is None and ended is not None
        if has_ended:
            self.ended, self.stays = ended, stays
        after = self.frame
        return has_ended or (before.labels, before.start, before.end) != (
            after.labels,
            after.start,
            after.end,
        )


@dataclass(frozen=True, slots=True)
class Span:
    """When something began and ended, on the console's clock."""

    start: datetime
    end: datetime
    last_start: datetime
    """When the last of its parts began."""

    def is_near(self, other: Span, gap: timedelta, longest: timedelta) -> bool:
        """Say whether both are one incident: close enough together, and not too long.

        Of what is longer than ``longest`` only the beginning is seen. What begins late and only
        follows is told for itself, for it would be seen in part, and then it is seen whole.
        """
        overlap = self.start < other.end and other.start < self.end
        starts = (self.start, other.start, self.last_start, other.last_start)
        return (
            self.start - gap <= other.end
            and other.start - gap <= self.end
            and max(starts) - min(starts) <= (longest if overlap else longest / 2)
        )


@dataclass(slots=True, eq=False, kw_only=True)
class Incident:
    """Events of one camera that are told as one Detection; the first that was told names it."""

    camera_id: str
    parts: dict[str, Part] = field(default_factory=dict)
    """By Protect's id, the first first."""

    is_live: bool
    """Whether any of its events was heard of first by a websocket, as it happened."""

    announced: tuple[Label, ...] = ()
    """The labels with which it was last said to have begun."""

    due: float = 0.0
    """When it leaves, unless more is said; monotonic seconds."""

    _span: Span | None = None
    """Kept until something else is said: neighbours are compared by the thousand."""

    def add(self, event_id: str, part: Part) -> None:
        """Take in an event that is heard of first."""
        self.parts[event_id] = part
        self._span = None

    def hear(self, frame: EventFrame, ended: float | None, stays: float) -> bool:
        """Take in what else is said of one of its events; see ``Part.hear``."""
        is_news = self.parts[frame.event_id].hear(frame, ended, stays)
        if is_news:
            self._span = None
        return is_news

    @property
    def labels(self) -> tuple[Label, ...]:
        """What was seen or heard; empty while nothing of that was said."""
        return ranked(label for part in self.parts.values() for label in part.frame.labels)

    @property
    def is_labelled(self) -> bool:
        """Whether it was said what was seen or heard."""
        return any(part.frame.labels for part in self.parts.values())

    def has_only(self, labels: Collection[Label]) -> bool:
        """Say whether nothing was seen or heard but these."""
        return all(label in labels for part in self.parts.values() for label in part.frame.labels)

    @property
    def span(self) -> Span:
        """The stretch of time of what counts; what goes on has no end yet."""
        if self._span is None:
            frames = [part.frame for part in self._counting()]
            starts = [frame.start for frame in frames]
            self._span = Span(
                min(starts), max(frame.end or _FOR_EVER for frame in frames), max(starts)
            )
        return self._span

    @property
    def is_over(self) -> bool:
        """Whether nothing goes on that would be waited for."""
        return self._rung() is not None or all(part.ended is not None for part in self._counting())

    def absorb(self, other: Incident) -> None:
        """Take over the parts of another, of which it was not said that it has begun."""
        self.parts |= other.parts
        self.is_live |= other.is_live
        self._span = None

    def reckon_due(self, grace_s: float, gap_s: float) -> None:
        """Find out when it leaves: ``grace_s`` after its end, or when that was waited for long.

        What begins within ``gap_s`` still belongs to it. Only a ring waits for nothing but its
        own labels, whatever else goes on: somebody stands at the door.
        """
        parts = self._counting()
        if (rung := self._rung()) is not None and rung.ended is not None:
            self.due = max(rung.ended + grace_s, rung.stays)
            return
        patience = min(part.patience for part in parts)
        hold_s = max(grace_s, gap_s)
        self.due = max(
            max(patience if part.ended is None else part.ended + hold_s, part.stays)
            for part in parts
        )

    def _rung(self) -> Part | None:
        """Return the first ring that is over."""
        for part in self.parts.values():
            if Label.RING in part.frame.labels and part.ended is not None:
                return part
        return None

    def _counting(self) -> list[Part]:
        """Return the parts that make it as long as it is.

        A tree moves for minutes around the person who passes: bare motion is part of what
        happened, but neither stretches it nor holds it up.
        """
        parts = list(self.parts.values())
        return [part for part in parts if not _is_mere_motion(part.frame)] or parts

    def so_far(self, console_id: str, camera_name: str, now: datetime) -> Detection:
        """Return it as a Detection that goes on."""
        return self._detection(console_id, camera_name, max(now, self.span.start), estimated=True)

    def finished(self, console_id: str, camera_name: str, longest: timedelta) -> Detection:
        """Return the whole as a Detection; what never ended has lasted for ``longest``."""
        frames = [part.frame for part in self._counting()]
        ends = [frame.end for frame in frames if frame.end is not None]
        goes_on = len(ends) < len(frames)
        guess = self.span.start + longest
        if not goes_on or (ends and self._rung() is not None):
            return self._detection(console_id, camera_name, max(ends), estimated=goes_on)
        return self._detection(
            console_id,
            camera_name,
            max([guess, *ends]),
            estimated=all(end <= guess for end in ends),
        )

    def _detection(
        self, console_id: str, camera_name: str, end: datetime, *, estimated: bool
    ) -> Detection:
        frames = [part.frame for part in self.parts.values()]
        start = self.span.start
        return Detection(
            console_id=console_id,
            camera_id=self.camera_id,
            camera_name=camera_name,
            event_ids=tuple(self.parts),
            labels=_telling(self.labels or (Label.OTHER,)),
            start=start,
            end=end,
            end_estimated=estimated,
            score=max((frame.score for frame in frames if frame.score), default=None),
            license_plates=_united(*(frame.license_plates for frame in frames)),
            faces=_united(*(frame.faces for frame in frames)),
            zones=_united(*(frame.zones for frame in frames)),
            best_views=views_within(
                (view for frame in frames for view in frame.best_views), start, end
            ),
            late=all(frame.source is Source.REST for frame in frames),
        )


def span_of(frame: EventFrame) -> Span:
    """Return the stretch of time of one event."""
    return Span(frame.start, frame.end or _FOR_EVER, frame.start)


def refreshed(detection: Detection, frames: Sequence[EventFrame], now: datetime) -> Detection:
    """Return the Detection as the console knows its events now; nothing that was known is lost.

    What is still open has lasted until now. Only of a ring no later end is taken: it would be
    waited for. Nor does bare motion say how long it lasted, where that was only part of it.
    """
    counting = [frame for frame in frames if not _is_mere_motion(frame)]
    if not counting and set(detection.labels) == {Label.MOTION}:
        counting = list(frames)
    goes_on = any(frame.end is None for frame in counting)
    end = max((frame.end or now for frame in counting), default=detection.end)
    if not counting:
        goes_on = detection.end_estimated
    elif goes_on or len(frames) < len(detection.event_ids):
        end = max(end, detection.end)
    if Label.RING in detection.labels:
        end = min(end, detection.end)
    views = (view for frame in frames for view in frame.best_views)
    return replace(
        detection,
        labels=_telling((*detection.labels, *(label for each in frames for label in each.labels))),
        end=end,
        end_estimated=goes_on,
        score=max(filter(None, (detection.score, *(each.score for each in frames))), default=None),
        license_plates=_united(
            detection.license_plates, *(frame.license_plates for frame in frames)
        ),
        faces=_united(detection.faces, *(frame.faces for frame in frames)),
        zones=_united(detection.zones, *(frame.zones for frame in frames)),
        best_views=views_within((*detection.best_views, *views), detection.start, end),
    )


def _merged(first: EventFrame, then: EventFrame) -> EventFrame:
    """Unite what was said about one event; what was told live is not late."""
    start, end = min(first.start, then.start), then.end or first.end
    return replace(
        first,
        labels=first.labels
        if first.labels == then.labels
        else ranked((*first.labels, *then.labels)),
        start=start,
        end=end,
        score=max(filter(None, (first.score, then.score)), default=None),
        license_plates=_united(first.license_plates, then.license_plates),
        faces=_united(first.faces, then.faces),
        zones=_united(first.zones, then.zones),
        best_views=views_within((*first.best_views, *then.best_views), start, end),
        source=then.source if first.source is Source.REST else first.source,
    )


def _is_mere_motion(frame: EventFrame) -> bool:
    return frame.labels == (Label.MOTION,)


def _united(*names: Iterable[str]) -> tuple[str, ...]:
    """Return the distinct values of all, in their order."""
    return tuple(dict.fromkeys(name for some in names for name in some))[:MOST_NAMES]


def _telling(labels: Iterable[Label]) -> tuple[Label, ...]:
    """Drop the placeholder as soon as something better is known."""
    distinct = ranked(labels)
    return tuple(label for label in distinct if label is not Label.OTHER) or distinct
