"""The agent's answer, in all the shapes that agents give it."""

from collections.abc import Callable
import json
import tracemalloc
from typing import Any

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
    "observations": "1: a person in red at the gate. 2: the same at the door.",
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


@pytest.mark.parametrize(
    "text",
    [
        repr(FULL),
        json.dumps(FULL)[:-1],
        json.dumps(FULL)[:-1] + ",}",
        json.dumps([FULL]),
        json.dumps({"result": {"answer": FULL}}),
        json.dumps({"thoughts": "hm", "answer": [FULL]}),
        json.dumps({name.replace("_", " ").title(): value for name, value in FULL.items()}),
        json.dumps(
            {"counts": {name: FULL[name] for name in ("people", "vehicles")}}
            | {name: value for name, value in FULL.items() if name not in {"people", "vehicles"}}
        ),
    ],
    ids=[
        "of Python",
        "unclosed",
        "trailing comma",
        "in a list",
        "wrapped twice",
        "wrapped in a list",
        "names in words",
        "counts apart",
    ],
)
def test_an_answer_in_another_form_is_the_same_answer(text: str) -> None:
    assert parse_answer(text, AGENT) == TOLD


def test_fields_that_are_wrapped_are_found_in_a_structure_too() -> None:
    assert parse_answer({"data": FULL}, AGENT) == TOLD
    assert parse_answer({"data": [FULL]}, AGENT) == TOLD


NO_WORDS = [None, "", "  \n", "\u202e\u0000", 7, {"a": 1}, True, [1], [], "N/A", "…"]


@pytest.mark.parametrize("value", NO_WORDS)
def test_an_answer_without_a_description_is_unusable(value: object) -> None:
    assert refused(FULL | {"description": value}) is FallbackDetail.AGENT_UNUSABLE_ANSWER


@pytest.mark.parametrize("value", [*NO_WORDS, FIELDS["title"]])
def test_without_a_title_it_is_the_first_sentence(value: object) -> None:
    told = answer(title=value, description="A dog runs to Mr. Ed. It barks at the fence.")

    assert told.title == "A dog runs to Mr."  # full stops are all there is to go by
    assert told.description.endswith("It barks at the fence.")


def test_a_title_of_a_long_description_is_cut_like_any_other() -> None:
    told = answer(title=None, description="word " * 100)

    assert told.title == "word " * 11 + "word…"


def test_sentences_in_a_list_are_one_text() -> None:
    assert answer(description=["He comes.", "He goes."]).description == "He comes. He goes."


def test_what_is_asked_for_is_no_answer_when_it_is_only_repeated() -> None:
    assert refused(dict(FIELDS)) is FallbackDetail.AGENT_UNUSABLE_ANSWER


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Error: quota exceeded",
        "A person walks to the door.",
        "[1, 2, 3]",
        '{"title": "cut',
        json.dumps(FULL)[:250],
        "{" * 10_000,
        '{"a":' * 5_000,
        '{"people": ' + "9" * 9_000 + "}",
        '{"error": {"code": 500, "message": "Internal"}}',
        '{"error": {"title": "Quota", "description": "No credit is left."}}',
        '{"a": {"b": {"c": {"d": {"title": "A", "description": "B"}}}}}',
    ],
)
def test_text_that_is_no_answer_never_becomes_a_description(text: str) -> None:
    assert refused(text) is FallbackDetail.AGENT_UNUSABLE_ANSWER


@pytest.mark.parametrize("name", ["title", "description"])
@pytest.mark.parametrize("text", ["Error", "Couldn't generate content", "500 Bad Request"])
def test_an_error_text_in_a_field_is_unusable(name: str, text: str) -> None:
    assert refused(FULL | {name: text}) is FallbackDetail.AGENT_UNUSABLE_ANSWER


@pytest.mark.parametrize(
    "raw",
    [
        "I'm sorry, but I can't help with identifying people.",
        '"Es tut mir leid, dabei kann ich nicht helfen."',
        {"refusal": "I cannot assist with that."},
        {"title": "A person", "notes": "I'm sorry, I can't describe people."},
        FULL | {"title": "I'm sorry…"},
        FULL | {"description": "I\u2019m unable to process this image."},
        json.dumps(FULL | {"title": "Je suis désolé"}),
    ],
)
def test_a_refusal_is_recognised_wherever_it_stands(raw: dict[str, object] | str) -> None:
    assert refused(raw) is FallbackDetail.AGENT_REFUSED


