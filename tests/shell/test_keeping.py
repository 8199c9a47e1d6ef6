"""How long this installation keeps Sightings: told as it is, with how to change it."""

from collections.abc import Callable
from typing import Any

from homeassistant.components.recorder.core import Recorder
from homeassistant.config_entries import ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest

from custom_components.protect_narrator.const import EVENT_SIGHTING
from simulator.console import Console

from .flows import our_entry
from .test_manifest import LANGUAGES, read


async def told(hass: HomeAssistant, console: Console) -> ConfigFlowResult:
    """Ask in the options how long Sightings are kept."""
    flow = hass.config_entries.options
    menu = await flow.async_init(our_entry(hass, console).entry_id)
    answer = await flow.async_configure(menu["flow_id"], {"next_step_id": "keeping"})
    assert answer["type"] is FlowResultType.MENU
    back = await flow.async_configure(answer["flow_id"], {"next_step_id": "init"})
    assert back["step_id"] == "init"
    return answer


def words(answer: ConfigFlowResult, language: str) -> str:
    """Return what is shown in that language."""
    translations: dict[str, Any] = read(f"translations/{language}.json")
    text: str = translations["options"]["step"][answer["step_id"]]["description"]
    return text.format(**(answer["description_placeholders"] or {}))


@pytest.mark.parametrize("days", [1, 10, 400])
@pytest.mark.usefixtures("recorder_mock", "flows")
async def test_the_recorder_s_days_are_told_and_how_to_have_more(
    hass: HomeAssistant, console: Console, recorder_mock: Recorder, days: int
) -> None:
    recorder_mock.keep_days = days
    answer = await told(hass, console)
    for language in LANGUAGES:
        text = words(answer, language)
        assert f"**{days}**" in text
        assert "recorder:\n  purge_keep_days: 365" in text


def never_purge(recorder: Recorder) -> None:
    recorder.auto_purge = False


def switch_off(recorder: Recorder) -> None:
    recorder.set_enable(False)


def leave_out(recorder: Recorder) -> None:
    recorder.exclude_event_types.add(EVENT_SIGHTING)


@pytest.mark.parametrize(
    ("change", "step_id", "mends"),
    [
        (never_purge, "keeping_forever", "auto_purge: false"),
        (switch_off, "keeping_off", "recorder:"),
        (leave_out, "keeping_excluded", EVENT_SIGHTING),
    ],
)
@pytest.mark.usefixtures("recorder_mock", "flows")
async def test_a_recorder_that_does_otherwise_is_told_as_it_is(
    hass: HomeAssistant,
    console: Console,
    recorder_mock: Recorder,
    change: Callable[[Recorder], None],
    step_id: str,
    mends: str,
) -> None:
    change(recorder_mock)
    answer = await told(hass, console)
    assert answer["step_id"] == step_id
    assert all(mends in words(answer, language) for language in LANGUAGES)


@pytest.mark.usefixtures("flows")
async def test_without_a_recorder_nothing_is_said_to_be_kept(
    hass: HomeAssistant, console: Console
) -> None:
    answer = await told(hass, console)
    assert answer["step_id"] == "keeping_off"
    assert all("recorder:" in words(answer, language) for language in LANGUAGES)
