"""Questions about what was filmed, and the one way in which tests put them to an agent."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from homeassistant.core import HomeAssistant

from custom_components.protect_narrator.describer import HomeAssistantDescriber
from custom_components.protect_narrator.pipeline.answer import FIELDS
from custom_components.protect_narrator.pipeline.models import Evidence, MediaFile, Medium
from custom_components.protect_narrator.pipeline.ports import Question
from simulator.vendors import Request
from simulator.video import Recorder, Scene

CAMERA = "Front door"
START = datetime(2026, 11, 24, 8, 30, 15, tzinfo=UTC)
_CROSSING = timedelta(seconds=8)
_SMALL = Scene(width=320, height=180, fps=5)


async def ask(hass: HomeAssistant, agent_id: str, question: Question) -> Mapping[str, object] | str:
    """Return the agent's raw answer."""
    return (await HomeAssistantDescriber(hass, agent_id).ask(question)).raw


def filmed(folder: Path, colour: str, mime_type: str = "image/jpeg") -> Question:
    """Let somebody of that colour walk by, and ask about two stills of it. Blocking."""
    recorder = Recorder()
    recorder.walk(CAMERA, colour, START, START + _CROSSING)
    files = []
    for second in (2, 5):
        path = folder / f"{colour}-{second}.jpg"
        path.write_bytes(recorder.still(CAMERA, START + timedelta(seconds=second)))
        files.append(MediaFile(path, mime_type))
    return _about(Medium.FRAMES, files)


def filmed_clip(folder: Path, colour: str) -> Question:
    """Let somebody of that colour walk by, and ask about the clip of it. Blocking."""
    recorder = Recorder(_SMALL)
    recorder.walk(CAMERA, colour, START, START + _CROSSING)
    path = folder / f"{colour}.mp4"
    path.write_bytes(recorder.clip(CAMERA, START, START + _CROSSING))
    return _about(Medium.CLIP, [MediaFile(path, "video/mp4")])


def contents(question: Question) -> list[bytes]:
    """Return the bytes of the files that the question is about. Blocking."""
    return [file.path.read_bytes() for file in question.evidence.files]


def nothing_of_the_house(hass: HomeAssistant, question: Question, told: Iterable[Request]) -> None:
    """Make sure that no request tells where the house is or what is how called in it."""
    secrets = {
        hass.config.config_dir,
        str(hass.config.latitude),
        "media-source",
        "protect_narrator",
        *(str(file.path.parent) for file in question.evidence.files),
    }
    found = [(request.path, each) for request in told for each in secrets if request.holds(each)]
    assert found == []


def _about(medium: Medium, files: list[MediaFile]) -> Question:
    evidence = Evidence(medium=medium, files=tuple(files))
    return Question("Describe", "Tell what happens.", FIELDS, evidence)
