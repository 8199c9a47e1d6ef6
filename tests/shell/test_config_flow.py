"""The flows against a simulated console over real TLS; each error is a fault of the console."""

from collections.abc import AsyncGenerator, Callable
from typing import Any

from homeassistant.config_entries import (
    SOURCE_IGNORE,
    SOURCE_USER,
    ConfigEntry,
    ConfigEntryState,
    ConfigFlowResult,
)
from homeassistant.const import (
    CONF_API_KEY,
    CONF_HOST,
    CONF_PASSWORD,
    CONF_PORT,
    CONF_USERNAME,
    CONF_VERIFY_SSL,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
)

from custom_components.protect_narrator.const import (
    CONF_AGENT_ID,
    CONF_CAMERAS,
    CONF_CORE_ENTRY_ID,
    CONF_FRAME_COUNT,
    CONF_LABELS,
    CONF_LANGUAGE,
    CONF_RECONCILE_INTERVAL,
    CONF_SHOW,
    DOMAIN,
)
from custom_components.protect_narrator.forms import CONF_ADVANCED, CONF_CONSOLE, MANUAL, PREFERRED
from custom_components.protect_narrator.options import NUMBER_OPTIONS
from simulator.console import Console, Reply
from tests.fake_agents import FakeConversationEntity, FakeTaskEntity, add_agents

CAMERAS_AND_LABELS = {CONF_CAMERAS: [], CONF_LABELS: ["person", "ring"]}


@pytest.fixture(autouse=True)
async def _home_assistant(hass: HomeAssistant) -> AsyncGenerator[None]:
    """Have Home Assistant's own component, and unload the entries that a flow made."""
    assert await async_setup_component(hass, "homeassistant", {})
    yield
    for entry in hass.config_entries.async_entries(DOMAIN):
        if entry.state is ConfigEntryState.LOADED:
            await hass.config_entries.async_unload(entry.entry_id)


def log_in(console: Console, **changed: object) -> dict[str, Any]:
    """Fill in the log-in form; what is changed to None is left empty."""
    filled = {
        CONF_HOST: console.host,
        CONF_PORT: console.port,
        CONF_USERNAME: console.username,
        CONF_PASSWORD: console.password,
        CONF_API_KEY: console.api_key,
        CONF_VERIFY_SSL: False,
        **changed,
    }
    return {key: value for key, value in filled.items() if value is not None}


def our_entry(hass: HomeAssistant, console: Console, **changed: object) -> MockConfigEntry:
    """An entry of ours that was set up by hand before."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title=console.name,
        **{
            "unique_id": console.mac,
            "data": log_in(console),
            "options": dict(CAMERAS_AND_LABELS),
            **changed,
        },
    )
    entry.add_to_hass(hass)
    return entry


def core_entry(hass: HomeAssistant, console: Console, **changed: object) -> MockConfigEntry:
    """What core's own integration stores for this console."""
    entry = MockConfigEntry(
        domain="unifiprotect",
        title="Core's console",
        **{"unique_id": console.mac, "data": log_in(console, id="Home"), **changed},
    )
    entry.add_to_hass(hass)
    return entry


async def begin(hass: HomeAssistant) -> ConfigFlowResult:
    return await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})


async def go_on(
    hass: HomeAssistant, form: ConfigFlowResult, user_input: dict[str, Any]
) -> ConfigFlowResult:
    return await hass.config_entries.flow.async_configure(form["flow_id"], user_input)


def choices(form: ConfigFlowResult, key: str) -> list[str]:
    """Return the values that a select field of the form offers."""
    schema = form["data_schema"]
    assert schema is not None
    options = schema.schema[key].config["options"]
    return [option if isinstance(option, str) else option["value"] for option in options]


def default(form: ConfigFlowResult, key: str) -> object:
    schema = form["data_schema"]
    assert schema is not None
    (marker,) = (marker for marker in schema.schema if marker == key)
    return marker.default()


def suggested(form: ConfigFlowResult) -> dict[str, Any]:
    """Return what the form's fields are filled with."""
    schema = form["data_schema"]
    assert schema is not None
    return {
        str(marker): marker.description["suggested_value"]
        for marker in schema.schema
        if marker.description and "suggested_value" in marker.description
    }