def test_a_reason_that_says_nothing_is_none() -> None:
    assert answer(importance_reason="N/A").importance_reason is None


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("no JSON", "JSON object"),
        (FULL | {"description": ""}, '"description"'),
        (FULL | {"title": "Error: key abc"}, "error message"),
        ("I'm sorry, Ada", "Nobody has to be recognised"),
    ],
)
def test_the_agent_is_told_what_was_wrong_but_not_its_own_words(
    raw: dict[str, object] | str, said: str
) -> None:
    with pytest.raises(AgentError) as caught:
        parse_answer(raw, AGENT)

    assert said in caught.value.remark
    assert not {"abc", "Ada"} & set(caught.value.remark.split())


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("LOW", Importance.LOW),
        (" Medium ", Importance.MEDIUM),
        ("high", Importance.HIGH),
        ("hoch", Importance.HIGH),
        ("Critical!", Importance.HIGH),
        ("very high", Importance.HIGH),
        ("importance: low", Importance.LOW),
        ("niedrig (Alltag)", Importance.LOW),
        ("élevée", Importance.HIGH),
        ("moderate", Importance.MEDIUM),
        ("low to high", Importance.MEDIUM),
        ("not important", Importance.MEDIUM),
        ("high " * 50, Importance.MEDIUM),
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
        ("0,25", 0.25),
        (" 25 % ", 0.25),
        ("25 percent", 0.25),
        (25, 0.25),
        (1, 1.0),
        (7, None),
        (700, None),
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
        ("two", 2),
        ("2 people", 2),
        ("about 2.", 2),
        ("Zwei Personen", 2),
        ("three", 3),
        ("no vehicles visible", 0),
        ("None", 0),
        ("keine", 0),
        ("no idea", None),
        ("one or two", None),
        ("2-3", None),
        ("1 adult, 2 children", None),
        ("1,000", None),
        ("at 13:05", None),
        ("several", None),
        ("2 people" + "!" * 99, None),
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

    assert told.title == "A man (31mand a dog 👩\u200d🚒"
    assert told.importance_reason is None


WORDS = st.text("abcdefgh äß'\"{}[],:.\n", min_size=1).filter(
    lambda text: any(map(str.isalpha, text))
)


@pytest.mark.parametrize(
    "write",
    [
        json.dumps,
        lambda fields: f"Sure!\n```json\n{json.dumps(fields, indent=1)}\n```",
        lambda fields: json.dumps({"answer": [fields]}, ensure_ascii=False),
        lambda fields: json.dumps(dict(reversed(fields.items()))),
    ],
    ids=["JSON", "fenced", "wrapped", "in another order"],
)
@given(WORDS, WORDS, st.sampled_from(Importance), st.integers(0, 20), st.floats(0, 1))
def test_whatever_is_said_the_form_does_not_change_it(
    write: Callable[[dict[str, object]], str],
    title: str,
    description: str,
    importance: Importance,
    people: int,
    confidence: float,
) -> None:
    fields: dict[str, object] = {
        "title": title,
        "description": description,
        "importance": importance.value,
        "people": people,
        "confidence": confidence,
    }
    try:
        wanted = parse_answer(fields, AGENT)
    except AgentError:
        return  # by chance an error's words
    assert parse_answer(write(fields), AGENT) == wanted
    assert (wanted.importance, wanted.people) == (importance, people)
    assert wanted.confidence == confidence


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(
    st.dictionaries(st.sampled_from([*FULL, "other"]), VALUES)
    | st.text()
    | st.text("{}[]:,\"' title")
)
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


def test_an_answer_without_end_takes_neither_time_nor_memory() -> None:
    endless: dict[str, Any] = {"x" * 10_000_000: 1, "description": ["A man walks by. "] * 1_000_000}
    endless |= {f"field{number}": number for number in range(100_000)}

    tracemalloc.start()
    try:
        told = parse_answer(endless, None)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert told.description.startswith("A man walks by. A man")
    assert most < 1_000_000
