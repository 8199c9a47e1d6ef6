"""Bugs on the way: loud, and at no cost to others."""

import asyncio
from dataclasses import replace
from datetime import timedelta
import logging

import pytest

from custom_components.protect_narrator.pipeline import clip as clip_module, runner as runner_module
from custom_components.protect_narrator.pipeline.models import (
    Detection,
    FallbackDetail as Detail,
    Medium,
    Policy,
)
from custom_components.protect_narrator.pipeline.runner import Runner

from .clips import mp4
from .fakes import ANSWER, FakeWorld, Step, detection, forever, good_clip, media_error, play
from .telling import BUG, finished, lost, tell, told_by_protect


@pytest.mark.parametrize("stage", ["settle", "clip", "evidence", "describe"])
async def test_a_bug_is_loud_and_the_sighting_is_told_with_what_is_known(
    outside: FakeWorld, runner: Runner, caplog: pytest.LogCaptureFixture, stage: str
) -> None:
    if stage == "settle":
        outside.console.refreshed = BUG
    elif stage == "clip":
        outside.console.clip = [media_error(), BUG]
    elif stage == "evidence":
        outside.console.clip = [media_error(Detail.NO_ACCESS, retriable=False)]
        outside.console.thumbnail = BUG
    else:
        outside.describer.answers = [BUG]
    sighting = await tell(outside, runner)

    assert lost(sighting)[-1] == "internal_error:bug"
    assert told_by_protect(sighting)
    (record,) = (
        record
        for record in caplog.records
        if record.levelno == logging.ERROR and record.name.startswith("custom_components")
    )
    assert record.message.startswith(f"Sighting {sighting.sighting_id}: a bug at {stage}\n")
    assert "Traceback" in record.message
    assert type(BUG).__name__ in record.message
    known = {"settle": (0, 0), "clip": (2, 0), "evidence": (1, 0), "describe": (1, 5)}
    assert (sighting.clip_attempts, sighting.frame_count) == known[stage]
    assert (sighting.picture is not None) == (stage == "describe")


async def test_an_earlier_loss_comes_before_a_bug(outside: FakeWorld, runner: Runner) -> None:
    outside.console.clip = [media_error(Detail.TIMEOUT, retriable=False)]
    outside.describer.answers = [BUG]
    sighting = await tell(outside, runner)

    assert lost(sighting) == ["clip_download_failed:timeout", "internal_error:bug"]
    assert sighting.medium is Medium.SNAPSHOT


async def test_a_policy_that_cannot_be_read_is_a_bug_like_any_other(outside: FakeWorld) -> None:
    def unreadable(_detection: Detection) -> Policy:
        raise BUG

    runner = Runner(replace(outside.world(), policy=unreadable))

    assert lost(await tell(outside, runner)) == ["internal_error:bug"]


async def test_a_cancellation_out_of_a_library_is_a_bug_like_any_other(
    outside: FakeWorld, runner: Runner
) -> None:
    outside.describer.answers = [asyncio.CancelledError()]

    assert lost(await tell(outside, runner)) == ["internal_error:bug"]


async def test_a_publisher_that_raises_is_loud_and_called_once(
    outside: FakeWorld, runner: Runner, caplog: pytest.LogCaptureFixture
) -> None:
    outside.publisher.fault = BUG
    sighting = await tell(outside, runner)

    (record,) = (each for each in caplog.records if each.levelno >= logging.WARNING)
    assert record.message.startswith(f"Sighting {sighting.sighting_id}: a bug at publish\n")
    assert "Traceback" in record.message


async def test_a_publisher_that_hangs_is_not_waited_for(
    outside: FakeWorld,
    runner: Runner,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(runner_module, "PUBLISH_LIMIT_S", 0.01)
    outside.publisher.fault = forever
    await tell(outside, runner)

    assert "a bug at publish" in caplog.text


async def test_a_publisher_that_raises_after_a_bug_is_loud_too(
    outside: FakeWorld, caplog: pytest.LogCaptureFixture
) -> None:
    bugs: list[None] = []
    runner = Runner(outside.world(), on_bug=lambda: bugs.append(None))
    outside.publisher.fault = BUG
    outside.describer.answers = [ValueError("another bug")]
    sighting = await tell(outside, runner)

    last = caplog.records[-1]
    said = f"protect_narrator Sighting {sighting.sighting_id}: lost to a bug\n"
    assert last.message.startswith(said)
    assert last.message.count("Traceback") == 2, "the bug before it is told, too"
    assert len(bugs) == 1


async def test_cleaning_up_that_raises_is_loud_and_publishes_nothing_twice(
    outside: FakeWorld, runner: Runner, caplog: pytest.LogCaptureFixture
) -> None:
    def remove_behind_its_back() -> None:
        (workspace,) = outside.archive.made
        workspace.path.rename(outside.root / "elsewhere")

    outside.publisher.fault = remove_behind_its_back
    runner.submit(detection())
    await finished(runner)

    assert len(outside.publisher.sightings) == 1
    assert "a bug at clean up" in caplog.text


async def test_one_that_fails_or_hangs_or_raises_costs_the_others_nothing(
    outside: FakeWorld, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One export hangs, one raises a bug, two have no good clip: the other seven are whole."""
    monkeypatch.setattr(clip_module, "_GRACE_S", 0.0)
    troubles: dict[str, Step] = {
        "camera-1": media_error(Detail.NO_ACCESS, retriable=False),
        "camera-2": BUG,
        "camera-3": b"no video",
        "camera-10": forever,
    }

    async def clip_of_its_own() -> bytes:
        camera_id = outside.console.windows[-1][0]
        clip: bytes = await play(troubles.get(camera_id, good_clip))
        return clip

    outside.console.clip = [clip_of_its_own]
    outside.policy = Policy(clip_deadline=timedelta(seconds=0.3))
    outside.describer.answers = [lambda: asyncio.sleep(0, ANSWER)]
    for number in range(11):
        runner.submit(detection(number))
    sightings = await outside.publisher.wait_for(11)
    first_lost = {s.detection.event_ids[0]: lost(s)[:1] for s in sightings}

    assert first_lost == {f"event-{number}": [] for number in range(10)} | {
        "event-1": ["clip_download_failed:no_access"],
        "event-2": ["internal_error:bug"],
        "event-3": ["clip_unreadable:undecodable"],
        "event-10": ["clip_download_failed:timeout"],
    }
    assert outside.console.open_most == 1
    assert outside.describer.asked_most <= 2


async def test_nothing_private_is_logged(
    outside: FakeWorld, runner: Runner, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    outside.console.refreshed = detection(license_plates=("PLATE-MARK",), faces=("FACE-MARK",))
    outside.console.clip = [media_error(), mp4(2), BUG]
    outside.describer.answers = ["TEXT-MARK"]
    await tell(outside, runner)

    assert "MARK" not in caplog.text
