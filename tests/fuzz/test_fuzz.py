"""A few hundred broken things of each kind; ``script/fuzz`` opens thousands."""

from pathlib import Path
from threading import Event

import pytest

from custom_components.protect_narrator.pipeline.errors import ClipUnreadableError
from custom_components.protect_narrator.pipeline.models import FallbackDetail

from . import targets
from .kinds import KINDS
from .runner import Process, harm, run

CASES = 200


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_broken_does_no_harm(child: Process, kind: str, tmp_path: Path) -> None:
    *_, tally = run(child, kind, range(CASES), 1, tmp_path)

    assert tally.findings == []
    assert tally.cases == CASES
    # Neither all of it is refused at the door, nor are things broken that nobody notices.
    assert len(tally.told) > 1


@pytest.mark.parametrize(
    ("result", "what"),
    [
        ({"told": "ok", "bug": None, "cpu_s": 0.1, "peak_kib": 9}, None),
        ({"told": "", "bug": "dies of SIGSEGV"}, "dies of SIGSEGV"),
        ({"told": "ok", "bug": None, "cpu_s": 9.0, "peak_kib": 9}, "goes on for 9.0 s of CPU"),
        ({"told": "ok", "bug": None, "cpu_s": 0.1, "peak_kib": 1 << 20}, "takes 1024 MiB"),
    ],
)
def test_harm_is_noticed(result: dict[str, object], what: str | None) -> None:
    assert harm("mp4", result) == what


def test_a_process_that_dies_is_noticed_and_replaced(child: Process, tmp_path: Path) -> None:
    path = tmp_path / "sound.jpg"
    path.write_bytes(KINDS["jpeg"].sound())

    assert child.open({"kind": "jpeg", "seed": "death", "file": "no such file"})["bug"]
    assert child.open({"kind": "jpeg", "seed": "sound", "file": str(path)})["told"] == "ok"


@pytest.mark.parametrize("kind", ["mp4", "jpeg"])
def test_memory_that_is_not_there_is_harm(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_asked: object, **_how: object) -> None:
        raise ClipUnreadableError(FallbackDetail.UNDECODABLE, "Cannot allocate memory")

    for name in ("probe", "choose", "cut", "as_jpeg"):
        monkeypatch.setattr(targets, name, refuse)
    path = tmp_path / "thing"
    path.write_bytes(b"")

    with pytest.raises(MemoryError):
        KINDS[kind].target(Event(), path)
