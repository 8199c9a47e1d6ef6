"""Changing everything but the console itself: a menu of forms that are saved one by one."""

from datetime import timedelta
import logging
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigEntryState, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
import pytest

from custom_components.protect_narrator.const import (
    CONF_AGENT_ID,
    CONF_AI_AT_ONCE,
    CONF_CALLS_PER_CAMERA,
    CONF_CALLS_PER_DAY,
    CONF_CAMERAS,
    CONF_CATCH_UP,
    CONF_CLIP_BEFORE,
    CONF_COOLDOWN,
    CONF_DESCRIBE_TIMEOUT,
    CONF_FIRST_WORDS,
    CONF_FRAME_COUNT,
    CONF_HOUSE_NOTES,
    CONF_IMPORTANCE_GUIDE,
    CONF_INSTRUCTION,
    CONF_KEEP_PICTURES,
    CONF_LABELS,
    CONF_LANGUAGE,
    CONF_LEARN_SETTLE,
    CONF_MERGE_GAP,
    CONF_PICTURES_MAX_MB,
    CONF_SETTLE,
    CONF_SHOW,
)
from custom_components.protect_narrator.options import (
    CLIP_NUMBERS,
    catch_up_from,
    longest_open_from,
    merge_gap_from,
    picture_limits_from,
    policy_from,
)
from custom_components.protect_narrator.pipeline.models import Policy
from custom_components.protect_narrator.selectors import PREFERRED
from simulator.console import Console
from tests.fake_agents import FakeTaskEntity, add_agents

from .flows import choices, default, fields, our_entry, placeholder, suggested

pytestmark = pytest.mark.usefixtures("flows")

ORDINARY = {CONF_LABELS: ["ring"]}
"""The form of the detections, filled in but for the cameras."""

FORMS = ["detections", "ai", "words", "clips", "pictures"]

BROKEN = "{{ states('sun.sun') "

EVERYTHING = {
    CONF_AGENT_ID: "ai_task.away",
    CONF_CAMERAS: ["one"],
    CONF_LABELS: ["person"],
    CONF_LANGUAGE: "de",
    CONF_HOUSE_NOTES: "the white van is ours",
    CONF_IMPORTANCE_GUIDE: "parcels",
    CONF_SHOW: "clip",
    CONF_COOLDOWN: 30,
    CONF_FIRST_WORDS: True,
    CONF_CALLS_PER_DAY: 100,
    CONF_SETTLE: 3,
    CONF_LEARN_SETTLE: False,
}


async def open_menu(hass: HomeAssistant, entry: ConfigEntry) -> ConfigFlowResult:
    return await hass.config_entries.options.async_init(entry.entry_id)


async def save(
    hass: HomeAssistant, form: ConfigFlowResult, user_input: dict[str, Any]
) -> ConfigFlowResult:
    return await hass.config_entries.options.async_configure(form["flow_id"], user_input)


async def choose(hass: HomeAssistant, menu: ConfigFlowResult, step: str) -> ConfigFlowResult:
    assert menu["type"] is FlowResultType.MENU
    return await save(hass, menu, {"next_step_id": step})


async def open_form(hass: HomeAssistant, entry: ConfigEntry, step: str) -> ConfigFlowResult:
    return await choose(hass, await open_menu(hass, entry), step)


async def test_a_menu_leads_to_every_form(hass: HomeAssistant, console: Console) -> None:
    entry = our_entry(hass, console)
    menu = await open_menu(hass, entry)
    assert menu["menu_options"] == [*FORMS, "keeping"]
    for step in FORMS:
        form = await open_form(hass, entry, step)
        assert (form["type"], form["step_id"]) == (FlowResultType.FORM, step)
        assert not form["errors"]


async def test_no_option_is_asked_twice(hass: HomeAssistant, console: Console) -> None:
    entry = our_entry(hass, console)
    asked: list[str] = []
    for step in FORMS:
        asked += fields(await open_form(hass, entry, step))
    assert len(asked) == len(set(asked))
    assert set(EVERYTHING) < set(asked)


async def test_what_is_described_can_be_changed(hass: HomeAssistant, console: Console) -> None:
    entry = our_entry(hass, console)
    form = await open_form(hass, entry, "detections")
    assert choices(form, CONF_CAMERAS) == [camera.mac for camera in console.cameras]
    assert default(form, CONF_LABELS) == ["person", "ring"]

    answers = {
        CONF_CAMERAS: [console.cameras[0].mac],
        CONF_LABELS: ["vehicle"],
        CONF_MERGE_GAP: 8,
        CONF_COOLDOWN: 30,
        CONF_FIRST_WORDS: True,
    }
    result = await save(hass, form, answers)

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options == answers


