"""The user's own texts: rendered for each Detection, left out and reported where they cannot be."""

from datetime import UTC, datetime, timedelta
from typing import Any

from homeassistant.config_entries import ConfigSubentryData
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.issue_registry import IssueEntry
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
)

from custom_components.protect_narrator import wording
from custom_components.protect_narrator.const import (
    CONF_HOUSE_NOTES,
    CONF_IMPORTANCE_GUIDE,
    CONF_INSTRUCTION,
    DOMAIN,
    SUBENTRY_CAMERA,
)
from custom_components.protect_narrator.pipeline.models import Detection, Label, Policy
from custom_components.protect_narrator.wording import (
    LONGEST_SOURCE,
    WordingError,
    async_check,
    async_forget,
    async_forget_text,
    preview,
    texts_of_cameras,
    worded,
)

from .test_manifest import read

MAC, OTHER_MAC = "aabbccddee01", "aabbccddee02"
BROKEN = "{{ plate }}"  # there is no such variable


def detection(**changes: Any) -> Detection:
    start = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    values: dict[str, Any] = {
        "console_id": "aabbccddeeff",
        "camera_id": "camera",
        "camera_name": "Front door",
        "event_ids": ("event",),
        "labels": (Label.PERSON, Label.MOTION),
        "start": start,
        "end": start + timedelta(seconds=4),
    }
    return Detection(**values | changes)


