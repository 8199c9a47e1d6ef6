"""The profile of a camera: chosen, checked, shown to the AI's eyes, saved; nothing is reloaded."""

from typing import Any

from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    SOURCE_USER,
    ConfigEntry,
    ConfigSubentry,
    ConfigSubentryData,
    SubentryFlowResult,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.protect_narrator.const import (
    CONF_AGENT_ID,
    CONF_CALLS_PER_CAMERA,
    CONF_COOLDOWN,
    CONF_CORE_ENTRY_ID,
    CONF_FIRST_WORDS,
    CONF_FRAME_COUNT,
    CONF_HOUSE_NOTES,
    CONF_IMPORTANCE_GUIDE,
    CONF_INSTRUCTION,
    CONF_LABELS,
    CONF_SHOW,
    SUBENTRY_CAMERA,
)
from custom_components.protect_narrator.option_forms import CONF_CAMERA
from custom_components.protect_narrator.options import PROFILE_OPTIONS
from custom_components.protect_narrator.selectors import INHERIT, PREFERRED
from simulator.console import Camera, Console
from tests.fake_agents import FakeTaskEntity, add_agents

from .flows import choices, default, fields, our_entry, placeholder, suggested

pytestmark = pytest.mark.usefixtures("flows")

BROKEN = "{% if is_state('sun.sun') %}"

PROFILE = {
    CONF_INSTRUCTION: "Tell whether the gate is open.",
    CONF_IMPORTANCE_GUIDE: "An open gate is high.",
    CONF_LABELS: ["person", "package"],
    CONF_AGENT_ID: "ai_task.away",
    CONF_SHOW: "snapshot",
    CONF_FIRST_WORDS: False,
    CONF_FRAME_COUNT: 2,
    CONF_COOLDOWN: 0,
    CONF_CALLS_PER_CAMERA: 9,
}


def profile_of(
    mac: str, data: dict[str, Any] | None = None, title: str = "Gate"
) -> ConfigSubentryData:
    return ConfigSubentryData(
        data=data or {}, subentry_type=SUBENTRY_CAMERA, title=title, unique_id=mac
    )


def only_profile(entry: ConfigEntry) -> ConfigSubentry:
    (profile,) = entry.subentries.values()
    return profile


async def begin(hass: HomeAssistant, entry: ConfigEntry) -> SubentryFlowResult:
    return await hass.config_entries.subentries.async_init(
        (entry.entry_id, SUBENTRY_CAMERA), context={"source": SOURCE_USER}
    )


async def go_on(
    hass: HomeAssistant, form: SubentryFlowResult, user_input: dict[str, Any]
) -> SubentryFlowResult:
    return await hass.config_entries.subentries.async_configure(form["flow_id"], user_input)


async def choose(hass: HomeAssistant, menu: SubentryFlowResult, step: str) -> SubentryFlowResult:
    assert menu["type"] is FlowResultType.MENU
    return await go_on(hass, menu, {"next_step_id": step})


async def begin_at(hass: HomeAssistant, entry: ConfigEntry, camera: Camera) -> SubentryFlowResult:
    return await go_on(hass, await begin(hass, entry), {CONF_CAMERA: camera.mac})


async def reconfigure(hass: HomeAssistant, entry: ConfigEntry) -> SubentryFlowResult:
    return await hass.config_entries.subentries.async_init(
        (entry.entry_id, SUBENTRY_CAMERA),
        context={
            "source": SOURCE_RECONFIGURE,
            "subentry_id": only_profile(entry).subentry_id,
        },
    )


async def test_a_camera_gets_a_profile_under_its_name(
    hass: HomeAssistant, console: Console
) -> None:
    agent = FakeTaskEntity()
    await add_agents(hass, agent)
    entry = our_entry(hass, console)
    camera = console.cameras[1]

    form = await begin(hass, entry)
    assert choices(form, CONF_CAMERA) == [each.mac for each in console.cameras]
    form = await go_on(hass, form, {CONF_CAMERA: camera.mac})
    assert form["step_id"] == "profile"
    assert sorted(fields(form)) == sorted(PROFILE_OPTIONS)
    assert placeholder(form, "camera") == camera.name
    assert choices(form, CONF_AGENT_ID) == [INHERIT, PREFERRED, agent.entity_id]
    chosen = PROFILE | {CONF_AGENT_ID: agent.entity_id}
    menu = await go_on(hass, form, chosen | {CONF_FIRST_WORDS: "off"})
    assert menu["step_id"] == "preview"
    result = await choose(hass, menu, "save")

    assert result["type"] is FlowResultType.CREATE_ENTRY
    profile = only_profile(entry)
    assert (profile.title, profile.unique_id) == (camera.name, camera.mac)
    assert profile.subentry_type == SUBENTRY_CAMERA
    assert profile.data == chosen