async def test_a_console_is_set_up_by_logging_in(hass: HomeAssistant, console: Console) -> None:
    agent = FakeTaskEntity()
    await add_agents(hass, agent)

    form = await begin(hass)
    assert form["step_id"] == "log_in"
    form = await go_on(hass, form, log_in(console))
    assert form["step_id"] == "agent"
    form = await go_on(hass, form, {CONF_AGENT_ID: agent.entity_id})
    assert form["step_id"] == "cameras"
    assert choices(form, CONF_CAMERAS) == [camera.id for camera in console.cameras]
    chosen = {CONF_CAMERAS: [console.cameras[1].id], CONF_LABELS: ["person", "ring"]}
    result = await go_on(hass, form, chosen)

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == console.name
    assert result["data"] == log_in(console)
    assert result["options"] == {CONF_AGENT_ID: agent.entity_id, **chosen}
    assert result["result"].unique_id == console.mac


async def test_an_api_key_is_not_needed(hass: HomeAssistant, console: Console) -> None:
    form = await go_on(hass, await begin(hass), log_in(console, api_key=None))
    assert form["step_id"] == "agent"


async def test_a_console_that_core_knows_needs_no_typing(
    hass: HomeAssistant, console: Console
) -> None:
    core = core_entry(hass, console)

    form = await begin(hass)
    assert form["step_id"] == "user"
    assert choices(form, CONF_CONSOLE) == [core.entry_id, MANUAL]
    assert default(form, CONF_CONSOLE) == core.entry_id
    form = await go_on(hass, form, {CONF_CONSOLE: core.entry_id})
    form = await go_on(hass, form, {CONF_AGENT_ID: PREFERRED})
    result = await go_on(hass, form, CAMERAS_AND_LABELS)

    assert result["data"] == {CONF_CORE_ENTRY_ID: core.entry_id}
    assert result["options"] == CAMERAS_AND_LABELS
    assert result["result"].unique_id == core.unique_id


async def test_beside_the_consoles_of_core_one_can_log_in(
    hass: HomeAssistant, console: Console
) -> None:
    core_entry(hass, console)
    form = await go_on(hass, await begin(hass), {CONF_CONSOLE: MANUAL})
    assert form["step_id"] == "log_in"


@pytest.mark.parametrize("changed", [{"source": SOURCE_IGNORE}, {"unique_id": None}])
async def test_what_core_ignores_is_not_offered_and_what_it_has_is(
    hass: HomeAssistant, console: Console, changed: dict[str, Any]
) -> None:
    core_entry(hass, console, **changed)
    form = await begin(hass)
    assert form["step_id"] == ("log_in" if "source" in changed else "user")


async def test_a_console_that_is_set_up_is_not_offered_again(
    hass: HomeAssistant, console: Console
) -> None:
    core_entry(hass, console)
    our_entry(hass, console)
    form = await begin(hass)
    assert form["step_id"] == "log_in"


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
    form = await go_on(hass, form, log_in(console))
    assert form["step_id"] == "agent"
    assert console.open_websockets == 0


async def test_a_console_of_core_that_refuses_can_be_tried_again(
    hass: HomeAssistant, console: Console
) -> None:
    core = core_entry(hass, console)
    console.faults.no_media = True
    form = await go_on(hass, await begin(hass), {CONF_CONSOLE: core.entry_id})
    assert form["step_id"] == "user"
    assert form["errors"] == {"base": "no_media_access"}

    console.faults.unset()
    form = await go_on(hass, form, {CONF_CONSOLE: core.entry_id})
    assert form["step_id"] == "agent"


@pytest.mark.parametrize("kept", [True, False])
async def test_a_core_entry_with_an_api_key_alone_is_not_enough(
    hass: HomeAssistant, console: Console, *, kept: bool
) -> None:
    data = log_in(console) if kept else log_in(console, username=None, password=None)
    core = core_entry(hass, console, data=data | {"connection_mode": "api_key_only"})
    form = await go_on(hass, await begin(hass), {CONF_CONSOLE: core.entry_id})
    assert form["errors"] == {"base": "api_key_only"}


