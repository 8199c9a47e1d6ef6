"""The whole way of Detections, undisturbed."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from custom_components.protect_narrator.pipeline.errors import AgentError
from custom_components.protect_narrator.pipeline.models import (
    Detection,
    FallbackDetail,
    Medium,
    Policy,
    Timings,
)
from custom_components.protect_narrator.pipeline.ports import Ability
from custom_components.protect_narrator.pipeline.runner import Runner

from .clips import number_in, seconds_in
from .fakes import ANSWER, START, FakeWorld, detection, good_clip, media_error, storage_error
from .telling import finished, tell


async def test_a_detection_becomes_a_sighting_and_leaves_nothing_behind(
    outside: FakeWorld, runner: Runner
) -> None:
    sighting = await tell(outside, runner)

    assert sighting.description.title == "A courier rings"
    assert sighting.description.agent_id == "ai_task.seer"
    assert (sighting.medium, sighting.frame_count) == (Medium.FRAMES, 5)
    assert (sighting.fallback_reason, sighting.fallback_detail) == (None, None)
    assert (sighting.clip_attempts, sighting.revision) == (1, 1)
    assert sighting.picture is not None
    seen = [seconds_in(picture) for picture in outside.describer.seen[0]]
    assert len(seen) == 5
    assert seen == sorted(set(seen))
    assert sighting.picture in outside.describer.seen[0]
    assert outside.console.calls == ["refresh", "clip"]


async def test_a_detection_is_kept_before_anything_slow_is_done_with_it(
    outside: FakeWorld,
) -> None:
    kept: list[str] = []

    async def keep(detection: Detection) -> None:
        kept.extend([detection.sighting_id, *outside.console.calls])

    runner = Runner(replace(outside.world(), kept=keep))
    await tell(outside, runner)
    await runner.close()

    assert kept == [detection().sighting_id, "refresh"]


async def test_files_are_there_until_the_sighting_is_published(
    outside: FakeWorld, runner: Runner
) -> None:
    there: list[str] = []

    def look() -> None:
        there.extend(path.name for path in outside.archive.left())

    outside.publisher.fault = look
    await tell(outside, runner)

    assert {"clip.mp4", "frame_01.jpg", "frame_05.jpg"} < set(there)


async def test_seconds_are_measured_stage_by_stage(outside: FakeWorld, runner: Runner) -> None:
    def passing(seconds: float, result: object) -> Callable[[], object]:
        def _pass() -> object:
            outside.clock.advance(seconds)
            return result

        return _pass

    outside.console.clip = [media_error(), passing(2.0, good_clip())]
    outside.describer.answers = [passing(5.0, ANSWER)]
    sighting = await tell(outside, runner)

    download_s = sighting.timings.download_s
    assert 3.0 <= download_s <= 3.25  # a pause of a second and its jitter, then the download
    assert sighting.timings.total_s == pytest.approx(13.5 + download_s + 5.0 - 4.0)
    assert replace(sighting.timings, total_s=0.0) == Timings(
        settle_s=13.5,
        download_s=download_s,
        prepare_s=0.0,
        describe_s=5.0,
    )


async def test_a_detection_of_the_future_takes_no_negative_time(
    outside: FakeWorld, runner: Runner
) -> None:
    runner.submit(detection(start=START + timedelta(hours=9), end=START + timedelta(hours=10)))
    (sighting,) = await outside.publisher.wait_for(1)

    assert sighting.timings.total_s == 0.0


async def test_what_the_console_knows_later_is_told(outside: FakeWorld, runner: Runner) -> None:
    outside.console.refreshed = detection(license_plates=("AB 123",))
    sighting = await tell(outside, runner)

    assert sighting.detection.license_plates == ("AB 123",)
    assert '"AB 123"' in outside.describer.questions[0].instructions


async def test_a_changed_option_counts_from_the_next_detection(
    outside: FakeWorld, runner: Runner
) -> None:
    await tell(outside, runner)
    outside.policy = replace(outside.policy, frame_count=2)
    runner.submit(detection(1))
    sightings = await outside.publisher.wait_for(2)

    assert [sighting.frame_count for sighting in sightings] == [5, 2]


@pytest.mark.parametrize(
    ("takes_clip", "show", "expected"),
    [
        (True, None, Medium.CLIP),
        (False, None, Medium.FRAMES),
        (True, Medium.FRAMES, Medium.FRAMES),
        (False, Medium.CLIP, Medium.CLIP),
        (None, None, Medium.CLIP),
        (None, Medium.FRAMES, Medium.FRAMES),
        (True, Medium.SNAPSHOT, Medium.SNAPSHOT),
        (None, Medium.SNAPSHOT, Medium.SNAPSHOT),
    ],
)
async def test_the_agent_decides_what_it_is_shown_and_the_user_can_overrule(
    outside: FakeWorld,
    runner: Runner,
    takes_clip: bool | None,
    show: Medium | None,
    expected: Medium,
) -> None:
    outside.describer.ability = Ability(takes_clip=takes_clip)
    outside.policy = Policy(show=show)
    sighting = await tell(outside, runner)

    assert (sighting.medium, sighting.fallbacks) == (expected, ())
    assert sighting.picture is not None


async def test_what_was_learnt_is_not_tried_again(outside: FakeWorld, runner: Runner) -> None:
    outside.describer.ability = Ability(takes_clip=None)
    outside.describer.answers = [AgentError(FallbackDetail.AGENT_ERROR, "no video"), ANSWER]
    await tell(outside, runner)
    runner.submit(detection(1))
    sightings = await outside.publisher.wait_for(2)

    told = [[str(fallback) for fallback in sighting.fallbacks] for sighting in sightings]
    assert told == [["agent_rejected_clip:agent_error"], []]
    media = [question.evidence.medium for question in outside.describer.questions]
    assert media == [Medium.CLIP, Medium.FRAMES, Medium.FRAMES]


async def test_a_clip_beyond_the_agents_limits_is_cut(outside: FakeWorld, runner: Runner) -> None:
    outside.describer.ability = Ability(takes_clip=True, most_s=5.0)
    sighting = await tell(outside, runner)

    assert (sighting.medium, sighting.fallbacks) == (Medium.CLIP, ())
    assert 0 < len(outside.describer.seen[0][0]) < len(good_clip())


async def test_for_one_picture_no_recording_is_waited_for_and_none_is_fetched(
    outside: FakeWorld, runner: Runner
) -> None:
    outside.policy = Policy(show=Medium.SNAPSHOT)
    sighting = await tell(outside, runner)

    assert outside.console.calls == ["refresh", "thumbnail of event-0"]
    assert outside.clock.slept == [4.0]  # until the Detection has ended
    assert (sighting.medium, sighting.frame_count, sighting.clip_attempts) == (
        Medium.SNAPSHOT,
        1,
        0,
    )
    assert sighting.fallbacks == ()
    assert [number_in(picture) for picture in outside.describer.seen[0]] == [101]
    assert sighting.picture is not None


async def test_without_room_for_the_one_picture_only_that_is_lost(
    outside: FakeWorld, runner: Runner
) -> None:
    outside.policy = Policy(show=Medium.SNAPSHOT)
    outside.archive.full = storage_error()
    sighting = await tell(outside, runner)

    assert [str(fallback) for fallback in sighting.fallbacks] == ["snapshot_unavailable:disk_full"]


async def test_depth_is_told_whenever_it_changes(outside: FakeWorld) -> None:
    depths: list[int] = []
    runner = Runner(outside.world(), on_change=lambda: depths.append(runner.depth))
    for number in range(3):
        runner.submit(detection(number))
    await finished(runner)

    assert depths == [1, 2, 3, 2, 1, 0]
    assert len(outside.publisher.sightings) == 3
