"""Changing everything but the console itself."""

import logging
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest

from custom_components.protect_narrator.const import (
    CONF_AGENT_ID,
    CONF_CAMERAS,
    CONF_FRAME_COUNT,
    CONF_LABELS,
    CONF_LANGUAGE,
    CONF_RECONCILE_INTERVAL,
    CONF_SHOW,
)
from custom_components.protect_narrator.forms import CONF_ADVANCED, PREFERRED
from custom_components.protect_narrator.options import NUMBER_OPTIONS
from simulator.console import Console
from tests.fake_agents import FakeTaskEntity, add_agents

from .flows import choices, default, our_entry

pytestmark = pytest.mark.usefixtures("flows")


def advanced(**changed: float) -> dict[str, Any]:
    return {option.key: option.default for option in NUMBER_OPTIONS} | changed


def ordinary() -> dict[str, Any]:
    """Fill in the form but for the cameras."""
    return {
        CONF_AGENT_ID: PREFERRED,
        CONF_LABELS: ["ring"],
        CONF_SHOW: "automatic",
        CONF_ADVANCED: advanced(),
    }


async def open_options(hass: HomeAssistant, entry: ConfigEntry) -> ConfigFlowResult:
    return await hass.config_entries.options.async_init(entry.entry_id)


async def save(
    hass: HomeAssistant, form: ConfigFlowResult, user_input: dict[str, Any]
) -> ConfigFlowResult:
    return await hass.config_entries.options.async_configure(form["flow_id"], user_input)


async def test_everything_else_can_be_changed_in_the_options(
    hass: HomeAssistant, console: Console
) -> None:
    agent = FakeTaskEntity()
    await add_agents(hass, agent)
    entry = our_entry(hass, console)

    form = await open_options(hass, entry)
    assert form["errors"] == {}
    assert choices(form, CONF_CAMERAS) == [camera.mac for camera in console.cameras]
    assert default(form, CONF_LABELS) == ["person", "ring"]
    result = await save(
        hass,
        form,
        {
            CONF_AGENT_ID: agent.entity_id,
            CONF_CAMERAS: [console.cameras[0].mac],
            CONF_LABELS: ["vehicle"],
            CONF_LANGUAGE: "de",
            CONF_SHOW: "frames",
            CONF_ADVANCED: advanced(frame_count=3, reconcile_interval=60),
        },
    )

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options == {
        CONF_AGENT_ID: agent.entity_id,
        CONF_CAMERAS: [console.cameras[0].mac],
        CONF_LABELS: ["vehicle"],
        CONF_LANGUAGE: "de",
        CONF_SHOW: "frames",
        **advanced(frame_count=3, reconcile_interval=60),
    }
    assert entry.options[CONF_FRAME_COUNT] == 3
    assert entry.options[CONF_RECONCILE_INTERVAL] == 60


async def test_options_without_labels_are_refused_and_what_was_chosen_is_kept(
    hass: HomeAssistant, console: Console
) -> None:
    entry = our_entry(hass, console)
    form = await open_options(hass, entry)
    chosen = {
        CONF_AGENT_ID: PREFERRED,
        CONF_CAMERAS: [console.cameras[2].mac],
        CONF_LABELS: [],
        CONF_SHOW: "clip",
        CONF_ADVANCED: advanced(),
    }

    form = await save(hass, form, chosen)
    assert form["errors"] == {CONF_LABELS: "no_labels"}
    assert default(form, CONF_CAMERAS) == [console.cameras[2].mac]
    assert default(form, CONF_SHOW) == "clip"

    await save(hass, form, chosen | {CONF_LABELS: ["person"]})
    assert entry.options[CONF_LABELS] == ["person"]
    assert CONF_AGENT_ID not in entry.options


async def test_while_the_console_is_away_its_cameras_stay_chosen(
    hass: HomeAssistant, console: Console
) -> None:
    options = {CONF_CAMERAS: [console.cameras[0].mac], CONF_LABELS: ["person"]}
    entry = our_entry(hass, console, options=options)
    await console.go_down()

    form = await open_options(hass, entry)
    assert form["errors"] == {"base": "cannot_connect"}
    assert form["data_schema"] is not None
    assert CONF_CAMERAS not in form["data_schema"].schema
    await save(hass, form, ordinary())

    assert entry.options[CONF_CAMERAS] == [console.cameras[0].mac]
    assert entry.options[CONF_LABELS] == ["ring"]


async def test_a_user_who_may_not_see_recordings_can_still_change_options(
    hass: HomeAssistant, console: Console
) -> None:
    console.faults.no_media = True
    form = await open_options(hass, our_entry(hass, console))
    assert form["errors"] == {}


async def test_an_agent_that_is_away_stays_in_the_list(
    hass: HomeAssistant, console: Console
) -> None:
    options = {CONF_AGENT_ID: "ai_task.away", CONF_CAMERAS: [], CONF_LABELS: ["person"]}
    form = await open_options(hass, our_entry(hass, console, options=options))
    assert choices(form, CONF_AGENT_ID) == [PREFERRED, "ai_task.away"]
    assert default(form, CONF_AGENT_ID) == "ai_task.away"


async def test_the_only_chosen_camera_stays_chosen_when_the_console_has_it_no_more(
    hass: HomeAssistant, console: Console
) -> None:
    entry = our_entry(hass, console, options={CONF_CAMERAS: ["gone"], CONF_LABELS: ["person"]})
    form = await open_options(hass, entry)
    assert choices(form, CONF_CAMERAS) == [*(camera.mac for camera in console.cameras), "gone"]
    chosen = default(form, CONF_CAMERAS)

    await save(hass, form, ordinary() | {CONF_CAMERAS: chosen})

    assert entry.options[CONF_CAMERAS] == ["gone"], "none would mean all of them"


async def test_a_camera_that_is_gone_can_be_taken_out(
    hass: HomeAssistant, console: Console
) -> None:
    present = console.cameras[0].mac
    options = {CONF_CAMERAS: ["gone", present], CONF_LABELS: ["person"]}
    entry = our_entry(hass, console, options=options)
    form = await open_options(hass, entry)
    await save(hass, form, ordinary() | {CONF_CAMERAS: [present]})
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
        bug.setattr("custom_components.protect_narrator.config_flow.look_up_cameras", fail)
        form = await open_options(hass, entry)

    assert form["errors"] == {"base": "unknown"}
    (record,) = (record for record in caplog.records if record.levelno == logging.ERROR)
    assert record.exc_info is not None
    assert str(record.exc_info[1]) == "planted"

    await save(hass, form, ordinary())
    assert entry.options[CONF_LABELS] == ["ring"]
