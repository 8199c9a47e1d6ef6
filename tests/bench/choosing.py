"""Choosing frames: is the subject in what the AI gets, and what does that cost."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
import gc
import json
from pathlib import Path
from statistics import median
import subprocess
import sys
from typing import Any

from simulator.scenes import (
    EDITION,
    SCENES,
    Hits,
    Kind,
    LabelledScene,
    evenly_spread,
    hits,
    render,
    shows,
)

from .clips import HD, UHD, UHD_HEVC, BenchClip, cached, path_of
from .decoding import FRAMES, chosen
from .result import Result

_POSITIONS = 3  # of a walker, in clearly different places
_LIMIT_S = 300
_BEFORE_S, _AFTER_S = 3, 2  # of a clip around its detection, as by default


@dataclass(frozen=True, slots=True)
class _Shown:
    """One scene, what was chosen from it, and what a plain choice would have been."""

    scene: LabelledScene
    frames: int
    chosen: Hits
    evenly: Hits


def scenes(cache: Path) -> list[Result]:
    """Choose frames from all labelled scenes, and count."""
    shown = [_look_at(scene, cache) for scene in SCENES]
    peopled = [each for each in shown if each.scene.movers]
    blurred = [each for each in shown if each.scene.kind is Kind.BLUR]
    walkers = [each for each in shown if each.scene.kind is Kind.WALKER]
    found = sum(each.chosen.found for each in peopled)
    evenly = sum(each.evenly.found for each in peopled)
    return [
        _counted(
            "all subjects of a scene are in the frames",
            peopled,
            lambda seen: seen.found,
            _by_kind(peopled),
        ),
        Result(
            promise="… in more scenes than with evenly spread frames of the same number",
            runs=(found - evenly,),
            bound=1,
            unit="scenes more",
            at_least=True,
            beside=f"chosen {found}, evenly spread {evenly} of {len(peopled)}",
        ),
        _counted("… and where they blur, sharp in one", blurred, lambda seen: seen.is_sharp),
        _counted(
            f"a walker is seen in {_POSITIONS} or more clearly different places",
            walkers,
            lambda seen: seen.positions >= _POSITIONS,
        ),
        Result(
            promise=f"fewer frames than {FRAMES} of a scene in which nothing happens",
            runs=tuple(each.frames for each in shown if each.scene.kind is Kind.STILL),
            bound=FRAMES,
            unit="frames",
        ),
    ]


def _look_at(scene: LabelledScene, cache: Path) -> _Shown:
    path = cached(scene.name, f"{EDITION} {scene!r}", cache, lambda: render(scene))
    frames = chosen(path, scene.detection).frames
    # What a frame says of its second is believed only as far as its picture bears it out.
    told = [
        frame.at_s
        for frame in frames
        if {each.name for each in scene.subjects_at(scene.nearest(frame.at_s))}
        <= shows(scene, frame.at_s, frame.jpeg)
    ]
    # An opened container and its codec hold each other, with tens of megabytes of pictures: over
    # all scenes that would be gigabytes until the collector comes round by itself.
    gc.collect()
    return _Shown(
        scene,
        len(frames),
        hits(scene, told),
        hits(scene, evenly_spread(scene, FRAMES)),
    )


def _counted(
    promise: str, shown: list[_Shown], is_right: Callable[[Hits], bool], more: str = ""
) -> Result:
    """Return in how many of the scenes it is right, which should be all."""
    wrong = [each.scene.name for each in shown if not is_right(each.chosen)]
    evenly = sum(is_right(each.evenly) for each in shown)
    lines = [f"evenly spread: {evenly}", f"not in: {', '.join(wrong)}" if wrong else "", more]
    return Result(
        promise=f"{promise} ({len(shown)} scenes)",
        runs=(len(shown) - len(wrong),),
        bound=len(shown),
        unit=f"of {len(shown)} scenes",
        at_least=True,
        beside="\n       ".join(filter(None, lines)),
    )


def _by_kind(shown: list[_Shown]) -> str:
    """Return, for each kind, in how many scenes the subjects were found: chosen/evenly/all."""
    parts = []
    for kind in dict.fromkeys(each.scene.kind for each in shown):
        of_kind = [each for each in shown if each.scene.kind is kind]
        chosen_found = sum(each.chosen.found for each in of_kind)
        evenly_found = sum(each.evenly.found for each in of_kind)
        parts.append(f"{kind} {chosen_found}/{evenly_found}/{len(of_kind)}")
    return f"by kind, chosen/evenly/all: {', '.join(parts)}"


def cost(cache: Path) -> list[Result]:
    """Measure CPU and memory beside a bare decode, each in a process of its own."""
    return [
        result
        for clip in (HD, UHD, UHD_HEVC)
        for result in (_cpu(clip, path_of(clip, cache)), _memory(clip, path_of(clip, cache)))
    ]


def _cpu(clip: BenchClip, path: Path) -> Result:
    pairs: list[tuple[float, float]] = _elsewhere("cpu", clip, path)
    bare, ours = zip(*pairs, strict=True)
    return Result(
        promise=f"choosing frames costs little more than decoding, {clip}",
        runs=tuple(_ratios(ours, bare)),
        bound=1.3,
        unit="of a bare decode's CPU",
        beside=f"choosing {median(ours):.3g} s, bare decode {median(bare):.3g} s",
    )


def _ratios(ours: Iterable[float], bare: Iterable[float]) -> Iterable[float]:
    return (one / other for one, other in zip(ours, bare, strict=True))


def _memory(clip: BenchClip, path: Path) -> Result:
    bare: float = _elsewhere("bare", clip, path)
    ours: float = _elsewhere("choose", clip, path)
    return Result(
        promise=f"choosing frames needs little more memory than decoding, {clip}",
        runs=(max(0.0, ours - bare),),
        bound=96,
        unit="MB above a bare decode's peak",
        beside=f"choosing {ours:.0f} MB, bare decode {bare:.0f} MB",
    )


def _elsewhere(what: str, clip: BenchClip, path: Path) -> Any:
    """Return what `decoding` prints when it is run."""
    stretch = (str(_BEFORE_S), str(clip.total_seconds - _AFTER_S))
    done = subprocess.run(  # noqa: S603 - our own module, with paths of ours
        [sys.executable, "-m", "tests.bench.decoding", what, str(path), *stretch],
        check=True,
        stdout=subprocess.PIPE,
        timeout=_LIMIT_S,
    )
    return json.loads(done.stdout)