async def test_the_agent_and_its_limits_can_be_changed(
    hass: HomeAssistant, console: Console
) -> None:
    agent = FakeTaskEntity()
    await add_agents(hass, agent)
    entry = our_entry(hass, console, options={})
    answers = {
        CONF_AGENT_ID: agent.entity_id,
        CONF_SHOW: "frames",
        CONF_FRAME_COUNT: 3,
        CONF_CALLS_PER_DAY: 100,
        CONF_CALLS_PER_CAMERA: 20,
        CONF_AI_AT_ONCE: 1,
        CONF_DESCRIBE_TIMEOUT: 90,
    }
    form = await open_form(hass, entry, "ai")
    assert choices(form, CONF_AGENT_ID) == [PREFERRED, agent.entity_id]
    await save(hass, form, answers)
    assert entry.options == answers

    await save(hass, await open_form(hass, entry, "ai"), answers | {CONF_AGENT_ID: PREFERRED})
    assert CONF_AGENT_ID not in entry.options


async def test_clips_and_waiting_times_can_be_changed(
    hass: HomeAssistant, console: Console
) -> None:
    entry = our_entry(hass, console, options={})
    answers = {option.key: option.minimum for option in CLIP_NUMBERS} | {CONF_LEARN_SETTLE: False}
    await save(hass, await open_form(hass, entry, "clips"), answers)
    assert entry.options == answers


@pytest.mark.parametrize("days", [0, 3650])
async def test_how_long_pictures_are_kept_can_be_changed(
    hass: HomeAssistant, console: Console, days: int
) -> None:
    entry = our_entry(hass, console, options={})
    form = await open_form(hass, entry, "pictures")
    assert (default(form, CONF_KEEP_PICTURES), default(form, CONF_PICTURES_MAX_MB)) == (30, 500)

    await save(hass, form, {CONF_KEEP_PICTURES: days, CONF_PICTURES_MAX_MB: 10})

    limits = picture_limits_from(entry)
    assert limits.keep_for == timedelta(days=days)
    assert limits.most_bytes == 10 * 1024 * 1024


@pytest.mark.parametrize("step", ["detections", "ai", "clips", "pictures"])
async def test_a_form_keeps_what_the_others_hold(
    hass: HomeAssistant, console: Console, step: str
) -> None:
    entry = our_entry(hass, console, options=EVERYTHING)
    form = await open_form(hass, entry, step)
    await save(hass, form, {})
    assert entry.options.items() >= EVERYTHING.items()


async def test_what_is_told_keeps_what_the_others_hold(
    hass: HomeAssistant, console: Console
) -> None:
    entry = our_entry(hass, console, options=EVERYTHING)
    form = await open_form(hass, entry, "words")
    menu = await save(hass, form, suggested(form))
    await choose(hass, menu, "save")
    assert entry.options == EVERYTHING


@pytest.mark.parametrize("step", ["detections", "ai", "words", "clips", "pictures"])
async def test_a_form_saved_as_it_comes_changes_nothing(
    hass: HomeAssistant, console: Console, step: str
) -> None:
    entry = our_entry(hass, console, options={})
    before = [policy_from(hass, entry), merge_gap_from(entry), longest_open_from(entry)]
    result = await save(hass, await open_form(hass, entry, step), {})
    if step == "words":
        await choose(hass, result, "save")
    assert before == [policy_from(hass, entry), merge_gap_from(entry), longest_open_from(entry)]
    assert policy_from(hass, entry).labels == Policy().labels


@pytest.mark.parametrize("hours", [0, 24])
async def test_how_far_is_caught_up_on_can_be_changed(
    hass: HomeAssistant, console: Console, hours: int
) -> None:
    entry = our_entry(hass, console, options={})
    form = await open_form(hass, entry, "clips")
    assert default(form, CONF_CATCH_UP) == 6

    await save(hass, form, {CONF_CATCH_UP: hours})
    assert catch_up_from(entry) == timedelta(hours=hours)

    with pytest.raises(InvalidData):
        await save(hass, await open_form(hass, entry, "clips"), {CONF_CATCH_UP: 25})


async def test_a_number_out_of_bounds_is_refused(hass: HomeAssistant, console: Console) -> None:
    form = await open_form(hass, our_entry(hass, console), "clips")
    with pytest.raises(InvalidData) as refused:
        await save(hass, form, {CONF_CLIP_BEFORE: 31})
    assert refused.value.schema_errors.keys() == {CONF_CLIP_BEFORE}


