"""The agent's answer, in all the shapes that agents give it."""

import json

from hypothesis import given, strategies as st
import pytest

from custom_components.protect_narrator.pipeline.answer import FIELDS, parse_answer
from custom_components.protect_narrator.pipeline.errors import AgentError
from custom_components.protect_narrator.pipeline.models import (
    Description,
    FallbackDetail,
    Importance,
)

AGENT = "ai_task.seer"
FULL: dict[str, object] = {
    "people": 1,
    "vehicles": 0,
    "animals": 2,
    "packages": 3,
    "title": "A courier rings",
    "description": "A person in a red jacket walks to the door and rings.",
    "importance": "high",
    "importance_reason": "Somebody waits.",
    "confidence": 0.9,
}
TOLD = Description(
    title="A courier rings",
    description="A person in a red jacket walks to the door and rings.",
    importance=Importance.HIGH,
    importance_reason="Somebody waits.",
    confidence=0.9,
    people=1,
    vehicles=0,
    animals=2,
    packages=3,
    agent_id=AGENT,
)


def answer(**changes: object) -> Description:
    """Return what is made of an answer with these changes."""
    return parse_answer(FULL | changes, AGENT)


def refused(raw: dict[str, object] | str) -> FallbackDetail:
    """Return why the answer is not taken."""
    with pytest.raises(AgentError) as caught:
        parse_answer(raw, AGENT)
    return caught.value.detail


def test_every_field_that_is_asked_for_is_understood() -> None:
    assert set(FULL) == set(FIELDS)
    assert parse_answer(FULL, AGENT) == TOLD


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(FULL),
        f"```json\n{json.dumps(FULL, indent=2)}\n```",
        f"Here is what I see:\n{json.dumps(FULL)}\nLet me know if you need more!",
        f"Using {{placeholders}} and {{}}: {json.dumps(FULL)}",
        f"{json.dumps({'thoughts': 'hm'})} {json.dumps(FULL)}",
        json.dumps({name.upper(): value for name, value in FULL.items()}),
    ],
    ids=["bare", "fenced", "in prose", "after braces", "second object", "shouted"],
)
def test_json_is_found_wherever_it_stands(text: str) -> None:
    assert parse_answer(text, AGENT) == TOLD


@pytest.mark.parametrize("name", ["title", "description"])
@pytest.mark.parametrize("value", [None, "", "  \n", "\u202e\u0000", 7, ["A"], {"a": 1}, True])
def test_an_answer_without_its_words_is_unusable(name: str, value: object) -> None:
    assert refused(FULL | {name: value}) is FallbackDetail.AGENT_UNUSABLE_ANSWER


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Error: quota exceeded",
        "A person walks to the door.",
        "[1, 2, 3]",
        '{"title": "cut',
        "{" * 10_000,
        '{"a":' * 5_000,
        '{"people": ' + "9" * 9_000 + "}",
        '{"error": {"code": 500, "message": "Internal"}}',
    ],
)
def test_text_that_is_no_answer_never_becomes_a_description(text: str) -> None:
    assert refused(text) is FallbackDetail.AGENT_UNUSABLE_ANSWER


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't help with identifying people.",
        "I\u2019m very sorry, I cannot.",
        "Sorry, I can't.",
        "I cannot assist with that.",
        "I am unable to describe this.",
        "As an AI language model, I do not look at people.",
    ],
)
def test_a_refusal_is_recognised(text: str) -> None:
    assert refused(text) is FallbackDetail.AGENT_REFUSED


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("LOW", Importance.LOW),
        (" Medium ", Importance.MEDIUM),
        ("high", Importance.HIGH),
        ("banana", Importance.MEDIUM),
        (None, Importance.MEDIUM),
        (3, Importance.MEDIUM),
    ],
)
def test_importance_in_any_case_and_medium_when_it_makes_no_sense(
    value: object, expected: Importance
) -> None:
    assert answer(importance=value).importance is expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.25, 0.25),
        ("0.25", 0.25),
        (" 25 % ", 0.25),
        (1, 1.0),
        (7, 1.0),
        (-1, 0.0),
        (10**400, None),
        (float("nan"), None),
        ("inf", None),
        ("sure", None),
        ("sure%", None),
        (None, None),
        (True, None),
    ],
)
def test_confidence_lies_between_0_and_1_or_is_unknown(
    value: object, expected: float | None
) -> None:
    assert answer(confidence=value).confidence == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, 0),
        (2.0, 2),
        ("3", 3),
        (2.5, None),
        (-1, None),
        (5_000, None),
        (False, None),
        ("two", None),
        ([1], None),
        (None, None),
    ],
)
def test_counts_are_whole_numbers_or_unknown(value: object, expected: int | None) -> None:
    assert answer(people=value).people == expected


def test_words_are_cut_to_what_may_be_stored() -> None:
    told = answer(title="word " * 100, description="x" * 5_000, importance_reason="y" * 999)

    assert told.title == "word " * 11 + "word…"
    assert (len(told.description), len(told.importance_reason or "")) == (1000, 300)


def test_words_are_cleaned_of_what_cannot_be_seen() -> None:
    told = answer(
        title="A\n\tman\u202e \x00\x1b[31mand\ud800 a dog 👩\u200d🚒", importance_reason=""
    )

    assert told.title == "A man [31mand a dog 👩\u200d🚒"
    assert told.importance_reason is None


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from([*FULL, "other"]), VALUES) | st.text())
def test_any_answer_is_either_sound_or_unusable(raw: dict[str, object] | str) -> None:
    try:
        told = parse_answer(raw, AGENT)
    except AgentError:
        return
    assert 0 < len(told.title) <= 60
    assert 0 < len(told.description) <= 1000
    assert told.confidence is None or 0 <= told.confidence <= 1
    assert told.title.isprintable()
    told.description.encode()
