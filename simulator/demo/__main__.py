"""``python -m simulator.demo``; see ``script/demo`` for how it is started."""

import argparse
import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
import json
from pathlib import Path
import sys

import aiohttp

from simulator.model import Model

from .assist import ask_of, expose_cameras, set_up_assist
from .client import Client, Json, Websocket
from .errors import DemoError, flat
from .home import Home, config_folder, log_in, running
from .proof import check_log, check_media, last_words
from .scenarios import SCENARIOS, Scenario
from .setting_up import check_ollama, set_options, set_up_ai, set_up_console, set_up_dashboard
from .sightings import readable
from .signals import cancel_on_signals
from .world import IN_VIEW, Seen, World, make_console, make_recorder

_USERNAME = _PASSWORD = "demo"

_EVENT = "protect_narrator_sighting"
_EVERY = 30.0
# With the default waits the slowest scenario needs about 70 s.
_SIGHTING_TIMEOUT = 120.0
_LOCAL_MODEL = "llava:latest"


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for on the command line."""

    once: bool
    scenario: Scenario
    ollama: str | None
    model: str
    keep: Path | None


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything, up and set up."""

    world: World
    home: Home
    websocket: Websocket
    sightings: asyncio.Queue[Json]


def say(words: str) -> None:
    """Tell how far we are; standard output is for Sightings."""
    print(words, file=sys.stderr, flush=True)


@asynccontextmanager
async def staged(options: Options, folder: Path) -> AsyncIterator[Stage]:
    """Start everything, set it up, and stop it in the end."""
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        model: Model | None = None
        if options.ollama is None:
            model = await stack.enter_async_context(Model(models=[_LOCAL_MODEL]))
            ai_url, ai_model = model.url, _LOCAL_MODEL
        else:
            ai_url = options.ollama
            ai_model = await check_ollama(session, ai_url, options.model)
        recorder = make_recorder()
        console = await stack.enter_async_context(make_console(recorder))
        say(f"The AI answers at {ai_url}, the console at https://{console.host}:{console.port}")

        say("Starting Home Assistant …")
        home = await stack.enter_async_context(running(folder))
        client = Client(home.url, session)
        await client.create_owner("Demo", _USERNAME, _PASSWORD)
        websocket = await stack.enter_async_context(client.websocket())

        say("Setting up the AI and the console, through their config flows …")
        ai = await set_up_ai(client, websocket, ai_url, ai_model)
        await set_up_assist(client, websocket, ai, ai_model)
        sightings = await websocket.subscribe(_EVENT)
        await set_up_console(client, console)
        await set_options(client, console, options.scenario.options)
        await set_up_dashboard(websocket, IN_VIEW)
        await expose_cameras(websocket)
        yield Stage(World(recorder, console, model), home, websocket, sightings)


async def once(options: Options, folder: Path) -> None:
    """Let it happen once and print each Sighting as a line of JSON; raises DemoError."""
    async with staged(options, folder) as stage:
        say(f"Now: {options.scenario.summary}")
        sightings = await _sightings_of_one_run(options, stage)
        question, answer = await ask_of(stage.websocket, sightings, stage.world.model)
        say(f"Assist is asked: {question}\nIt answers: {answer}")
    options.scenario.check(sightings)
    check_log(stage.home.log, is_quiet=options.scenario.is_quiet)
    check_media(stage.home.media)
    for sighting in sightings:
        print(json.dumps(sighting), flush=True)


async def _sightings_of_one_run(options: Options, stage: Stage) -> list[Json]:
    """Return the Sightings, first words too, until there is a final one of each event."""
    scenario, world = options.scenario, stage.world
    seen: list[Seen] = []
    sightings: list[Json] = []
    try:
        async with asyncio.timeout(_SIGHTING_TIMEOUT):
            scenario.go_wrong(world)
            seen = await scenario.happen(world)
            while not _are_told(seen, sightings):
                sighting = await stage.sightings.get()
                say(readable(sighting))
                sightings.append(sighting)
    except TimeoutError as err:
        exports = len(world.console.requests_to("/video/export"))
        raise DemoError(
            f"{len(sightings)} of {len(seen) or 'the'} Sightings came within "
            f"{_SIGHTING_TIMEOUT:g} s; the console was asked for {exports} clips, the model "
            f"{world.model.call_count if world.model else '?'} times"
        ) from err
    return sightings