@pytest.fixture
def entry(hass: HomeAssistant) -> MockConfigEntry:
    """A console with a camera that has an instruction of its own."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Home",
        subentries_data=[
            ConfigSubentryData(
                subentry_type=SUBENTRY_CAMERA,
                title="Garden",
                unique_id=OTHER_MAC,
                data={CONF_INSTRUCTION: "whatever"},
            )
        ],
    )
    entry.add_to_hass(hass)
    return entry


def issues(hass: HomeAssistant) -> list[IssueEntry]:
    return [each for each in ir.async_get(hass).issues.values() if each.domain == DOMAIN]


def issue(hass: HomeAssistant) -> IssueEntry:
    (only,) = issues(hass)
    return only


def said(hass: HomeAssistant, entry: MockConfigEntry, text: str, **changes: Any) -> str:
    """Return what becomes of house notes."""
    policy = worded(hass, entry, Policy(house_notes=text), detection(**changes), MAC)
    return policy.house_notes


# -- rendering


async def test_a_text_can_speak_of_the_detection(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    await hass.config.async_set_time_zone("Europe/Berlin")
    text = (
        "{{ camera }}|{{ labels | join(',') }}|{{ plates }}|{{ faces[0] }}|{{ zones[0] }}"
        "|{{ start.hour }}|{{ end.strftime('%A') }}|{{ duration }}|{{ score }}|{{ late }}"
    )
    rendered = said(
        hass, entry, text, license_plates=("AB 1",), faces=("Ada",), zones=("Yard",), score=90
    )

    assert rendered == "Front door|person,motion|['AB 1']|Ada|Yard|0|Monday|4|90|False"


async def test_a_text_can_speak_of_the_house(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    hass.states.async_set("person.ada", "not_home")

    assert said(
        hass, entry, "{% if is_state('person.ada', 'home') %}In{% else %}Out{% endif %}"
    ) == ("Out")


async def test_every_text_is_rendered_and_nothing_else_changes(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    policy = Policy(
        house_notes="{{ 1 + 1 }}",
        instruction="{{ 2 + 1 }}",
        importance_guide="plain",
        agent_id="{{ 1 }}",
    )

    assert worded(hass, entry, policy, detection(), MAC) == Policy(
        house_notes="2", instruction="3", importance_guide="plain", agent_id="{{ 1 }}"
    )
    assert issues(hass) == []


async def test_what_is_detected_is_never_a_template(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    evil = "{{ states('person.ada') }}\n\x00{% boom %}"

    assert said(hass, entry, "{{ camera }}", camera_name=evil) == (
        "{{ states('person.ada') }} {% boom %}"
    )


async def test_a_text_keeps_its_lines_but_no_more_than_a_page(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    assert said(hass, entry, "one\x07\n\n\n\n  two") == "one\n\ntwo"
    long = said(hass, entry, "{% for i in range(9999) %}line {{ i }}\n{% endfor %}")
    assert len(long) <= 2000
    assert long.startswith("line 0\n")
    assert issues(hass) == []


# -- what is broken


@pytest.mark.parametrize(
    "text",
    [
        BROKEN,
        "{{ plates[0] }}",
        "{% if camera %}",
        "{{ 1 / 0 }}",
        "{{ states. }}",
        "{{ 9 ** 9 ** 9 }}",
        "{{ 9 ** '",
        "{{ ('a' * 29 ~ '!') | regex_match('(a+)+$') }}",
        "{{ ('a' * 29 ~ '!') is search('(a+)+$') }}",
        "{{ [camera] | select('match', '(a+)+$') | list }}",
        "{{ camera.upper.__globals__ }}",
        "x" * (LONGEST_SOURCE + 1),
    ],
    ids=[
        "name",
        "index",
        "block",
        "error",
        "syntax",
        "power",
        "string",
        "pattern",
        "test",
        "by_name",
        "sandbox",
        "length",
    ],
)
async def test_a_broken_text_is_left_out_and_reported(
    hass: HomeAssistant, entry: MockConfigEntry, text: str
) -> None:
    assert said(hass, entry, text) == ""

    assert issue(hass).translation_key == "broken_house_notes"
    assert (issue(hass).translation_placeholders or {})["name"] == "Home"
    with pytest.raises(WordingError) as caught:
        await async_check(hass, CONF_HOUSE_NOTES, text)
    assert caught.value.field == CONF_HOUSE_NOTES
    assert 0 < len(str(caught.value)) <= 200


async def test_what_is_mended_is_no_issue_any_more(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    said(hass, entry, BROKEN)
    said(hass, entry, "{{ 1 / 0 }}")
    assert "ZeroDivisionError" in (issue(hass).translation_placeholders or {})["problem"]

    said(hass, entry, "{{ plates }}")
    assert issues(hass) == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("One.\n\n{{ plates[0] | int }}", "ValueError in line 3"),
        ("{{ faces[0] | float }}", "ValueError in line 1"),
        ("{% for each in plates %}\n{{ states[each].AB }}{% endfor %}", "TemplateError in line 2"),
        ("{{ {}[plates[0]] }}", "UndefinedError in line 1"),
        ("{{ zones[0].AB }}", "UndefinedError in line 1"),
        ("{% if camera %}", "TemplateSyntaxError in line 1"),
        ("One.\n{{ AB AB }}", "TemplateSyntaxError in line 2"),
        ("{{ AB ? }}", "TemplateSyntaxError in line 1"),
        ("{{ 2 ** 3 }}", "Powers (**) are not allowed."),
    ],
)
async def test_everybody_may_read_what_is_wrong_and_nothing_that_was_seen(
    hass: HomeAssistant, entry: MockConfigEntry, text: str, problem: str
) -> None:
    # Home Assistant lists issues for every user, whatever he may see.
    said(hass, entry, text, license_plates=("AB 123",), faces=("AB",), zones=("AB",))

    assert (issue(hass).translation_placeholders or {}) == {"name": "Home", "problem": problem}


async def test_who_writes_a_text_is_told_all_of_what_is_wrong(hass: HomeAssistant) -> None:
    with pytest.raises(WordingError, match="invalid input 'AB 123'"):
        await async_check(hass, CONF_HOUSE_NOTES, "{{ plates[0] | int }}")


async def test_a_broken_text_leaves_the_others_alone(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    policy = Policy(house_notes="Notes.", instruction=BROKEN, importance_guide=BROKEN)

    assert worded(hass, entry, policy, detection(), MAC) == Policy(house_notes="Notes.")
    assert {each.translation_key for each in issues(hass)} == {
        "broken_instruction",
        "broken_importance_guide",
    }


async def test_a_cameras_own_text_has_an_issue_of_its_own(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    broken, sound = Policy(instruction=BROKEN), Policy(instruction="Mind the gate.")

    worded(hass, entry, broken, detection(), OTHER_MAC)
    assert (issue(hass).translation_placeholders or {})["name"] == "Garden"

    # The console's text renders, and then does not, and the camera's own is none the wiser.
    worded(hass, entry, sound, detection(), MAC)
    assert (issue(hass).translation_placeholders or {})["name"] == "Garden"
    # Ids of issues are in diagnostics: nothing that is made of an address.
    (profile,) = entry.subentries
    assert issue(hass).issue_id == f"wording_{entry.entry_id}_instruction_{profile}"
    worded(hass, entry, broken, detection(), MAC)
    assert len(issues(hass)) == 2
    worded(hass, entry, sound, detection(), OTHER_MAC)
    assert (issue(hass).translation_placeholders or {})["name"] == "Home"


async def test_a_cameras_text_that_is_gone_takes_its_issue_along(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    worded(hass, entry, Policy(instruction=BROKEN), detection(), OTHER_MAC)
    ((field, profile),) = texts_of_cameras(entry)

    hass.config_entries.async_remove_subentry(entry, profile)
    async_forget_text(hass, entry, field, profile)
    worded(hass, entry, Policy(instruction=BROKEN), detection(), OTHER_MAC)

    assert (issue(hass).translation_placeholders or {})["name"] == "Home"


async def test_an_entry_that_goes_takes_its_issues_along_and_no_others(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    other = MockConfigEntry(domain=DOMAIN, title="Barn")
    said(hass, entry, BROKEN)
    worded(hass, entry, Policy(instruction=BROKEN), detection(), OTHER_MAC)
    said(hass, other, BROKEN)

    async_forget(hass, entry)

    assert (issue(hass).translation_placeholders or {})["name"] == "Barn"


def test_every_text_has_a_translated_issue() -> None:
    translated = read("strings.json")["issues"]

    for each in (translated[f"broken_{field}"] for field in wording.FIELDS):
        assert "{name}" in each["title"]
        assert "{problem}" in each["description"]


# -- before it is saved


@pytest.mark.parametrize(
    "text",
    [
        "",
        "The white van is ours.",
        "2 ** 3 is eight",
        "{{ '**' }} {{ camera }}",
        "Search for faces that match. {# regex_match #}{{ camera }}{{ 'a match' }}",
        "{% if plates %}{{ plates[0] }}{% endif %}",
        "{{ states('sensor.unknown') }} {{ foo | default('bar') }}",
    ],
)
async def test_a_sound_text_may_be_saved(hass: HomeAssistant, text: str) -> None:
    await async_check(hass, CONF_INSTRUCTION, text)


async def test_a_text_that_makes_a_book_may_not_be_saved(hass: HomeAssistant) -> None:
    with pytest.raises(WordingError, match="2000 are the most"):
        await async_check(hass, CONF_INSTRUCTION, "{{ 'word ' * 500 }}")


async def test_a_text_that_takes_for_ever_may_not_be_saved(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wording, "_SLOW_S", 0.1)
    slow = "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"

    with pytest.raises(WordingError, match="takes longer"):
        await async_check(hass, CONF_IMPORTANCE_GUIDE, slow)


async def test_a_text_that_holds_everything_up_may_not_be_saved(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wording, "_SLOW_S", 0.005)
    # One operation: until it is over no other thread goes on, nor any clock in it.
    slow = "{{ ('a,' * 3000000).split(',') | length }}"

    with pytest.raises(WordingError, match="takes longer"):
        await async_check(hass, CONF_IMPORTANCE_GUIDE, slow)


# -- the preview


async def test_the_preview_is_the_whole_prompt_of_a_plausible_detection(
    hass: HomeAssistant,
) -> None:
    text = preview(
        hass,
        Policy(
            frame_count=2,
            language="de",
            house_notes="{{ faces[0] }} lives here.",
            instruction="Mind the gate.\nAnd the dog.",
            importance_guide=BROKEN,
        ),
    )

    assert '- Camera: "Front door"' in text
    assert '- License plates it read: "AB 123"' in text
    assert "2 pictures of the recording, in order, taken at 3.0 s, 9.0 s" in text
    assert "Ada lives here." in text
    assert "Mind the gate.\nAnd the dog." in text
    assert "low: everyday" in text
    assert "- observations: " in text
    assert issues(hass) == []
