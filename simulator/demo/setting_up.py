"""Sets up Home Assistant as its owner would: the AI, the console, the dashboard."""

from collections.abc import Mapping

import aiohttp

from simulator.console import Console

from .client import Client, Json, Websocket, until
from .dashboard import install
from .errors import DemoError

DOMAIN = "protect_narrator"

# An entry reads the console's devices and opens its websockets after its flow has ended;
# with the rate limits of a real console that takes some seconds.
_LOAD_TIMEOUT = 60.0
_OLLAMA_TIMEOUT = aiohttp.ClientTimeout(total=10)


async def check_ollama(session: aiohttp.ClientSession, url: str, model: str) -> str:
    """Return the model's full name on that server; raises DemoError if it is not there.

    Core's integration would download it then, which is not ours to decide.
    """
    try:
        async with session.get(f"{url.rstrip('/')}/api/tags", timeout=_OLLAMA_TIMEOUT) as reply:
            reply.raise_for_status()
            names = [each["model"] for each in (await reply.json())["models"]]
    except (aiohttp.ClientError, TimeoutError, ValueError, KeyError, TypeError) as err:
        raise DemoError(f"no Ollama server answers at {url}: {err}") from err
    for name in (model, f"{model}:latest"):
        if name in names:
            return name
    raise DemoError(f"{url} has no model {model}; it has {', '.join(names) or 'none'}")


async def set_up_ai(client: Client, websocket: Websocket, url: str, model: str) -> str:
    """Let core's own Ollama integration be the preferred AI; return the id of its entry."""
    entry = await client.config_flow("ollama", {"user": {"url": url}})
    entry_id = entry["result"]["entry_id"]
    await _loaded(client, "ollama")
    await client.config_flow(
        [entry_id, "ai_task_data"],
        {"set_options": {"name": "Local AI", "model": model}},
        kind="subentries/flow",
    )

    async def entity() -> str | None:
        for each in await websocket.call("config/entity_registry/list"):
            if each["platform"] == "ollama" and each["entity_id"].startswith("ai_task."):
                return str(each["entity_id"])
        return None

    entity_id = await until(entity, "core's Ollama integration made no AI Task", _LOAD_TIMEOUT)
    await _loaded(client, "ollama")
    await websocket.call("ai_task/preferences/set", gen_data_entity_id=entity_id)
    return str(entry_id)


async def set_up_console(client: Client, console: Console) -> None:
    """Go through our config flow with a log-in, and wait until the console is listened to."""
    log_in = {
        "host": console.host,
        "port": console.port,
        "username": console.username,
        "password": console.password,
        "api_key": console.api_key,
        "verify_ssl": False,
    }
    # An empty answer takes what the form suggests: the preferred AI, all cameras.
    await client.config_flow(DOMAIN, {"log_in": log_in, "agent": {}, "cameras": {}})
    await _loaded(client, DOMAIN)
    await wait_for_websockets(console)


async def set_options(client: Client, console: Console, options: Mapping[str, Json]) -> None:
    """Fill in these forms of our options, by their step, and wait until we listen again.

    What an answer leaves out stays as the form suggests it.
    """
    for step, answer in options.items():
        (entry,) = await client.get(f"/api/config/config_entries/entry?domain={DOMAIN}")
        answers = {
            "init": {"next_step_id": step},
            step: answer,
            "preview": {"next_step_id": "save"},
        }
        await client.config_flow(entry["entry_id"], answers, kind="options/flow")
        # Home Assistant has begun to reload the entry before it answers.
        await _loaded(client, DOMAIN)
        await wait_for_websockets(console)


async def wait_for_websockets(console: Console) -> None:
    """Return when both of the console's websockets are connected; raises DemoError if late."""
    try:
        await console.wait_for(
            lambda: console.open_private_websockets > 0 and console.open_public_websockets > 0,
            _LOAD_TIMEOUT,
        )
    except TimeoutError as err:
        raise DemoError(f"the integration does not listen to the console: {err}") from err


async def set_up_dashboard(websocket: Websocket, cameras: tuple[str, ...]) -> None:
    """Make a dashboard of these cameras (by name) what everybody sees first."""
    await install(websocket, cameras)


async def _loaded(client: Client, domain: str) -> None:
    async def state() -> bool:
        (entry,) = await client.get(f"/api/config/config_entries/entry?domain={domain}")
        if entry["state"] in {"setup_error", "migration_error"}:
            raise DemoError(f"{domain} could not be set up: {_why(entry)}")
        return bool(entry["state"] == "loaded")

    await until(state, f"{domain} was not loaded", _LOAD_TIMEOUT)


def _why(entry: Json) -> str:
    return str(entry.get("reason") or entry["state"])
