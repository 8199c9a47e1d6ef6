"""What the labelled scenes say is what their pictures show."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image
import pytest

from simulator.scenes import (
    SCENES,
    Box,
    Kind,
    LabelledScene,
    Mover,
    Point,
    ScenePainter,
    Shape,
    Subject,
    Weather,
    evenly_spread,
    hits,
    render,
    shows,
)
from simulator.video import Scene as Camera
from simulator.video.planes import to_rgb

WITH_SUBJECT = [scene for scene in SCENES if scene.movers]
SMALL = Camera(640, 360, 10)
CALM = Weather(noise=0)
EDGE = 4 / 360  # of the picture: even coordinates and soft edges


def small(scene: LabelledScene) -> LabelledScene:
    """Return the same film in few pixels; its truth is in shares of the picture."""
    return replace(scene, camera=replace(scene.camera, width=640, height=360))


def shown(scene: LabelledScene, inside: float = 0.5) -> list[float]:
    """Return the times of the frames in which somebody is."""
    return [
        at_s
        for at_s in scene.times_s
        if any(subject.inside >= inside for subject in scene.subjects_at(at_s))
    ]


def luma(scene: LabelledScene, at_s: float, *, empty: bool = False) -> NDArray[np.int16]:
    frame = ScenePainter(scene).paint(at_s, empty=empty)
    return frame[: scene.size[1]].astype(np.int16)


def area(scene: LabelledScene, box: Box, *, wider: float = 0.0) -> tuple[slice, slice]:
    """Return rows and columns of the box."""
    width, height = scene.size
    left, top, right, bottom = box
    return (
        slice(max(0, round((top - EDGE * bool(wider)) * height)), round((bottom + wider) * height)),
        slice(max(0, round((left - wider) * width)), round((right + wider) * width)),
    )


def named(name: str) -> LabelledScene:
    return next(scene for scene in SCENES if scene.name == name)


def scene_of(*movers: Mover, weather: Weather = CALM, seconds: float = 10) -> LabelledScene:
    return LabelledScene(
        name="test",
        kind=Kind.WALKER,
        seconds=seconds,
        detection=(3, seconds - 2),
        movers=movers,
        weather=weather,
        camera=SMALL,
    )


def person(*way: Point, name: str = "somebody") -> Mover:
    return Mover(name, Shape.PERSON, 0.4, way)


# -- the library


def test_there_are_many_scenes_of_many_kinds_and_none_is_rare() -> None:
    kinds = Counter(scene.kind for scene in SCENES)

    assert len({scene.name for scene in SCENES}) == len(SCENES) >= 30
    assert set(kinds) == set(Kind)
    assert len(kinds) >= 8
    assert min(kinds.values()) >= 3


def test_the_scenes_are_filmed_as_cameras_do() -> None:
    cameras = [scene.camera for scene in SCENES]

    assert sum(camera.codec == "hevc" for camera in cameras) >= 4
    assert {camera.codec for camera in cameras if camera.width == 3840} == {"h264", "hevc"}
    assert {camera.audio for camera in cameras} == {True, False}
    assert any(scene.rotation for scene in SCENES)
    assert any(scene.irregular for scene in SCENES)
    assert max(scene.seconds for scene in SCENES) == 60
    assert {camera.keyframe_s for camera in cameras} == {5}


@pytest.mark.parametrize("scene", WITH_SUBJECT, ids=lambda scene: scene.name)
def test_everybody_can_be_found_within_the_detection(scene: LabelledScene) -> None:
    first, last = scene.detection
    everything = [at_s for at_s in scene.times_s if first <= at_s <= last]

    assert 0 <= first < last <= scene.seconds
    assert hits(scene, everything).found
    for mover in scene.movers:
        alone = replace(scene, movers=(mover,))
        assert len([at_s for at_s in shown(alone) if first <= at_s <= last]) >= 4


def test_a_glimpse_lasts_less_than_a_second_of_half_a_minute() -> None:
    glimpses = [scene for scene in SCENES if scene.kind is Kind.GLIMPSE]

    for scene in glimpses:
        seen = shown(scene)
        assert scene.seconds >= 30
        assert 0.5 <= seen[-1] - seen[0] < 0.85
    keyframes = {at_s for scene in glimpses for at_s in shown(scene) if at_s % 5 == 0}
    assert {0, 10, 20, 45} <= keyframes


def test_in_a_still_scene_there_is_nobody() -> None:
    stills = [scene for scene in SCENES if scene.kind is Kind.STILL]

    assert all(shown(scene, inside=0) == [] for scene in stills)
    assert all(scene.movers for scene in SCENES if scene not in stills)


# -- the pictures


@pytest.mark.parametrize("scene", WITH_SUBJECT, ids=lambda scene: scene.name)
def test_a_subject_is_where_the_truth_says_and_nowhere_else(scene: LabelledScene) -> None:
    scene = small(scene)
    seen = shown(scene)
    for at_s in (seen[0], seen[len(seen) // 2], seen[-1]):
        changed = luma(scene, at_s) != luma(scene, at_s, empty=True)
        everybody = scene.subjects_at(at_s)
        for subject in everybody:
            assert changed[area(scene, subject.box)].mean() > 0.2, (at_s, subject)
        for subject in everybody:
            changed[area(scene, subject.box, wider=smear(scene, subject, at_s) + EDGE)] = False
        if not scene.weather.is_unfocused(at_s):
            assert not changed.any(), at_s


def smear(scene: LabelledScene, subject: Subject, at_s: float) -> float:
    (mover,) = (mover for mover in scene.movers if mover.name == subject.name)
    return scene.smear(mover, at_s)


@pytest.mark.parametrize("scene", WITH_SUBJECT, ids=lambda scene: scene.name)
def test_a_subject_stands_out_even_at_night(scene: LabelledScene) -> None:
    scene = small(replace(scene, weather=replace(scene.weather, noise=0, rain=0)))
    at_s = max(shown(scene), key=lambda each: scene.subjects_at(each)[0].inside)
    (subject, *_) = scene.subjects_at(at_s)

    step = np.abs(luma(scene, at_s) - luma(scene, at_s, empty=True))[area(scene, subject.box)]

    assert np.percentile(step, 90) > 8


@pytest.mark.parametrize("backdrop", ["house", "driveway", "garden", "gate"])
def test_without_weather_and_subjects_nothing_ever_changes(backdrop: str) -> None:
    painter = ScenePainter(replace(scene_of(), backdrop=backdrop))

    assert np.array_equal(painter.paint(0), painter.paint(7.3))
    assert painter.paint(0)[:360].std() > 10


@pytest.mark.parametrize(
    "scene",
    [scene for scene in SCENES if scene.kind in {Kind.RAIN, Kind.TREE, Kind.LIGHT}],
    ids=lambda scene: scene.name,
)
def test_weather_changes_the_picture_where_nobody_is(scene: LabelledScene) -> None:
    painter = ScenePainter(small(replace(scene, weather=replace(scene.weather, noise=0))))
    moments = [painter.paint(at_s, empty=True)[:360].astype(int) for at_s in scene.times_s[::5]]

    most = max(np.mean(np.abs(moment - moments[0]) > 4) for moment in moments)

    assert most > 0.01


def test_noise_is_as_strong_as_it_is_said_to_be_and_new_in_every_frame() -> None:
    noisy = scene_of(weather=Weather(noise=6))
    first, second = (luma(noisy, at_s) - luma(scene_of(), at_s) for at_s in (1.0, 1.1))

    assert first.std() == pytest.approx(6, rel=0.05)
    assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.05
    assert np.array_equal(luma(noisy, 1.0), luma(noisy, 1.0))


def test_what_is_said_to_be_blurred_has_lost_its_edges() -> None:
    for name in ("blur-sprint", "blur-searching-focus", "blur-car-brakes"):
        scene = small(replace(named(name), weather=replace(named(name).weather, noise=0)))
        edges: dict[bool, list[float]] = {True: [], False: []}
        for at_s in shown(scene, inside=1):
            (subject,) = scene.subjects_at(at_s)
            step = luma(scene, at_s) - luma(scene, at_s, empty=True)
            steepest = np.percentile(np.abs(np.diff(step[area(scene, subject.box)], axis=1)), 99)
            edges[subject.blurred].append(float(steepest))
        assert min(edges[False]) > 1.3 * max(edges[True]), name


def test_every_blurred_scene_has_a_sharp_moment_too() -> None:
    for scene in (scene for scene in SCENES if scene.kind is Kind.BLUR):
        moments = [subject for at_s in shown(scene) for subject in scene.subjects_at(at_s)]
        assert {subject.blurred for subject in moments} == {True, False}
        assert hits(scene, shown(scene)).sharp == hits(scene, shown(scene)).subjects


# -- the files


def decoded(scene: LabelledScene) -> Iterator[av.VideoFrame]:
    with av.open(BytesIO(render(scene)), "r") as container:
        yield from container.decode(video=0)


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_a_clip_has_the_frames_and_keyframes_that_were_filmed(codec: str) -> None:
    scene = replace(scene_of(), camera=Camera(640, 360, 10, "hevc" if codec == "hevc" else "h264"))

    data = render(scene)

    with av.open(BytesIO(data), "r") as container:
        assert container.streams.video[0].codec_context.name == codec
        assert container.streams.audio
        frames = list(container.decode(video=0))
    assert [frame.time for frame in frames] == pytest.approx(list(scene.times_s), abs=0.001)
    assert [frame.time for frame in frames if frame.key_frame] == [0, 5]


def test_the_frames_of_an_irregular_clip_are_shown_when_the_truth_says() -> None:
    scene = small(named("walker-variable-rate"))

    times = [float(frame.time or 0) for frame in decoded(scene)]

    assert times == pytest.approx(list(scene.times_s), abs=0.002)
    pauses = np.diff(times)
    assert pauses.min() < 0.06
    assert pauses.max() > 0.6


def test_a_rotated_clip_says_so_and_is_right_once_it_is_upright() -> None:
    scene = small(named("walker-rotated"))
    scene = replace(scene, seconds=7, detection=(3, 5), weather=CALM)
    frames = list(decoded(scene))

    assert {frame.rotation for frame in frames} == {90}
    assert {(frame.width, frame.height) for frame in frames} == {(640, 360)}
    assert scene.size == (360, 640)

    upright = [
        np.asarray(Image.fromarray(frame.to_ndarray(format="gray")).rotate(90, expand=True), int)
        for frame in (frames[0], frames[65])
    ]
    (subject,) = scene.subjects_at(6.5)
    step = np.abs(upright[1] - upright[0]) > 24
    assert step[area(scene, subject.box)].mean() > 0.2
    step[area(scene, subject.box, wider=2 * EDGE)] = False
    assert step.mean() < 0.001


def test_the_night_of_a_real_file_still_shows_who_is_there() -> None:
    scene = named("night-hevc-few-bits")
    frames = {round(float(frame.time or 0), 1): frame for frame in decoded(scene)}
    (subject,) = scene.subjects_at(9.4)

    before, then = (frames[at_s].to_ndarray(format="gray").astype(int) for at_s in (7.0, 9.4))

    where = area(scene, subject.box)
    elsewhere = np.ones(then.shape, bool)
    elsewhere[area(scene, subject.box, wider=0.1)] = False
    step = np.abs(then - before)
    assert step[where].mean() > 1.5 * step[elsewhere].mean()


# -- the truth and what is right


def test_a_subject_is_between_its_points_and_gone_outside_of_them() -> None:
    scene = scene_of(person(Point(2, 0.2), Point(4, 0.6)))

    (subject,) = scene.subjects_at(3)

    left, top, right, bottom = subject.box
    assert ((left + right) / 2, bottom) == pytest.approx((0.4, 0.86))
    assert bottom - top == pytest.approx(0.4)
    assert (subject.inside, subject.blurred) == (1, False)
    assert scene.subjects_at(1.9) == scene.subjects_at(4.1) == scene.subjects_at(11) == ()


def test_whoever_stands_at_the_edge_is_half_inside_and_counts() -> None:
    scene = scene_of(person(Point(2, 0.0), Point(4, 0.0001)), person(Point(6, 1.05), Point(8, 1.1)))

    (subject,) = scene.subjects_at(3)

    assert subject.box[0] == 0
    assert subject.inside == pytest.approx(0.5, abs=0.01)
    assert hits(scene, [7]).seen == frozenset()


def test_who_is_seen_is_told_apart_and_so_are_their_places() -> None:
    scene = scene_of(
        person(Point(2, 0.2), Point(4, 0.6), name="first"),
        person(Point(6, 0.5), Point(9, 0.5001), name="second"),
    )

    both = hits(scene, [2.2, 3.8, 6.5, 7, 8])

    assert (both.found, both.frames_with_subject, both.positions) == (True, 5, 3)
    assert hits(scene, [2.2]).seen == {"first"}
    assert not hits(scene, [2.2]).found
    assert hits(scene, [2.2]).found_any
    assert not hits(scene, [5]).found_any


def test_a_moment_counts_as_the_frame_that_is_nearest_to_it() -> None:
    scene = scene_of(person(Point(2, 0.2), Point(4, 0.6)))

    assert hits(scene, [1.96]).found
    assert not hits(scene, [1.94]).found
    assert hits(scene, [3, 3.01]).frames_with_subject == 1


def test_whoever_was_only_seen_blurred_was_not_seen_sharp() -> None:
    scene = named("blur-sprint")

    assert hits(scene, [5.5]).seen == {"somebody"}
    assert hits(scene, [5.5]).sharp == frozenset()
    assert hits(scene, [5.5, 6.4]).sharp == {"somebody"}


def still(scene: LabelledScene, at_s: float, *, empty: bool = False) -> bytes:
    out = BytesIO()
    frame = ScenePainter(scene).paint(at_s, empty=empty)
    to_rgb(frame).reduce(2).save(out, "JPEG", quality=70)
    return out.getvalue()


@pytest.mark.parametrize("scene", WITH_SUBJECT, ids=lambda scene: scene.name)
def test_a_picture_shows_whom_it_should_and_not_when_it_is_of_another_moment(
    scene: LabelledScene,
) -> None:
    scene = small(scene)
    at_s = max(shown(scene), key=lambda each: min(x.inside for x in scene.subjects_at(each)))
    everybody = {subject.name for subject in scene.subjects_at(at_s)}

    assert shows(scene, at_s, still(scene, at_s)) == everybody
    assert shows(scene, at_s, still(scene, at_s, empty=True)) == frozenset()
    assert shows(scene, 0.05, still(scene, 0.05)) <= everybody


def test_evenly_spread_moments_are_the_middles_of_equal_parts_of_the_detection() -> None:
    scene = scene_of(seconds=15)

    assert evenly_spread(scene, 5) == (4, 6, 8, 10, 12)
    ring = replace(scene, detection=(3, 3.5))
    assert evenly_spread(ring, 3) == (2.5, 7.5, 12.5)


def test_a_mover_that_goes_no_way_is_refused() -> None:
    with pytest.raises(ValueError, match="goes no way"):
        person(Point(2, 0.2))
    with pytest.raises(ValueError, match="goes no way"):
        person(Point(2, 0.2), Point(2, 0.4))
