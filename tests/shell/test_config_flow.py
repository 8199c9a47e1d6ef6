"""Setting up by hand, against a simulated console over real TLS; each error is its fault."""

from collections.abc import Callable
import logging
from typing import Any

from homeassistant.const import CONF_HOST
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest

from custom_components.protect_narrator.const import CONF_AGENT_ID, CONF_CAMERAS, CONF_LABELS
from custom_components.protect_narrator.protect.login_guard import LOGIN_PATH, MOST_LOGINS
from custom_components.protect_narrator.selectors import PREFERRED
from simulator.console import Console, Reply
from tests.fake_agents import FakeConversationEntity, FakeTaskEntity, add_agents

from .flows import (
    CAMERAS_AND_LABELS,
    begin,
    choices,
    default,
    go_on,
    let_a_minute_pass,
    log_in,
    our_entry,
    suggested,
)

pytestmark = pytest.mark.usefixtures("flows")


async def test_a_console_is_set_up_by_logging_in(hass: HomeAssistant, console: Console) -> None:
    agent = FakeTaskEntity()
    await add_agents(hass, agent)

    form = await begin(hass)
    assert form["step_id"] == "log_in"
    form = await go_on(hass, form, log_in(console))
    assert form["step_id"] == "agent"
    form = await go_on(hass, form, {CONF_AGENT_ID: agent.entity_id})
    assert form["step_id"] == "cameras"
    assert choices(form, CONF_CAMERAS) == [camera.mac for camera in console.cameras]
    chosen = {CONF_CAMERAS: [console.cameras[1].mac], CONF_LABELS: ["person", "ring"]}
    result = await go_on(hass, form, chosen)

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == console.name
    assert result["data"] == log_in(console)
    assert result["options"] == {CONF_AGENT_ID: agent.entity_id, **chosen}
    assert result["result"].unique_id == console.mac


async def test_an_api_key_is_not_needed(hass: HomeAssistant, console: Console) -> None:
    form = await go_on(hass, await begin(hass), log_in(console, api_key=None))
    assert form["step_id"] == "agent"


def wrong_password(console: Console) -> dict[str, Any]:
    return log_in(console, password="not it")


async def switched_off(console: Console) -> dict[str, Any]:
    await console.go_down()
    return log_in(console)


def certificate_not_trusted(console: Console) -> dict[str, Any]:
    return log_in(console, verify_ssl=True)


def no_recordings(console: Console) -> dict[str, Any]:
    console.faults.no_media = True
    return log_in(console)


def no_user(console: Console) -> dict[str, Any]:
    return log_in(console, username=None, password=None)


def no_password(console: Console) -> dict[str, Any]:
    return log_in(console, password=None)


def cloud_user(console: Console) -> dict[str, Any]:
    console.faults.cloud_account = True
    return log_in(console)


def second_factor(console: Console) -> dict[str, Any]:
    console.faults.login = Reply.second_factor()
    return log_in(console)


def wrong_api_key(console: Console) -> dict[str, Any]:
    return log_in(console, api_key="not it")


def too_many_logins(console: Console) -> dict[str, Any]:
    console.faults.logins_per_minute = 0
    return log_in(console)


def still_booting(console: Console) -> dict[str, Any]:
    console.faults.bootstrap = Reply.html()
    return log_in(console)


REFUSALS = pytest.mark.parametrize(
    ("fault", "message"),
    [
        (wrong_password, "invalid_auth"),
        (switched_off, "cannot_connect"),
        (still_booting, "cannot_connect"),
        (certificate_not_trusted, "certificate_error"),
        (no_recordings, "no_media_access"),
        (no_user, "api_key_only"),
        (no_password, "api_key_only"),
        (cloud_user, "cloud_account"),
        (second_factor, "cloud_account"),
        (wrong_api_key, "invalid_api_key"),
        (too_many_logins, "rate_limited"),
    ],
)


@REFUSALS
async def test_each_refusal_has_its_message_and_can_be_mended_on_the_spot(
    hass: HomeAssistant, console: Console, fault: Callable[[Console], Any], message: str
) -> None:
    form = await begin(hass)
    user_input = fault(console)
    if not isinstance(user_input, dict):
        user_input = await user_input

    form = await go_on(hass, form, user_input)

    assert form["step_id"] == "log_in"
    assert form["errors"] == {"base": message}
    assert suggested(form) == user_input

    console.faults.unset()
    if fault is switched_off:
        await console.come_up()
    if fault is too_many_logins:
        let_a_minute_pass(hass, console)
    form = await go_on(hass, form, log_in(console))
    assert form["step_id"] == "agent"
    assert console.open_websockets == 0