async def test_a_core_entry_that_is_removed_meanwhile_is_reported(
    hass: HomeAssistant, console: Console
) -> None:
    core = core_entry(hass, console)
    core_entry(hass, console, unique_id="another")
    form = await begin(hass)
    await hass.config_entries.async_remove(core.entry_id)

    form = await go_on(hass, form, {CONF_CONSOLE: core.entry_id})
    assert form["errors"] == {"base": "core_entry_missing"}


async def test_a_console_is_set_up_once_and_its_new_address_is_learned(
    hass: HomeAssistant, console: Console
) -> None:
    entry = our_entry(hass, console, data=log_in(console, host="192.0.2.1", port=7443))

    result = await go_on(hass, await begin(hass), log_in(console, api_key=None))

    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"
    assert entry.data == log_in(console)


async def test_an_entry_that_follows_core_keeps_following_it(
    hass: HomeAssistant, console: Console
) -> None:
    data = {CONF_CORE_ENTRY_ID: core_entry(hass, console).entry_id}
    entry = our_entry(hass, console, data=data)

    result = await go_on(hass, await begin(hass), log_in(console))

    assert result["reason"] == "already_configured"
    assert entry.data == data


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


async def test_a_new_password_is_asked_for_and_the_rest_is_kept(
    hass: HomeAssistant, console: Console
) -> None:
    entry = our_entry(hass, console)
    console.password = "changed"
    form = await entry.start_reauth_flow(hass)
    assert form["step_id"] == "reauth_confirm"
    assert suggested(form) == {CONF_USERNAME: console.username}

    form = await go_on(hass, form, {CONF_USERNAME: console.username, CONF_PASSWORD: "guess"})
    assert form["errors"] == {"base": "invalid_auth"}
    result = await go_on(hass, form, {CONF_USERNAME: console.username, CONF_PASSWORD: "changed"})

    assert result["reason"] == "reauth_successful"
    assert entry.data == log_in(console, password="changed")


async def test_a_log_in_of_core_is_renewed_there(hass: HomeAssistant, console: Console) -> None:
    core = core_entry(hass, console)
    data = {CONF_CORE_ENTRY_ID: core.entry_id}
    entry = our_entry(hass, console, data=data)
    console.password = "changed"
    form = await entry.start_reauth_flow(hass)
    assert form["step_id"] == "reauth_core"

    form = await go_on(hass, form, {})
    assert form["errors"] == {"base": "invalid_auth"}
    hass.config_entries.async_update_entry(core, data=log_in(console))
    result = await go_on(hass, form, {})

    assert result["reason"] == "reauth_successful"
    assert entry.data == data


async def test_reauthentication_does_not_accept_another_console(
    hass: HomeAssistant, console: Console
) -> None:
    entry = our_entry(hass, console, unique_id="F4E2C6FFFFFF")
    result = await go_on(hass, await entry.start_reauth_flow(hass), {})
    assert result["reason"] == "wrong_console"


async def test_address_and_user_can_be_changed_without_typing_the_secrets_again(
    hass: HomeAssistant, console: Console
) -> None:
    entry = our_entry(hass, console, data=log_in(console, host="192.0.2.1"))
    form = await entry.start_reconfigure_flow(hass)
    assert form["step_id"] == "reconfigure_log_in"
    assert suggested(form) == log_in(console, host="192.0.2.1", password=None, api_key=None), (
        "secrets do not travel to the browser"
    )

    result = await go_on(hass, form, log_in(console, password=None, api_key=None))

    assert result["reason"] == "reconfigure_successful"
    assert entry.data == log_in(console)