def _are_told(seen: list[Seen], sightings: list[Json]) -> bool:
    """Say whether there is a final Sighting of every event."""
    told = {
        event_id
        for sighting in sightings
        if sighting["phase"] == "final"
        for event_id in sighting["protect_event_ids"]
    }
    return {each.event_id for each in seen} <= told


async def for_ever(options: Options, folder: Path) -> None:
    """Make a detection every 30 s and print each Sighting, until cancelled."""
    async with staged(options, folder) as stage:
        print(
            f"\nHome Assistant: {stage.home.url}   user: {_USERNAME}   password: {_PASSWORD}\n"
            f"A detection every {_EVERY:g} s: {options.scenario.summary}. Ctrl-C ends it.\n"
            f"Ask Assist: what happened at the {IN_VIEW[0].lower()}?\n",
            flush=True,
        )
        async with asyncio.TaskGroup() as group:
            group.create_task(_keep_detecting(options.scenario, stage.world, group))
            while True:
                print(readable(await stage.sightings.get()), flush=True)


async def _keep_detecting(scenario: Scenario, world: World, group: asyncio.TaskGroup) -> None:
    while True:
        scenario.go_wrong(world)
        group.create_task(scenario.happen(world))
        await asyncio.sleep(_EVERY)


async def main(options: Options) -> int:
    """Run the demo; return the status to exit with. Signals end it in good order."""
    cancel_on_signals()
    try:
        with config_folder(options.keep) as folder:
            status = await _run(options, folder)
            if options.keep is not None:
                _say_where(log_in(folder))
            return status
    except DemoError as err:
        say(f"demo: {err}")
        return 1


async def _run(options: Options, folder: Path) -> int:
    """Run it in this folder; return the status to exit with."""
    run = once if options.once else for_ever
    status = 0
    try:
        await run(options, folder)
    except* DemoError as errors:
        for error in flat(errors):
            say(f"demo: {error}")
        if words := last_words(log_in(folder)):
            say(f"Home Assistant's last words above info:\n{words}")
        status = 1
    except* asyncio.CancelledError:
        say("Stopped.")
        status = 130 if options.once else 0
    return status


def _say_where(log: Path) -> None:
    """Say where the log is that was kept, if Home Assistant was started at all."""
    if log.exists():
        say(f"Home Assistant's log is in {log}")


def parse(arguments: list[str] | None = None) -> Options:
    """Read the command line; ends the program when it makes no sense."""
    table = "\n".join(f"  {name:16} {each.summary}" for name, each in SCENARIOS.items())
    parser = argparse.ArgumentParser(
        prog="./script/demo",
        description="Shows the main job in a real Home Assistant on this machine.",
        epilog=f"scenarios:\n{table}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--once",
        action="store_true",
        help="one detection; then each Sighting as a line of JSON",
    )
    parser.add_argument(
        "--scenario", choices=SCENARIOS, default="ok", metavar="NAME", help="what goes wrong"
    )
    parser.add_argument("--ha-version", help="run that Home Assistant (seen by script/demo)")
    parser.add_argument("--ollama", metavar="URL", help="ask this Ollama server; needs --model")
    parser.add_argument("--model", metavar="NAME", help="the model to ask there")
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="leave Home Assistant's folder and log there"
    )
    given = parser.parse_args(arguments)
    scenario = SCENARIOS[given.scenario]
    if bool(given.ollama) != bool(given.model):
        parser.error("--ollama and --model belong together")
    if given.ollama and scenario.needs_our_model:
        parser.error(f"{given.scenario} needs the local model: leave --ollama out")
    return Options(given.once, scenario, given.ollama, given.model or _LOCAL_MODEL, given.keep)


if __name__ == "__main__":
    sys.exit(asyncio.run(main(parse())))