async def test_what_is_written_is_shown_as_a_whole_before_it_is_saved(
    hass: HomeAssistant, console: Console
) -> None:
    entry = our_entry(hass, console, options={})
    form = await open_form(hass, entry, "words")
    answers = {
        CONF_LANGUAGE: "de",
        CONF_HOUSE_NOTES: "The {{ 'white' }} van is ours.",
        CONF_IMPORTANCE_GUIDE: "Parcels are high.",
    }

    menu = await save(hass, form, answers)
    assert menu["step_id"] == "preview"
    prompt = placeholder(menu, "prompt")
    assert "The white van is ours." in prompt
    assert "Parcels are high." in prompt
    assert entry.options == {}

    form = await choose(hass, menu, "words")
    assert suggested(form) == answers
    menu = await save(hass, form, answers | {CONF_HOUSE_NOTES: "The red van is ours."})
    assert "The red van is ours." in placeholder(menu, "prompt")
    await choose(hass, menu, "save")
    assert entry.options == answers | {CONF_HOUSE_NOTES: "The red van is ours."}


async def test_what_is_written_does_not_undo_what_was_saved_meanwhile(
    hass: HomeAssistant, console: Console
) -> None:
    entry = our_entry(hass, console, options={})
    form = await open_form(hass, entry, "words")
    menu = await save(hass, form, {CONF_HOUSE_NOTES: "The white van is ours."})
    await save(hass, await open_form(hass, entry, "ai"), {CONF_FRAME_COUNT: 3})

    await choose(hass, menu, "save")

    assert entry.options[CONF_FRAME_COUNT] == 3
    assert entry.options[CONF_HOUSE_NOTES] == "The white van is ours."


async def test_what_is_left_empty_goes(hass: HomeAssistant, console: Console) -> None:
    entry = our_entry(hass, console, options=EVERYTHING)
    form = await open_form(hass, entry, "words")
    await choose(hass, await save(hass, form, {CONF_HOUSE_NOTES: " \n"}), "save")
    for key in (CONF_LANGUAGE, CONF_HOUSE_NOTES, CONF_IMPORTANCE_GUIDE):
        assert key not in entry.options
    assert policy_from(hass, entry).language == hass.config.language


@pytest.mark.parametrize("broken", [CONF_HOUSE_NOTES, CONF_IMPORTANCE_GUIDE])
async def test_a_broken_template_is_refused_at_its_field_and_nothing_typed_is_lost(
    hass: HomeAssistant, console: Console, broken: str
) -> None:
    entry = our_entry(hass, console, options={})
    answers = {
        CONF_LANGUAGE: "de",
        CONF_HOUSE_NOTES: "The white van is ours.",
        CONF_IMPORTANCE_GUIDE: "Parcels are high.",
        broken: BROKEN,
    }

    form = await save(hass, await open_form(hass, entry, "words"), answers)
    assert form["errors"] == {broken: "broken_template"}
    assert placeholder(form, "problem")
    assert suggested(form) == answers | {broken: BROKEN.strip()}

    menu = await save(hass, form, answers | {broken: "mended"})
    await choose(hass, menu, "save")
    assert entry.options[broken] == "mended"


async def test_what_is_written_cannot_break_out_of_the_preview(
    hass: HomeAssistant, console: Console
) -> None:
    entry = our_entry(hass, console)
    form = await open_form(hass, entry, "words")
    menu = await save(hass, form, {CONF_HOUSE_NOTES: "one\n\n<b>two</b> & three"})
    prompt = placeholder(menu, "prompt")
    assert all(line.startswith(">") for line in prompt.splitlines())
    assert "> &lt;b&gt;two&lt;/b&gt; &amp; three" in prompt


async def test_a_profile_s_instruction_is_none_of_the_house_s(
    hass: HomeAssistant, console: Console
) -> None:
    form = await open_form(hass, our_entry(hass, console), "words")
    assert CONF_INSTRUCTION not in fields(form)


async def test_options_without_labels_are_refused_and_what_was_chosen_is_kept(
    hass: HomeAssistant, console: Console
) -> None:
    entry = our_entry(hass, console)
    form = await open_form(hass, entry, "detections")
    chosen = {CONF_CAMERAS: [console.cameras[2].mac], CONF_LABELS: [], CONF_COOLDOWN: 30}

    form = await save(hass, form, chosen)
    assert form["errors"] == {CONF_LABELS: "no_labels"}
    assert default(form, CONF_CAMERAS) == [console.cameras[2].mac]
    assert default(form, CONF_COOLDOWN) == 30

    await save(hass, form, chosen | {CONF_LABELS: ["person"]})
    assert entry.options.items() >= {CONF_LABELS: ["person"], CONF_COOLDOWN: 30}.items()


