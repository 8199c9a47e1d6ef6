"""Objects out of words: what is plain is read, what is not is left."""

from collections.abc import Callable
import json
from time import monotonic

from hypothesis import given, strategies as st
import pytest

from custom_components.protect_narrator.pipeline.loose_json import objects_in

WANTED: dict[str, object] = {"title": "It's a courier", "people": 2, "sure": True, "why": None}


@pytest.mark.parametrize(
    "text",
    [
        '{"title": "It\'s a courier", "people": 2, "sure": true, "why": null,}',
        "{'title': 'It\\'s a courier', 'people': 2, 'sure': True, 'why': None}",
        "{'title': 'It's a courier', 'people': 2, 'sure': True, 'why': None}",
        '{title: "It\'s a courier", people: 2, sure: true, why: null}',
        '{"title": "It\'s a courier", "people": 2, "sure": true, "why": null',
        '```json\n{"title": "It\'s a courier", "people": 2, "sure": true, "why": null\n```',
        "{\u201ctitle\u201d: \u201cIt's a courier\u201d, people: 2, sure: true, why: null}",
        '{"title": "It\'s a courier", // who\n "people": 2,, "sure": true, "why": null}',
    ],
    ids=[
        "trailing comma",
        "of Python",
        "single quotes and an apostrophe",
        "bare names",
        "unclosed",
        "unclosed in a fence",
        "typographic quotes",
        "comment and double comma",
    ],
)
def test_what_is_plain_is_mended(text: str) -> None:
    assert list(objects_in(text)) == [WANTED]


def test_an_object_that_is_quoted_in_another_is_not_one() -> None:
    text = """{'title': 'A sign', 'description': 'It says {"title": "All is well"} to us',}"""

    assert list(objects_in(text)) == [
        {"title": "A sign", "description": 'It says {"title": "All is well"} to us'}
    ]


def test_quotes_within_a_text_and_its_line_breaks_stay() -> None:
    text = (
        '{"a": "He says "hi" to her", "b": "one\ntwo", "c": "\\u00e9\\n\\"", "d": [1, {"e": 2},]}'
    )

    *_, mended = objects_in(text)

    assert mended == {
        "a": 'He says "hi" to her',
        "b": "one\ntwo",
        "c": 'é\n"',
        "d": [1, {"e": 2}],
    }


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no braces",
        '{"title": "cut in the mid',
        '{"title": ',
        '{"title"',
        '{"title" "no colon"}',
        "{1: 2}",
        "{placeholders}",
        '{"a": }',
        '{"a":' * 5_000,
        "{[" * 5_000,
        "{" * 10_000,
    ],
)
def test_what_is_not_plain_is_left(text: str) -> None:
    assert list(objects_in(text)) == []


def test_a_text_without_end_costs_next_to_nothing() -> None:
    began = monotonic()
    for text in ('{"a": "' * 20_000, '{"a": "\\' + '"' * 50_000, "{a" + " " * 50_000):
        list(objects_in(text))

    assert monotonic() - began < 5


VALUES = st.none() | st.booleans() | st.integers(-999, 999) | st.text()
NAMES = st.text("abcdefghij_", min_size=1)

DAMAGES: dict[str, Callable[[str], str]] = {
    "unclosed": lambda text: text[:-1],
    "trailing comma": lambda text: text[:-1] + ",}",
    "in a fence": lambda text: f"Here you are:\n```json\n{text[:-1]},\n}}\n```\nAnything else?",
    "after braces": lambda text: f"{{as asked}} {text[:-1]},}}",
}


@pytest.mark.parametrize("damage", DAMAGES)
@given(st.dictionaries(NAMES, VALUES, min_size=1, max_size=4))
def test_no_damage_changes_a_meaning(damage: str, wanted: dict[str, object]) -> None:
    found = next(objects_in(DAMAGES[damage](json.dumps(wanted))), None)

    if any('"' in value for value in wanted.values() if isinstance(value, str)):
        return  # with quotes of its own a text can be read in several ways
    assert found == wanted


@given(st.text("{}[]:,\"'\\ \nab1`/", max_size=60))
def test_nothing_but_objects_comes_of_any_text(text: str) -> None:
    for found in objects_in(text):
        assert isinstance(found, dict)
        assert all(isinstance(name, str) for name in found)