async def test_a_console_is_set_up_once_and_its_new_address_is_learned(
    hass: HomeAssistant, console: Console
) -> None:
    entry = our_entry(hass, console, data=log_in(console, host="192.0.2.1", port=7443))

    result = await go_on(hass, await begin(hass), log_in(console, api_key=None))

    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"
    assert entry.data == log_in(console)


async def test_home_assistants_preferred_ai_comes_first_then_tasks_then_conversations(
    hass: HomeAssistant, console: Console
) -> None:
    task, talker = FakeTaskEntity(), FakeConversationEntity()
    await add_agents(hass, talker, task)

    form = await go_on(hass, await begin(hass), log_in(console))

    assert choices(form, CONF_AGENT_ID) == [PREFERRED, task.entity_id, talker.entity_id]
    assert default(form, CONF_AGENT_ID) == task.entity_id, "nothing is preferred, but there is one"


async def test_without_any_agent_the_preferred_one_of_later_can_be_chosen(
    hass: HomeAssistant, console: Console
) -> None:
    form = await go_on(hass, await begin(hass), log_in(console))
    assert choices(form, CONF_AGENT_ID) == [PREFERRED]
    assert default(form, CONF_AGENT_ID) == PREFERRED


async def test_at_least_one_label_is_needed(hass: HomeAssistant, console: Console) -> None:
    form = await go_on(hass, await begin(hass), log_in(console))
    form = await go_on(hass, form, {CONF_AGENT_ID: PREFERRED})
    form = await go_on(hass, form, {CONF_CAMERAS: [], CONF_LABELS: []})
    assert form["errors"] == {CONF_LABELS: "no_labels"}

    result = await go_on(hass, form, CAMERAS_AND_LABELS)
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_an_address_can_be_pasted_from_the_browser(
    hass: HomeAssistant, console: Console
) -> None:
    pasted = f" https://{console.host}:{console.port}/protect/dashboard "
    form = await go_on(hass, await begin(hass), log_in(console, host=pasted, port=443))
    form = await go_on(hass, form, {CONF_AGENT_ID: PREFERRED})
    result = await go_on(hass, form, CAMERAS_AND_LABELS)
    assert result["data"] == log_in(console)


async def test_what_was_understood_of_an_address_is_shown_when_nobody_answers_there(
    hass: HomeAssistant, console: Console
) -> None:
    await console.go_down()
    pasted = f"{console.host}:{console.port}"
    form = await go_on(hass, await begin(hass), log_in(console, host=pasted, port=443))
    assert form["errors"] == {"base": "cannot_connect"}
    assert suggested(form) == log_in(console)


@pytest.mark.parametrize("host", ["", " ", "not a host", "rtsps://192.0.2.1:7441/x"])
async def test_what_is_no_host_is_told_at_its_field_and_not_tried(
    hass: HomeAssistant, console: Console, host: str
) -> None:
    form = await go_on(hass, await begin(hass), log_in(console, host=host))
    assert form["errors"] == {CONF_HOST: "invalid_host"}
    assert suggested(form) == log_in(console, host=host)

    form = await go_on(hass, form, log_in(console))
    assert form["step_id"] == "agent"


async def test_a_bug_is_loud_in_the_log_and_the_form_stays(
    hass: HomeAssistant,
    console: Console,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def fail(*_: object) -> None:
        raise RuntimeError("planted")

    with monkeypatch.context() as bug:
        bug.setattr("custom_components.protect_narrator.config_flow.prove_access", fail)
        form = await go_on(hass, await begin(hass), log_in(console))

    assert form["errors"] == {"base": "unknown"}
    (record,) = (record for record in caplog.records if record.levelno == logging.ERROR)
    assert ", in fail\nRuntimeError" in record.getMessage()

    form = await go_on(hass, form, log_in(console))
    assert form["step_id"] == "agent"


async def test_guessing_passwords_does_not_lock_others_out_of_the_console(
    hass: HomeAssistant, console: Console
) -> None:
    errors: list[str] = []
    for guess in range(MOST_LOGINS + 2):
        # Each in a flow of its own: closing the dialog is no way around it.
        user_input = log_in(console, password=f"guess {guess}")
        form = await go_on(hass, await begin(hass), user_input)
        errors += (form["errors"] or {}).values()
    assert errors == ["invalid_auth"] * MOST_LOGINS + ["rate_limited"] * 2
    assert len(console.requests_to(LOGIN_PATH)) == MOST_LOGINS