async def test_what_is_left_alone_is_not_in_the_profile(
    hass: HomeAssistant, console: Console
) -> None:
    entry = our_entry(hass, console)
    form = await begin_at(hass, entry, console.cameras[0])
    for key in (CONF_AGENT_ID, CONF_SHOW, CONF_FIRST_WORDS):
        assert default(form, key) == INHERIT
    assert suggested(form) == {}

    await choose(hass, await go_on(hass, form, {CONF_LABELS: []}), "save")

    assert only_profile(entry).data == {}


async def test_a_camera_may_ask_the_preferred_agent_whatever_the_others_ask(
    hass: HomeAssistant, console: Console
) -> None:
    entry = our_entry(hass, console, options={CONF_AGENT_ID: "ai_task.others"})
    form = await begin_at(hass, entry, console.cameras[0])
    await choose(hass, await go_on(hass, form, {CONF_AGENT_ID: PREFERRED}), "save")
    assert only_profile(entry).data == {CONF_AGENT_ID: ""}
    assert default(await reconfigure(hass, entry), CONF_AGENT_ID) == PREFERRED


@pytest.mark.parametrize(("choice", "stored"), [("on", True), ("off", False)])
async def test_a_switch_is_on_or_off_or_as_for_the_console(
    hass: HomeAssistant, console: Console, choice: str, stored: bool
) -> None:
    entry = our_entry(hass, console)
    form = await begin_at(hass, entry, console.cameras[0])
    await choose(hass, await go_on(hass, form, {CONF_FIRST_WORDS: choice}), "save")
    assert only_profile(entry).data == {CONF_FIRST_WORDS: stored}

    form = await reconfigure(hass, entry)
    assert default(form, CONF_FIRST_WORDS) == choice
    await choose(hass, await go_on(hass, form, {CONF_FIRST_WORDS: INHERIT}), "save")
    assert only_profile(entry).data == {}


async def test_the_preview_is_what_the_ai_is_told_at_this_camera(
    hass: HomeAssistant, console: Console
) -> None:
    house = {
        CONF_HOUSE_NOTES: "The white van is ours.",
        CONF_IMPORTANCE_GUIDE: "Parcels are high.",
    }
    entry = our_entry(hass, console, options=house)
    form = await begin_at(hass, entry, console.cameras[0])
    answers = {CONF_INSTRUCTION: "Mind the {{ 'gate' }}.", CONF_LABELS: ["vehicle"]}

    menu = await go_on(hass, form, answers)
    prompt = placeholder(menu, "prompt")
    for told in ("The white van is ours.", "Parcels are high.", "Mind the gate."):
        assert told in prompt

    form = await choose(hass, menu, "profile")
    assert suggested(form) == answers
    menu = await go_on(hass, form, answers | {CONF_IMPORTANCE_GUIDE: "Cats are high."})
    assert "Cats are high." in placeholder(menu, "prompt")
    assert "Parcels are high." not in placeholder(menu, "prompt")
    assert not entry.subentries


@pytest.mark.parametrize("broken", [CONF_INSTRUCTION, CONF_IMPORTANCE_GUIDE])
async def test_a_broken_template_is_refused_at_its_field_and_nothing_chosen_is_lost(
    hass: HomeAssistant, console: Console, broken: str
) -> None:
    entry = our_entry(hass, console)
    form = await begin_at(hass, entry, console.cameras[0])
    answers = {
        CONF_INSTRUCTION: "Mind the gate.",
        CONF_LABELS: ["vehicle"],
        CONF_COOLDOWN: 30,
        broken: BROKEN,
    }

    form = await go_on(hass, form, answers | {CONF_SHOW: "clip", CONF_FIRST_WORDS: "on"})

    assert form["errors"] == {broken: "broken_template"}
    assert placeholder(form, "problem")
    assert suggested(form) == answers
    assert default(form, CONF_SHOW) == "clip"
    assert default(form, CONF_FIRST_WORDS) == "on"
    await choose(hass, await go_on(hass, form, answers | {broken: "mended"}), "save")
    assert only_profile(entry).data[broken] == "mended"


async def test_a_profile_that_exists_can_be_changed(hass: HomeAssistant, console: Console) -> None:
    mac = console.cameras[1].mac
    entry = our_entry(hass, console, subentries_data=[profile_of(mac, PROFILE)])

    form = await reconfigure(hass, entry)
    assert form["step_id"] == "profile"
    assert placeholder(form, "camera") == "Gate"
    shown = suggested(form)
    shown |= {key: default(form, key) for key in fields(form) if key not in shown}
    assert shown == PROFILE | {CONF_FIRST_WORDS: "off"}
    result = await choose(hass, await go_on(hass, form, {CONF_FRAME_COUNT: 1}), "save")

    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
    profile = only_profile(entry)
    assert profile.data == {CONF_AGENT_ID: "ai_task.away", CONF_SHOW: "snapshot"} | {
        CONF_FIRST_WORDS: False,
        CONF_FRAME_COUNT: 1,
    }
    assert (profile.title, profile.unique_id) == ("Gate", mac)


