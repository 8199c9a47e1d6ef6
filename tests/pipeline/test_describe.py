"""Asking the agent, and what is lost when it does not answer."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from custom_components.protect_narrator.pipeline.case import Case
from custom_components.protect_narrator.pipeline.describe import Interview
from custom_components.protect_narrator.pipeline.errors import AgentError, AgentUnavailableError
from custom_components.protect_narrator.pipeline.evidence import Exhibit
from custom_components.protect_narrator.pipeline.gate import Gate
from custom_components.protect_narrator.pipeline.models import (
    Evidence,
    FallbackDetail as Detail,
    MediaFile,
    Medium,
    Policy,
)
from custom_components.protect_narrator.pipeline.ports import Answer

from .clips import jpeg
from .fakes import ANSWER, FakeWorld, Step, detection, forever

BROKEN = AgentError(Detail.AGENT_ERROR, "as the test wants it")
GONE = AgentUnavailableError(Detail.AGENT_MISSING, "as the test wants it")
NOTHING = Exhibit(Evidence(medium=Medium.NONE))


def exhibit(root: Path, medium: Medium) -> Exhibit:
    """Return one file as evidence."""
    path = root / "frame_01.jpg"
    path.write_bytes(jpeg())
    return Exhibit(Evidence(medium=medium, files=(MediaFile(path, "image/jpeg"),)), (1.0,))


async def describe(
    outside: FakeWorld,
    case: Case,
    *script: Step,
    medium: Medium = Medium.FRAMES,
    instead: Medium = Medium.FRAMES,
) -> list[str]:
    """Ask an agent that plays the script; return the lost rungs."""
    if script:
        outside.describer.answers = list(script)
    interview = Interview(case=case, describer=outside.describer, gate=Gate(), meter=outside.meter)

    async def frames() -> Exhibit:
        return exhibit(outside.root, instead) if instead is not Medium.NONE else NOTHING

    await interview.describe(exhibit(outside.root, medium), frames)
    return [str(fallback) for fallback in case.sighting().fallbacks]


async def test_the_agents_words_are_kept(outside: FakeWorld, case: Case) -> None:
    case.agent_id = "ai_task.seer"
    assert await describe(outside, case) == []

    sighting = case.sighting()
    assert sighting.description.title == "A courier rings"
    assert sighting.description.agent_id == "ai_task.seer"
    assert (sighting.medium, sighting.frame_count) == (Medium.FRAMES, 1)
    assert "taken at 1.0 s" in outside.describer.questions[0].instructions


async def test_an_agent_that_fails_once_is_asked_again(outside: FakeWorld, case: Case) -> None:
    assert await describe(outside, case, BROKEN, ANSWER) == []

    assert case.description is not None
    assert outside.clock.slept == [1.0]


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (BROKEN, "agent_error"),
        ("no JSON", "agent_unusable_answer"),
        ({"title": "only"}, "agent_unusable_answer"),
        ("I'm sorry, I can't help with that.", "agent_refused"),
        (TimeoutError("the agent's own"), "agent_timeout"),
    ],
)
async def test_an_agent_that_fails_twice_has_failed(
    outside: FakeWorld, case: Case, step: Step, expected: str
) -> None:
    assert await describe(outside, case, step) == [f"agent_failed:{expected}"]

    assert len(outside.describer.questions) == 2
    sighting = case.sighting()
    assert sighting.description.title == "Person at Front door"
    assert (sighting.medium, sighting.frame_count) == (Medium.FRAMES, 1)


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ("no JSON", "no JSON object"),
        ({"title": "only"}, '"description"'),
        ("I'm sorry, I can't help with that.", "It declined"),
    ],
)
async def test_an_agent_that_is_asked_again_is_told_what_was_wrong(
    outside: FakeWorld, case: Case, step: Step, told: str
) -> None:
    assert await describe(outside, case, step, ANSWER) == []

    first, second = outside.describer.questions
    assert "could not be used" not in first.instructions
    assert second.instructions.startswith(first.instructions)
    assert told in second.instructions[len(first.instructions) :]


async def test_an_agent_that_only_broke_down_is_asked_the_same_again(
    outside: FakeWorld, case: Case
) -> None:
    await describe(outside, case, BROKEN, ANSWER)

    first, second = outside.describer.questions
    assert first.instructions == second.instructions


async def test_what_the_user_wants_to_know_besides_is_asked(outside: FakeWorld, case: Case) -> None:
    case.wish = "Was the gate shut?"
    await describe(outside, case)

    assert "Was the gate shut?" in outside.describer.questions[0].instructions


async def test_an_agent_that_hangs_is_not_waited_for(outside: FakeWorld, case: Case) -> None:
    case.policy = Policy(describe_timeout=timedelta(seconds=0.01))

    assert await describe(outside, case, forever) == ["agent_failed:agent_timeout"]


async def test_an_agent_that_is_gone_is_not_asked_again(outside: FakeWorld, case: Case) -> None:
    assert await describe(outside, case, GONE) == ["agent_unavailable:agent_missing"]

    assert len(outside.describer.questions) == 1
    assert case.sighting().medium is Medium.NONE


async def test_nobody_is_asked_about_nothing(outside: FakeWorld, case: Case) -> None:
    assert await describe(outside, case, medium=Medium.NONE) == []

    assert outside.describer.questions == []


async def test_an_agent_that_takes_no_clip_gets_frames(outside: FakeWorld, case: Case) -> None:
    lost = await describe(outside, case, BROKEN, ANSWER, medium=Medium.CLIP)

    assert lost == ["agent_rejected_clip:agent_error"]
    media = [question.evidence.medium for question in outside.describer.questions]
    assert media == [Medium.CLIP, Medium.FRAMES]
    assert case.sighting().medium is Medium.FRAMES
    assert case.description is not None


async def test_an_agent_that_takes_neither_has_failed(outside: FakeWorld, case: Case) -> None:
    lost = await describe(outside, case, "?", BROKEN, medium=Medium.CLIP)

    assert lost == ["agent_rejected_clip:agent_unusable_answer", "agent_failed:agent_error"]
    assert len(outside.describer.questions) == 3


async def test_what_was_shown_stays_true_when_nothing_better_is_left(
    outside: FakeWorld, case: Case
) -> None:
    await describe(outside, case, BROKEN, medium=Medium.CLIP, instead=Medium.NONE)

    assert case.sighting().medium is Medium.CLIP


async def test_what_was_shown_stays_true_when_the_agent_goes(
    outside: FakeWorld, case: Case
) -> None:
    lost = await describe(outside, case, BROKEN, GONE, medium=Medium.CLIP)

    assert lost == ["agent_rejected_clip:agent_error", "agent_unavailable:agent_missing"]
    assert case.sighting().medium is Medium.CLIP


async def test_few_calls_run_at_once(outside: FakeWorld) -> None:
    gate = Gate()
    shown = exhibit(outside.root, Medium.FRAMES)
    outside.describer.answers = [lambda: asyncio.sleep(0, ANSWER)]

    async def never() -> Exhibit:
        raise AssertionError("nothing was rejected")

    cases = [Case(detection=detection(number), clock=outside.clock) for number in range(6)]
    await asyncio.gather(
        *(
            Interview(
                case=case, describer=outside.describer, gate=gate, meter=outside.meter
            ).describe(shown, never)
            for case in cases
        )
    )

    assert all(case.description is not None for case in cases)
    assert outside.describer.asked_most == Policy().ai_at_once
    assert gate.inside == 0


async def test_every_question_is_counted_with_what_became_of_it(
    outside: FakeWorld, case: Case
) -> None:
    await describe(outside, case, BROKEN, ANSWER)

    assert outside.meter.counted == ["asked", "failed", "asked", "answered"]


@pytest.mark.parametrize("unusable", ["no JSON", {"title": "only"}])
async def test_an_answer_that_cannot_be_used_costs_as_much(
    outside: FakeWorld, case: Case, unusable: dict[str, object] | str
) -> None:
    answers = [Answer(unusable, tokens=700), Answer(ANSWER, tokens=800)]
    await describe(outside, case, *answers)

    assert outside.meter.counted == ["asked", "answered", "failed", "asked", "answered"]
    assert outside.meter.tokens == [700, 800]


async def test_beyond_the_limit_nobody_is_asked(outside: FakeWorld, case: Case) -> None:
    outside.meter.allows = False

    assert await describe(outside, case) == ["budget_exhausted:over_budget"]
    assert outside.describer.questions == []
    assert outside.meter.counted == []
    assert case.sighting().medium is Medium.NONE


# What is learnt


async def test_an_answer_about_a_clip_teaches_that_the_agent_takes_clips(
    outside: FakeWorld, case: Case
) -> None:
    await describe(outside, case, medium=Medium.CLIP)

    assert outside.describer.learnt == [True]


@pytest.mark.parametrize("step", [BROKEN, "I cannot watch videos.", {"title": "only"}])
async def test_an_agent_that_manages_only_frames_of_a_clip_takes_no_clips(
    outside: FakeWorld, case: Case, step: Step
) -> None:
    case.agent_id = "ai_task.seer"
    await describe(outside, case, step, ANSWER, medium=Medium.CLIP)

    assert outside.describer.learnt == [False]


@pytest.mark.parametrize(
    "script", [(BROKEN, BROKEN), (BROKEN, GONE), (TimeoutError(), ANSWER), (GONE,)]
)
async def test_an_agent_that_is_down_or_slow_teaches_nothing(
    outside: FakeWorld, case: Case, script: tuple[Step, ...]
) -> None:
    case.agent_id = "ai_task.seer"
    await describe(outside, case, *script, medium=Medium.CLIP)

    assert outside.describer.learnt == []


async def test_an_answer_about_another_picture_teaches_nothing(
    outside: FakeWorld, case: Case
) -> None:
    case.agent_id = "ai_task.seer"
    await describe(outside, case, BROKEN, ANSWER, medium=Medium.CLIP, instead=Medium.SNAPSHOT)

    assert outside.describer.learnt == []


async def test_another_agent_s_answer_teaches_nothing(outside: FakeWorld, case: Case) -> None:
    def leave() -> None:
        outside.describer.agent_id = "ai_task.successor"
        raise BROKEN

    await describe(outside, case, leave, ANSWER, medium=Medium.CLIP)

    assert outside.describer.learnt == []
    assert case.sighting().description.agent_id == "ai_task.successor"


async def test_a_clip_that_one_agent_took_teaches_nothing_of_its_successor(
    outside: FakeWorld, case: Case
) -> None:
    def answer_last() -> dict[str, object]:
        outside.describer.agent_id = "ai_task.successor"
        return ANSWER

    await describe(outside, case, answer_last, medium=Medium.CLIP)

    assert outside.describer.learnt == []
    assert case.sighting().description.agent_id == "ai_task.seer"


async def test_frames_alone_teach_nothing(outside: FakeWorld, case: Case) -> None:
    case.agent_id = "ai_task.seer"
    await describe(outside, case)

    assert outside.describer.learnt == []