async def test_a_change_reloads_the_entry_once_and_none_does_not(
    hass: HomeAssistant, console: Console
) -> None:
    entry = our_entry(hass, console, options={})
    assert await hass.config_entries.async_setup(entry.entry_id)
    before = entry.runtime_data

    await save(hass, await open_form(hass, entry, "ai"), {CONF_FRAME_COUNT: 3})
    await hass.async_block_till_done(wait_background_tasks=False)
    assert entry.state is ConfigEntryState.LOADED
    after = entry.runtime_data
    assert after is not before

    await save(hass, await open_form(hass, entry, "ai"), {CONF_FRAME_COUNT: 3})
    await hass.async_block_till_done(wait_background_tasks=False)
    assert entry.runtime_data is after


async def test_while_we_run_the_cameras_are_known_without_a_log_in(
    hass: HomeAssistant, console: Console
) -> None:
    entry = our_entry(hass, console)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await console.go_down()
    asked = len(console.requests)

    form = await open_form(hass, entry, "detections")

    assert form["errors"] == {}
    assert choices(form, CONF_CAMERAS) == [camera.mac for camera in console.cameras]
    assert len(console.requests) == asked


async def test_while_the_console_is_away_its_cameras_stay_chosen(
    hass: HomeAssistant, console: Console
) -> None:
    options = {CONF_CAMERAS: [console.cameras[0].mac], CONF_LABELS: ["person"]}
    entry = our_entry(hass, console, options=options)
    await console.go_down()

    form = await open_form(hass, entry, "detections")
    assert form["errors"] == {"base": "cannot_connect"}
    assert form["data_schema"] is not None
    assert CONF_CAMERAS not in form["data_schema"].schema
    await save(hass, form, ORDINARY)

    assert entry.options[CONF_CAMERAS] == [console.cameras[0].mac]
    assert entry.options[CONF_LABELS] == ["ring"]


async def test_a_user_who_may_not_see_recordings_can_still_change_options(
    hass: HomeAssistant, console: Console
) -> None:
    console.faults.no_media = True
    form = await open_form(hass, our_entry(hass, console), "detections")
    assert form["errors"] == {}


async def test_an_agent_that_is_away_stays_in_the_list(
    hass: HomeAssistant, console: Console
) -> None:
    options = {CONF_AGENT_ID: "ai_task.away", CONF_CAMERAS: [], CONF_LABELS: ["person"]}
    form = await open_form(hass, our_entry(hass, console, options=options), "ai")
    assert choices(form, CONF_AGENT_ID) == [PREFERRED, "ai_task.away"]
    assert default(form, CONF_AGENT_ID) == "ai_task.away"


async def test_the_only_chosen_camera_stays_chosen_when_the_console_has_it_no_more(
    hass: HomeAssistant, console: Console
) -> None:
    entry = our_entry(hass, console, options={CONF_CAMERAS: ["gone"], CONF_LABELS: ["person"]})
    form = await open_form(hass, entry, "detections")
    assert choices(form, CONF_CAMERAS) == [*(camera.mac for camera in console.cameras), "gone"]
    chosen = default(form, CONF_CAMERAS)

    await save(hass, form, ORDINARY | {CONF_CAMERAS: chosen})

    assert entry.options[CONF_CAMERAS] == ["gone"], "none would mean all of them"


async def test_a_camera_that_is_gone_can_be_taken_out(
    hass: HomeAssistant, console: Console
) -> None:
    present = console.cameras[0].mac
    options = {CONF_CAMERAS: ["gone", present], CONF_LABELS: ["person"]}
    entry = our_entry(hass, console, options=options)
    form = await open_form(hass, entry, "detections")
    await save(hass, form, ORDINARY | {CONF_CAMERAS: [present]})
    assert entry.options[CONF_CAMERAS] == [present]


async def test_a_bug_is_loud_in_the_log_and_everything_else_can_be_changed(
    hass: HomeAssistant,
    console: Console,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def fail(*_: object) -> None:
        raise RuntimeError("planted")

    entry = our_entry(hass, console)
    with monkeypatch.context() as bug:
        bug.setattr("custom_components.protect_narrator.runtime.look_up_cameras", fail)
        form = await open_form(hass, entry, "detections")

    assert form["errors"] == {"base": "unknown"}
    (record,) = (record for record in caplog.records if record.levelno == logging.ERROR)
    assert ", in fail\nRuntimeError" in record.getMessage()

    await save(hass, form, ORDINARY)
    assert entry.options[CONF_LABELS] == ["ring"]
