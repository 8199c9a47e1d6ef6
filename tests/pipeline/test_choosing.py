"""Which moments of a clip are chosen: on film, where it is known who is seen when."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from threading import Event

import numpy as np
import pytest

from custom_components.protect_narrator.pipeline.choosing import Gallery, Look, Still
from custom_components.protect_narrator.pipeline.frames import Strip, choose
from custom_components.protect_narrator.pipeline.motion import COLUMNS, ROWS
from simulator.scenes import SCENES, Hits, LabelledScene, hits, render

type Watch = Callable[..., tuple[Hits, Strip]]

BY_NAME = {scene.name: scene for scene in SCENES}


@cache
def film(name: str) -> bytes:
    """Return the scene's clip, rendered once."""
    return render(BY_NAME[name])


@pytest.fixture
def watch(tmp_path: Path) -> Watch:
    """Choose frames of a scene; return what they truly show, and them."""

    def _watch(name: str, count: int = 5, best_s: tuple[float, ...] = ()) -> tuple[Hits, Strip]:
        scene: LabelledScene = BY_NAME[name]
        path = tmp_path / "clip.mp4"
        path.write_bytes(film(name))
        first_s, last_s = scene.detection
        strip = choose(
            Event(), path, Look(count=count, first_s=first_s, last_s=last_s, best_s=best_s)
        )
        moments = [frame.at_s for frame in strip.frames]
        assert moments == sorted(set(moments))
        assert len(moments) <= count
        return hits(scene, moments), strip

    return _watch


@pytest.mark.parametrize("count", [1, 5])
@pytest.mark.parametrize(
    "name",
    [
        "glimpse-over-a-keyframe",
        "glimpse-in-the-last-frames",
        "glimpse-variable-rate",
        "rain-short",
        "tree-short",
        "night-short",
    ],
)
def test_whoever_is_there_is_shown_for_however_short(watch: Watch, name: str, count: int) -> None:
    seen, strip = watch(name, count)

    assert seen.found
    assert hits(BY_NAME[name], [strip.best.at_s]).found


def test_two_who_are_there_one_after_the_other_are_both_shown(watch: Watch) -> None:
    assert watch("two-two-glimpses", 2)[0].found


@pytest.mark.parametrize("name", ["walker-rotated", "walker-variable-rate"])
def test_who_walks_is_shown_in_different_places(watch: Watch, name: str) -> None:
    assert watch(name)[0].positions == 5


@pytest.mark.parametrize("name", ["still-day", "still-tree"])
def test_of_a_place_where_nothing_happens_one_picture_is_enough(watch: Watch, name: str) -> None:
    _, strip = watch(name, 12)

    assert len(strip.frames) == 1
    first_s, last_s = BY_NAME[name].detection
    assert first_s - 1 <= strip.best.at_s <= last_s + 1


def test_who_comes_and_stays_is_shown_coming_and_staying(watch: Watch) -> None:
    seen, strip = watch("stander-at-the-door")

    assert seen.frames_with_subject == len(strip.frames)
    assert strip.frames[-1].at_s - strip.frames[0].at_s > 4


def test_the_sharp_view_is_the_best_one(watch: Watch) -> None:
    seen, strip = watch("blur-searching-focus", 1)

    assert seen.sharp == {"somebody"}
    assert strip.best is strip.frames[0]


def test_protects_best_view_is_shown_and_is_the_best_one(watch: Watch) -> None:
    _, strip = watch("walker-rotated", 3, best_s=(6.31,))

    assert len(strip.frames) == 3
    assert strip.best.at_s == pytest.approx(BY_NAME["walker-rotated"].nearest(6.31))


# The gallery itself


def still(at_s: float, figure: int | None = None, *, wanted: bool = False) -> Still[float]:
    """Return a still with somebody in that column; its picture is its second."""
    stamp = np.full((ROWS, COLUMNS), 100, np.uint8)
    if figure is not None:
        stamp[20:34, figure : figure + 6] = 150
    edges = np.ones((ROWS, COLUMNS), np.float32)
    return Still(at_s=at_s, stamp=stamp, edges=edges, picture=at_s, wanted=wanted)


def test_of_a_long_clip_no_more_pictures_are_kept_than_there_is_room_for() -> None:
    gallery = Gallery[float](Look(count=5, first_s=0, last_s=600))
    kept = []
    for number in range(2000):
        gallery.add(still(number * 0.3, 40 if number in {700, 701} else None), 20)
        kept.append(len(gallery._kept))

    assert max(kept) < 40
    assert [one.at_s for one in gallery.hang()[0]] == pytest.approx([210.0])


def test_a_picture_that_was_asked_for_is_kept_however_dull_it_is() -> None:
    gallery = Gallery[float](Look(count=2, first_s=0, last_s=300))
    for number in range(1000):
        gallery.add(still(number * 0.3, number % 70 or None, wanted=number == 350), 20)

    assert gallery.hang()[1].wanted


def test_who_was_seen_outside_the_detection_is_better_than_nobody() -> None:
    gallery = Gallery[float](Look(count=1, first_s=3, last_s=6))
    for number in range(60):
        gallery.add(still(number * 0.3, 30 if number == 50 else None), 20)

    assert gallery.hang()[1].at_s == pytest.approx(15.0)


def test_who_was_seen_in_the_detection_is_better_than_who_was_seen_outside() -> None:
    gallery = Gallery[float](Look(count=1, first_s=3, last_s=6))
    for number in range(60):
        gallery.add(still(number * 0.3, 30 if number in {15, 50} else None), 20)

    assert gallery.hang()[1].at_s == pytest.approx(4.5)
