"""The six phases in which Home Assistant is killed, and the proof that it was in them."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
import json
from pathlib import Path
from types import MappingProxyType

from simulator.console import Camera, Reply
from simulator.console.models import Request
from simulator.demo.home import media_in
from simulator.model import Call, ModelFault

from .database import database_in, rows_in, told_of
from .hearing import Heard
from .street import Street

ARRIVAL_S = 60.0
"""Settling, the export slot behind two others and a decode take ten seconds; the rest is for a
machine that does other things."""

# Its row is looked for so often, from the outside.
_LOOK_EVERY_S = 0.05

# The light film in some twenty seconds: nobody waits for the end of it here.
_DRIP = 16_384


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One round, as its phase sees it."""

    street: Street
    camera: Camera
    """Where the detection is that is aimed at."""

    event_id: str
    since: float
    """When that began, as ``time.monotonic()``."""

    heard: Heard
    config: Path

    @property
    def exports(self) -> list[Request]:
        """What the console was asked for of the detection's recording."""
        return [
            request
            for request in self.street.console.requests_to("/video/export")
            if request.started >= self.since and request.query.get("camera") == self.camera.id
        ]

    @property
    def questions(self) -> list[Call]:
        """What the model was asked about it."""
        return [
            call
            for call in self.street.model.calls
            if call.at >= self.since and self.camera.name in call.prompt
        ]

    @property
    def is_stored(self) -> bool:
        """Whether its row is committed."""
        return self.event_id in told_of(rows_in(database_in(self.config)))

    @property
    def is_owed(self) -> bool:
        """Whether the ledger on the disk does not know yet that its row is there."""
        return any(
            self.event_id in json.dumps(json.loads(path.read_text())["data"][key])
            for path in (self.config / ".storage").glob("protect_narrator.*")
            for key in ("unfinished", "fired")
        )


def clips_in(config: Path) -> Path:
    """Return where Protect Narrator keeps its clips."""
    return media_in(config) / "protect_narrator" / ".clips"


def is_being_decoded(clips: Path, size: int) -> bool:
    """Say whether a clip of that many bytes lies there with no picture of it beside it yet."""
    return any(
        clip.stat().st_size == size and [*clip.parent.iterdir()] == [clip]
        for clip in clips.glob("*/clip.mp4")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """One phase of a Detection's way."""

    summary: str
    set_trap: Callable[[Scene], None] = lambda _scene: None
    """Makes the phase long enough to be caught; called before the detection ends."""

    arrival: Callable[[Scene], Awaitable[None]]
    """Returns when the phase has begun, the detection being over; raises TimeoutError."""

    linger_s: float
    """The kill comes at random within so many seconds after that."""

    left: Callable[[Scene], str | None] = lambda _scene: None
    """Says why the phase is over; asked in the very moment of the kill."""

    missed: Callable[[Scene], str | None]
    """Says why it was not hit after all; asked when Home Assistant is dead."""


async def _at_once(_scene: Scene) -> None:
    """Return: the console has just told that the detection is over."""


def _not_settling(scene: Scene) -> str | None:
    if not scene.street.console.open_private_websockets:
        return "nobody heard of its end"
    return _asked_for_clip(scene)


def _asked_for_clip(scene: Scene) -> str | None:
    return "its clip was asked for already" if scene.exports else None


def _drip(scene: Scene) -> None:
    scene.street.console.faults.export = {scene.camera.id: Reply.drip(_DRIP)}


def _running(scene: Scene) -> bool:
    return scene.street.console.exports_running > 0 and any(
        export.finished is None for export in scene.exports
    )


async def _download_begins(scene: Scene) -> None:
    await scene.street.console.wait_for(lambda: _running(scene), ARRIVAL_S)


def _not_running(scene: Scene) -> str | None:
    return None if _running(scene) else "its export was over already"


def _was_sent(scene: Scene) -> str | None:
    torn = all(export.client_left or export.status != 200 for export in scene.exports)
    return None if torn else "its clip was sent to the end"


def _make_heavy(scene: Scene) -> None:
    scene.street.film.heavy_at.add(scene.camera.name)


def _is_sent(scene: Scene) -> bool:
    return any(
        export.finished is not None and export.status == 200 and not export.client_left
        for export in scene.exports
    )


async def _download_ends(scene: Scene) -> None:
    await scene.street.console.wait_for(lambda: _is_sent(scene), ARRIVAL_S)


def _not_decoding(scene: Scene) -> str | None:
    if scene.questions:
        return "the model was asked already"
    # Only the recording that is aimed at has this length.
    size = len(scene.street.film.heavy)
    decoding = is_being_decoded(clips_in(scene.config), size)
    return None if decoding else "its clip did not lie there without its pictures"


def _hang(scene: Scene) -> None:
    scene.street.model.fault = ModelFault.hang()


async def _question_comes(scene: Scene) -> None:
    await scene.street.model.wait_for(lambda: bool(scene.questions), ARRIVAL_S)


def _not_waited_for(scene: Scene) -> str | None:
    waiting = scene.street.model.open_requests > 0
    return None if waiting else "nobody waited for an answer any more"


def _was_told(scene: Scene) -> str | None:
    told = scene.heard.at(scene.event_id) is not None or scene.is_stored
    return "it was told without an answer" if told else None


async def _event_comes(scene: Scene) -> None:
    await scene.heard.wait_for(scene.event_id)


def _was_committed(scene: Scene) -> str | None:
    return "the recorder had committed its row already" if scene.is_stored else None


async def _row_comes(scene: Scene) -> None:
    while not await asyncio.to_thread(lambda: scene.is_stored):  # noqa: ASYNC110 - no file tells
        await asyncio.sleep(_LOOK_EVERY_S)


def _was_receipted(scene: Scene) -> str | None:
    if not scene.is_stored:
        return "its row was not there after all"
    return None if scene.is_owed else "the ledger knew of its row already"


PHASES: Mapping[str, Phase] = MappingProxyType(
    {
        "settle": Phase(
            summary="the Detection waits for its recording",
            arrival=_at_once,
            # The integration is set up to wait for three seconds.
            linger_s=2.8,
            left=_not_settling,
            missed=_asked_for_clip,
        ),
        "download": Phase(
            summary="the console sends its clip",
            set_trap=_drip,
            arrival=_download_begins,
            linger_s=2.0,
            left=_not_running,
            missed=_was_sent,
        ),
        "decoding": Phase(
            summary="its clip is there and is decoded",
            set_trap=_make_heavy,
            arrival=_download_ends,
            linger_s=0.8,
            missed=_not_decoding,
        ),
        "answer": Phase(
            summary="the AI is at work",
            set_trap=_hang,
            arrival=_question_comes,
            linger_s=2.0,
            left=_not_waited_for,
            missed=_was_told,
        ),
        "publishing": Phase(
            summary="its event was fired and not committed yet",
            arrival=_event_comes,
            # The recorder commits every five seconds: a later kill would mostly miss.
            linger_s=2.5,
            missed=_was_committed,
        ),
        "receipt": Phase(
            summary="its row is there, and the ledger does not know of it",
            arrival=_row_comes,
            # A row is read back a second after its commit, and the ledger written by then.
            linger_s=0.6,
            missed=_was_receipted,
        ),
    }
)
