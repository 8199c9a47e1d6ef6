"""What goes wrong with which Detection: a table of faults, and a plan that is the same each run.

A hanging answer holds its console's one export slot for two seconds, three times if it always
hangs, and a share of them must not make the run longer than it promises: of 10,000 Detections
2,000 have a fault, of which 32 in a thousand hang once and 15 always. That is five minutes of
forty, at two consoles half of that each.
"""

from array import array
from dataclasses import dataclass
from enum import Enum, auto
from itertools import accumulate
from random import Random

from simulator.console import Reply

from .film import BLANK, SHORT, film

ONE_IN = 5

# Home Assistant lets itself be logged in three times a minute at the most, and beyond that has
# nothing but what the websockets tell: so a console forgets its log-ins once in several minutes.
_FORGETS_EVERY, _FORGETS_FIRST = 1501, 150
_RESTARTS_EVERY, _RESTARTS_FIRST = 2503, 201


class Telling(Enum):
    """How the console tells of a Detection."""

    WELL = auto()
    TWICE = auto()
    OUT_OF_ORDER = auto()
    END_UNTOLD = auto()
    LABELS_LATE = auto()
    PRIVATE_DROPS = auto()
    PUBLIC_DROPS = auto()
    BOTH_DROP = auto()
    LOG_IN_FORGOTTEN = auto()
    RESTARTS = auto()


# What is not told by a websocket is found by looking back.
FOUND_LATE = {
    Telling.END_UNTOLD,
    Telling.PRIVATE_DROPS,
    Telling.PUBLIC_DROPS,
    Telling.BOTH_DROP,
    Telling.RESTARTS,
}
# Which of the two websockets each takes away, from the neighbours too.
DROPS_PRIVATE = {Telling.PRIVATE_DROPS, Telling.BOTH_DROP, Telling.RESTARTS}
DROPS_PUBLIC = {Telling.PUBLIC_DROPS, Telling.BOTH_DROP, Telling.RESTARTS}


class Trouble(Enum):
    """What the agent does instead of answering well."""

    ERROR = auto()
    HANG = auto()
    GARBAGE = auto()
    REFUSAL = auto()
    EMPTY = auto()
    WRONG_TYPE = auto()


# What a Sighting's fallback_reason may be.
_NOTHING = frozenset({None})
_NO_CLIP = frozenset({"clip_download_failed"})
_BAD_CLIP = frozenset({"clip_unreadable"})
# The agent of one console is shown clips, that of the other pictures.
_NO_ANSWER = frozenset({"agent_failed", "agent_rejected_clip"})
_LATE_ANSWER = frozenset({None, "agent_rejected_clip"})


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault."""

    name: str
    weight: int
    """Of a thousand faults at random, about; 0 for what comes by its number."""

    says: frozenset[str | None] = _NOTHING
    """The ``fallback_reason`` that its Sightings have, unless a neighbour's fault hit them too."""

    times: int | None = None
    """Only the first so many tries go wrong; None: all of them."""

    export: Reply | None = None
    picture: Reply | None = None
    """Of thumbnails, recorded and live snapshots."""

    event: Reply | None = None
    """Of the question about this event."""

    telling: Telling = Telling.WELL
    agent: Trouble | None = None
    disk_full: bool = False


def _sent(data: bytes) -> Reply:
    return Reply(content=data, content_type="video/mp4")


