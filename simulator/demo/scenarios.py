"""What goes wrong in the demo, and which Sighting is promised all the same."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from simulator.console import Reply
from simulator.model import ModelFault

from .client import Json
from .errors import DemoError
from .world import Seen, World


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What a Sighting says; None where anything may be said, except as reason."""

    reason: str | None = None
    medium: str | None = None
    detail: str | None = None
    clip_attempts: int | None = None

    def check(self, sighting: Json) -> None:
        """Raise DemoError when the Sighting is not what was promised."""
        wanted: dict[str, object] = {"fallback_reason": self.reason}
        others = {
            "medium": self.medium,
            "fallback_detail": self.detail,
            "clip_attempts": self.clip_attempts,
        }
        wanted |= {key: value for key, value in others.items() if value is not None}
        wrong = [
            f"{key} is {sighting.get(key)!r} and not {value!r}"
            for key, value in wanted.items()
            if sighting.get(key) != value
        ]
        if wrong:
            raise DemoError(f"not the Sighting that was promised: {', '.join(wrong)}")


async def _one(world: World) -> list[Seen]:
    return [await world.detection()]


async def _restart(world: World) -> list[Seen]:
    return [await world.detection_with_restart()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What happens in one run of the demo; the README lists all of them."""

    summary: str
    promise: Promise
    go_wrong: Callable[[World], None] = lambda _world: None
    """Called before each detection, so never before everything is set up."""

    options: Mapping[str, Json] = MappingProxyType({})
    """What is filled into forms of our options, by their step, before anything happens."""

    happen: Callable[[World], Coroutine[None, None, list[Seen]]] = _one
    """Makes the detections and returns when they are over."""

    is_quiet: bool = False
    """Whether nothing goes wrong, so that the log has no warning of ours."""

    needs_our_model: bool = False


def _clip(reply: Reply) -> Callable[[World], None]:
    """Return what lets every export be answered so."""

    def go_wrong(world: World) -> None:
        world.console.faults.export = reply

    return go_wrong


def _not_ready_twice(world: World) -> None:
    world.console.faults.export = [Reply.not_ready(), Reply.not_ready()]


def _no_media(world: World) -> None:
    world.console.faults.no_media = True


def _ai(fault: ModelFault) -> Callable[[World], None]:
    """Return what lets every question to the model end so."""

    def go_wrong(world: World) -> None:
        if world.model is not None:
            world.model.fault = fault

    return go_wrong


_NO_CLIP = "clip_download_failed"

SCENARIOS: Mapping[str, Scenario] = MappingProxyType(
    {
        "ok": Scenario(
            summary="nothing goes wrong",
            promise=Promise(medium="frames"),
            is_quiet=True,
        ),
        "clip-not-ready": Scenario(
            summary="the clip is not ready twice (404 naming 502)",
            promise=Promise(clip_attempts=3),
            go_wrong=_not_ready_twice,
        ),
        "clip-never": Scenario(
            summary="every export ends with 500",
            promise=Promise(reason=_NO_CLIP, medium="snapshot"),
            go_wrong=_clip(Reply.error(500)),
        ),
        "clip-truncated": Scenario(
            summary="every export ends half-way",
            promise=Promise(reason=_NO_CLIP, detail="truncated", medium="snapshot"),
            go_wrong=_clip(Reply.truncated()),
        ),
        "clip-garbage": Scenario(
            summary="every export is complete and no video",
            promise=Promise(reason="clip_unreadable", medium="snapshot"),
            go_wrong=_clip(Reply.garbage()),
        ),
        "no-media": Scenario(
            summary="the user may not read recordings, only live pictures",
            promise=Promise(reason=_NO_CLIP, detail="no_access", medium="snapshot"),
            go_wrong=_no_media,
        ),
        "ai-down": Scenario(
            summary="the model server answers every question with 500",
            promise=Promise(reason="agent_failed"),
            go_wrong=_ai(ModelFault.error(500)),
            needs_our_model=True,
        ),
        "ai-garbage": Scenario(
            summary="the model's answers fit no structure",
            promise=Promise(reason="agent_failed"),
            go_wrong=_ai(ModelFault.unfit()),
            needs_our_model=True,
        ),
        "console-restart": Scenario(
            summary="both websockets drop during a detection and come back",
            promise=Promise(),
            happen=_restart,
        ),
        "burst": Scenario(
            summary="twelve detections at once on twelve cameras",
            promise=Promise(),
            happen=World.twelve_detections,
            is_quiet=True,
        ),
    }
)