async def test_an_entry_can_change_over_to_the_log_in_of_core_and_back(
    hass: HomeAssistant, console: Console
) -> None:
    entry = our_entry(hass, console)
    core = core_entry(hass, console)

    form = await entry.start_reconfigure_flow(hass)
    assert form["step_id"] == "reconfigure"
    result = await go_on(hass, form, {CONF_CONSOLE: core.entry_id})
    assert result["reason"] == "reconfigure_successful"
    assert entry.data == {CONF_CORE_ENTRY_ID: core.entry_id}

    form = await go_on(hass, await entry.start_reconfigure_flow(hass), {CONF_CONSOLE: MANUAL})
    assert form["step_id"] == "reconfigure_log_in"
    result = await go_on(hass, form, log_in(console))
    assert result["reason"] == "reconfigure_successful"
    assert entry.data == log_in(console)


async def test_reconfiguration_does_not_accept_another_console(
    hass: HomeAssistant, console: Console
) -> None:
    entry = our_entry(hass, console, unique_id="F4E2C6FFFFFF")
    result = await go_on(hass, await entry.start_reconfigure_flow(hass), log_in(console))
    assert result["reason"] == "wrong_console"
    assert entry.unique_id == "F4E2C6FFFFFF"


def advanced(**changed: float) -> dict[str, Any]:
    return {option.key: option.default for option in NUMBER_OPTIONS} | changed


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
    assert choices(form, CONF_CAMERAS) == [camera.id for camera in console.cameras]
    assert default(form, CONF_LABELS) == ["person", "ring"]
    result = await save(
        hass,
        form,
        {
            CONF_AGENT_ID: agent.entity_id,
            CONF_CAMERAS: [console.cameras[0].id],
            CONF_LABELS: ["vehicle"],
            CONF_LANGUAGE: "de",
            CONF_SHOW: "frames",
            CONF_ADVANCED: advanced(frame_count=3, reconcile_interval=60),
        },
    )

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options == {
        CONF_AGENT_ID: agent.entity_id,
        CONF_CAMERAS: [console.cameras[0].id],
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
        CONF_CAMERAS: [console.cameras[2].id],
        CONF_LABELS: [],
        CONF_SHOW: "clip",
        CONF_ADVANCED: advanced(),
    }

    form = await save(hass, form, chosen)
    assert form["errors"] == {CONF_LABELS: "no_labels"}
    assert default(form, CONF_CAMERAS) == [console.cameras[2].id]
    assert default(form, CONF_SHOW) == "clip"

    await save(hass, form, chosen | {CONF_LABELS: ["person"]})
    assert entry.options[CONF_LABELS] == ["person"]
    assert CONF_AGENT_ID not in entry.options


async def test_while_the_console_is_away_its_cameras_stay_chosen(
    hass: HomeAssistant, console: Console
) -> None:
    options = {CONF_CAMERAS: [console.cameras[0].id], CONF_LABELS: ["person"]}
    entry = our_entry(hass, console, options=options)
    await console.go_down()

    form = await open_options(hass, entry)
    assert form["errors"] == {"base": "cannot_connect"}
    assert form["data_schema"] is not None
    assert CONF_CAMERAS not in form["data_schema"].schema
    await save(
        hass,
        form,
        {
            CONF_AGENT_ID: PREFERRED,
            CONF_LABELS: ["ring"],
            CONF_SHOW: "automatic",
            CONF_ADVANCED: advanced(),
        },
    )

    assert entry.options[CONF_CAMERAS] == [console.cameras[0].id]
    assert entry.options[CONF_LABELS] == ["ring"]


async def test_a_user_who_may_not_see_recordings_can_still_change_options(
    hass: HomeAssistant, console: Console
) -> None:
    console.faults.no_media = True
    form = await open_options(hass, our_entry(hass, console))
    assert form["errors"] == {}


async def test_an_agent_that_is_away_stays_in_the_list_and_a_lost_camera_does_not(
    hass: HomeAssistant, console: Console
) -> None:
    options = {
        CONF_AGENT_ID: "ai_task.away",
        CONF_CAMERAS: ["gone", console.cameras[0].id],
        CONF_LABELS: ["person"],
    }
    form = await open_options(hass, our_entry(hass, console, options=options))
    assert choices(form, CONF_AGENT_ID) == [PREFERRED, "ai_task.away"]
    assert default(form, CONF_AGENT_ID) == "ai_task.away"
    assert default(form, CONF_CAMERAS) == [console.cameras[0].id]