def _table() -> tuple[Fault, ...]:
    """Return the faults; the first is none."""
    e403, e500 = Reply.error(403), Reply.error(500)
    return (
        Fault("none", 0),
        Fault("forgets its log-ins", 0, _NOTHING | _NO_CLIP, telling=Telling.LOG_IN_FORGOTTEN),
        Fault("restarts", 0, _NOTHING | _NO_CLIP, telling=Telling.RESTARTS),
        # The console, for the first try: the second brings the clip.
        Fault("not ready once", 90, times=1, export=Reply.not_ready()),
        Fault("500 once", 60, times=1, export=e500),
        Fault("429 once", 40, times=1, export=Reply.too_many()),
        Fault("reset once", 40, times=1, export=Reply.reset()),
        Fault("reset in body once", 30, times=1, export=Reply.reset_in_body()),
        Fault("truncated once", 30, times=1, export=Reply.truncated()),
        Fault("empty once", 30, times=1, export=Reply.empty()),
        Fault("short once", 20, times=1, export=_sent(film(SHORT))),
        Fault("hangs once", 14, times=1, export=Reply.hang()),
        Fault("hangs in body once", 10, times=1, export=Reply.hang_in_body()),
        Fault("drips once", 8, times=1, export=Reply.drip()),
        # And for ever.
        Fault("not ready", 50, _NO_CLIP, export=Reply.not_ready()),
        Fault("500", 40, _NO_CLIP, export=e500),
        Fault("429", 20, _NO_CLIP, export=Reply.too_many()),
        Fault("403", 10, _NO_CLIP, export=e403),
        Fault("reset", 20, _NO_CLIP, export=Reply.reset()),
        Fault("truncated", 30, _NO_CLIP, export=Reply.truncated()),
        Fault("empty", 30, _NO_CLIP, export=Reply.empty()),
        Fault("garbage", 30, _BAD_CLIP, export=Reply.garbage()),
        Fault("web page", 20, _BAD_CLIP, export=Reply.html()),
        Fault("hangs", 6, _NO_CLIP, export=Reply.hang()),
        Fault("hangs in body", 5, _NO_CLIP, export=Reply.hang_in_body()),
        Fault("drips", 4, _NO_CLIP, export=Reply.drip()),
        # Of a larger file some frames are in the half that came.
        Fault("half a file", 30, _NOTHING | _BAD_CLIP, export=Reply.wrong_length()),
        # What can be looked at is no loss.
        Fault("black", 30, export=_sent(film(BLANK))),
        Fault("short", 20, export=_sent(film(SHORT))),
        # Without any picture there is still what Protect says.
        Fault("no picture either", 30, _NO_CLIP, export=e500, picture=e500),
        Fault("thumbnail hangs", 6, _NO_CLIP, times=1, export=e403, picture=Reply.hang()),
        Fault("event unknown", 30, event=Reply.error(404)),
        Fault("event 500", 20, event=e500),
        Fault("event hangs", 4, event=Reply.hang()),
        # How it is told.
        Fault("told twice", 40, telling=Telling.TWICE),
        Fault("told out of order", 30, telling=Telling.OUT_OF_ORDER),
        Fault("end untold", 24, telling=Telling.END_UNTOLD),
        Fault("labels late", 20, telling=Telling.LABELS_LATE),
        Fault("private websocket drops", 6, telling=Telling.PRIVATE_DROPS),
        Fault("public websocket drops", 6, telling=Telling.PUBLIC_DROPS),
        Fault("both websockets drop", 3, telling=Telling.BOTH_DROP),
        # The agent.
        Fault("agent fails once", 40, _LATE_ANSWER, times=1, agent=Trouble.ERROR),
        Fault("agent fails", 30, _NO_ANSWER, agent=Trouble.ERROR),
        Fault("agent hangs", 8, _NO_ANSWER, agent=Trouble.HANG),
        Fault("agent babbles", 30, _NO_ANSWER, agent=Trouble.GARBAGE),
        Fault("agent refuses", 20, _NO_ANSWER, agent=Trouble.REFUSAL),
        Fault("agent says nothing", 20, _NO_ANSWER, agent=Trouble.EMPTY),
        Fault("agent answers a list", 20, _NO_ANSWER, agent=Trouble.WRONG_TYPE),
        # The media folder.
        Fault("disk full", 30, _NO_CLIP, disk_full=True),
    )


FAULTS = _table()


def plan(count: int, seed: int) -> array[int]:
    """Return the index in FAULTS for each Detection."""
    dice = Random(seed)  # noqa: S311 - no secret
    weights = list(accumulate(fault.weight for fault in FAULTS))
    indexes = range(len(FAULTS))
    chosen = array("B")
    for number in range(count):
        faulty = dice.random() < 1 / ONE_IN
        (index,) = dice.choices(indexes, cum_weights=weights)
        if number % _FORGETS_EVERY == _FORGETS_FIRST:
            chosen.append(1)
        elif number % _RESTARTS_EVERY == _RESTARTS_FIRST:
            chosen.append(2)
        else:
            chosen.append(index if faulty else 0)
    return chosen
