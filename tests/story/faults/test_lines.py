"""A console that can hardly be heard or asked: what happens is told all the same."""

from homeassistant.const import CONF_PASSWORD, CONF_USERNAME
from homeassistant.data_entry_flow import FlowResultType
import pytest

from custom_components.protect_narrator.const import (
    CONF_CLIP_DEADLINE,
    CONF_RECONCILE_INTERVAL,
    DOMAIN,
)
from simulator.console import Reply, Socket
from tests.waiting import until

from .fault import Fault
from .lines import AWAY, CRASH, LINES, PASSWORD, REBOOT, STORM
from .playing import heals, is_told_and_heals, is_well
from .stage import Stage
from .telling import Notebook


@pytest.mark.parametrize("fault", LINES, ids=lambda fault: fault.slug)
async def test_a_line_that_fails_is_told_over_the_others(stage: Stage, fault: Fault) -> None:
    await stage.begin(fault.options)
    await is_told_and_heals(fault, stage)


async def test_what_happens_while_the_console_is_away_is_told_when_it_is_back(
    stage: Stage,
) -> None:
    notebook = Notebook(AWAY)
    await stage.begin()
    await stage.console.go_down()
    await until(stage.is_unavailable)
    seen = stage.look()

    events = {each.id: await stage.home.see(each) for each in (stage.camera, stage.neighbour)}
    await stage.console.come_up()
    told, beside = await stage.sightings_of(events)

    assert (told["medium"], told["fallbacks"], told["late"]) == ("frames", [], True)
    is_well(beside)
    await until(lambda: not stage.is_unavailable())
    await heals(stage, notebook, told, beside, seen=seen)
    assert stage.warnings() == ["The connection to the console Home is lost"]


async def test_a_console_that_restarts_in_a_download_is_asked_again(stage: Stage) -> None:
    notebook = Notebook(REBOOT)
    await stage.begin({CONF_CLIP_DEADLINE: 10})
    stage.console.faults.export = [Reply.hang_in_body()]
    events = {each.id: await stage.home.see(each) for each in (stage.camera, stage.neighbour)}
    await until(lambda: any(path.suffix == ".part" for path in stage.home.files_left()))

    await stage.console.go_down()
    await stage.console.come_up()
    told, beside = await stage.sightings_of(events)

    assert (told["medium"], told["fallbacks"], told["late"]) == ("frames", [], False)
    assert told["clip_attempts"] > 1
    is_well(beside)
    await heals(stage, notebook, told, beside, seen=["its entities are away for a moment"])


async def test_a_reconnect_storm_is_ridden_out_by_looking_back(stage: Stage) -> None:
    notebook = Notebook(STORM)
    await stage.begin({CONF_RECONCILE_INTERVAL: 1})
    stage.console.faults.private_socket = stage.console.faults.public_socket = Socket.FLAPPING
    await stage.console.drop_websockets()
    await stage.has_warned("The connection to the console Home comes and goes")

    told, beside = await stage.see(stage.camera, stage.neighbour)

    is_well(told, beside)
    assert told["late"] is True
    assert stage.warnings() == [
        "The connection to the console Home is lost",
        "The connection to the console Home comes and goes",
    ]
    seen = ["its entities come and go", *stage.logged()]
    await heals(stage, notebook, told, beside, seen=seen)


async def test_a_password_that_is_changed_is_asked_for_and_until_then_a_picture_is_told(
    stage: Stage,
) -> None:
    notebook = Notebook(PASSWORD)
    await stage.begin({CONF_RECONCILE_INTERVAL: 1})
    stage.console.password = "a new one"
    stage.console.end_sessions()
    flows = stage.home.hass.config_entries.flow
    await until(lambda: flows.async_progress_by_handler(DOMAIN))

    told, beside = await stage.see(stage.camera, stage.neighbour)
    for each in (told, beside):
        assert each["fallback_reason"] == "clip_download_failed"
        assert each["fallback_detail"] in {"no_access", "http_error"}
        assert each["medium"] == "snapshot"
    seen = stage.look()
    assert "asks for a new log-in" in seen

    (flow,) = flows.async_progress_by_handler(DOMAIN)
    log_in = {CONF_USERNAME: stage.console.username, CONF_PASSWORD: stage.console.password}
    result = await flows.async_configure(flow["flow_id"], log_in)
    assert result["type"] is FlowResultType.ABORT, result
    await stage.home.hass.async_block_till_done(wait_background_tasks=False)
    await stage.home.is_heard()
    # A log-in is refused, or not even tried again: they are kept apart.
    said = "`snapshot`, `clip_download_failed:no_access` or `:http_error`"
    await heals(stage, notebook, said, seen=["other cameras: the same", *seen])


async def test_a_console_that_two_exports_bring_down_is_never_asked_for_two(
    stage: Stage,
) -> None:
    notebook = Notebook(CRASH)
    await stage.begin()
    stage.console.faults.most_exports = 1

    told, beside, *others = await stage.see(*stage.console.cameras)

    for each in (told, beside, *others):
        assert (each["medium"], each["fallbacks"], each["clip_attempts"]) == ("frames", [], 1)
    assert stage.console.most_exports_at_once == 1
    await heals(stage, notebook, told, beside)