async def test_a_changed_profile_goes_by_the_name_that_its_camera_has_now(
    hass: HomeAssistant, console: Console
) -> None:
    camera = console.cameras[1]
    entry = our_entry(hass, console, subentries_data=[profile_of(camera.mac, title="Old name")])
    assert await hass.config_entries.async_setup(entry.entry_id)

    form = await reconfigure(hass, entry)
    assert placeholder(form, "camera") == camera.name
    await choose(hass, await go_on(hass, form, {CONF_FRAME_COUNT: 1}), "save")

    profile = only_profile(entry)
    assert (profile.title, profile.unique_id) == (camera.name, camera.mac)


async def test_the_form_says_what_the_console_s_own_numbers_are(
    hass: HomeAssistant, console: Console
) -> None:
    entry = our_entry(hass, console, options={CONF_COOLDOWN: 30})
    form = await begin_at(hass, entry, console.cameras[0])
    assert placeholder(form, CONF_COOLDOWN) == "30"
    assert placeholder(form, CONF_FRAME_COUNT) == "5"
    assert placeholder(form, CONF_CALLS_PER_CAMERA) == "0"


async def test_a_camera_that_has_a_profile_is_not_offered_again(
    hass: HomeAssistant, console: Console
) -> None:
    first, *others = [camera.mac for camera in console.cameras]
    entry = our_entry(hass, console, subentries_data=[profile_of(first)])
    assert choices(await begin(hass, entry), CONF_CAMERA) == others


async def test_when_every_camera_has_a_profile_there_is_none_to_add(
    hass: HomeAssistant, console: Console
) -> None:
    profiles = [profile_of(camera.mac) for camera in console.cameras]
    entry = our_entry(hass, console, subentries_data=profiles)
    result = await begin(hass, entry)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "no_camera_left")


async def test_two_windows_do_not_make_two_profiles_of_one_camera(
    hass: HomeAssistant, console: Console
) -> None:
    entry = our_entry(hass, console)
    camera = console.cameras[0]
    one, two = await begin_at(hass, entry, camera), await begin_at(hass, entry, camera)
    await choose(hass, await go_on(hass, one, {CONF_FRAME_COUNT: 1}), "save")
    result = await choose(hass, await go_on(hass, two, {CONF_FRAME_COUNT: 2}), "save")
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")
    assert only_profile(entry).data == {CONF_FRAME_COUNT: 1}


async def test_while_the_console_is_away_no_profile_can_be_added_but_changed(
    hass: HomeAssistant, console: Console
) -> None:
    entry = our_entry(hass, console, subentries_data=[profile_of(console.cameras[0].mac)])
    await console.go_down()
    result = await begin(hass, entry)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "cameras_unknown")

    form = await reconfigure(hass, entry)
    await choose(hass, await go_on(hass, form, {CONF_FRAME_COUNT: 1}), "save")
    assert only_profile(entry).data == {CONF_FRAME_COUNT: 1}


async def test_without_core_s_entry_the_cameras_are_not_known(
    hass: HomeAssistant, console: Console
) -> None:
    entry = our_entry(hass, console, data={CONF_CORE_ENTRY_ID: "gone"})
    result = await begin(hass, entry)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "cameras_unknown")


async def test_while_we_run_the_cameras_are_those_that_are_followed(
    hass: HomeAssistant, console: Console
) -> None:
    entry = our_entry(hass, console)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await console.go_down()
    assert choices(await begin(hass, entry), CONF_CAMERA) == [each.mac for each in console.cameras]


async def test_a_profile_comes_and_goes_without_a_reload_and_takes_no_entity_along(
    hass: HomeAssistant, console: Console
) -> None:
    entry = our_entry(hass, console)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=False)
    runtime = entry.runtime_data
    registry = er.async_get(hass)
    before = er.async_entries_for_config_entry(registry, entry.entry_id)
    assert before
    assert all(entity.config_subentry_id is None for entity in before)

    form = await begin_at(hass, entry, console.cameras[0])
    await choose(hass, await go_on(hass, form, {CONF_FRAME_COUNT: 1}), "save")
    form = await reconfigure(hass, entry)
    await choose(hass, await go_on(hass, form, {CONF_FRAME_COUNT: 2}), "save")
    hass.config_entries.async_remove_subentry(entry, only_profile(entry).subentry_id)
    await hass.async_block_till_done(wait_background_tasks=False)

    assert entry.runtime_data is runtime
    assert er.async_entries_for_config_entry(registry, entry.entry_id) == before
