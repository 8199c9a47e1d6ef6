"""A fault: what it is called, where it was seen, how it is played, and what must come of it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
import re
from typing import Any

from simulator.console import Reply
from simulator.model import ModelFault

from .stage import Stage

type Play = Callable[[Stage], Awaitable[None] | None]


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Fault:
    """One row of the table."""

    name: str
    seen: str
    """Where real people met it, or who could."""

    play: Play | None = None
    """Begins it; None where a story of its own does."""

    fallbacks: tuple[str, ...] = ()
    """What the Sighting must say was lost."""

    medium: str = "frames"
    tries: range = range(100)
    """How many downloads are right."""

    late: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)

    spares_the_other: bool = True
    """Whether a Detection of another camera, at the same time, has all it wants."""

    mixes: bool = True
    """Whether it is played together with others: not, where it waits for what they keep away."""

    says_once: tuple[str, ...] = ()
    """Beginnings of what the log says about it, once."""

    @property
    def slug(self) -> str:
        """The name as a file's or a test's."""
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")


ONCE = range(1, 2)
AGAIN = range(3, 10)
"""What may pass is tried three times at least."""


def answers(endpoint: str, *replies: Reply | None) -> Play:
    """Return what lets that endpoint answer so: one Reply for ever, or one after the other.

    Of the endpoints that are about a camera, only for the one that the fault is about.
    """
    plan = replies[0] if len(replies) == 1 else list(replies)
    whole = endpoint in {"events", "cameras", "login", "everything"}

    def play(stage: Stage) -> None:
        setattr(stage.console.faults, endpoint, plan if whole else {stage.camera.id: plan})

    return play


def together(*plays: Play) -> Play:
    """Return what plays all of them."""

    async def play(stage: Stage) -> None:
        for each in plays:
            if (playing := each(stage)) is not None:
                await playing

    return play


def switched(**switches: object) -> Play:
    """Return what sets these switches of the console."""

    def play(stage: Stage) -> None:
        for name, value in switches.items():
            setattr(stage.console.faults, name, value)

    return play


def model_fails(fault: ModelFault) -> Play:
    """Return what lets the model fail so."""

    def play(stage: Stage) -> None:
        stage.model.fault = fault

    return play
