"""Nothing that is secret, and nobody who was seen, is in a line of ours, at any level."""

import ast
from collections.abc import Callable, Iterator
import json
import logging
from pathlib import Path
from typing import Any

from homeassistant.exceptions import HomeAssistantError
import pytest

import custom_components.protect_narrator as package
from custom_components.protect_narrator.const import (
    CONF_FIRST_WORDS,
    CONF_HOUSE_NOTES,
    DOMAIN,
)
from simulator.console import Reply
from tests.fake_agents import FakeConversationEntity, FakeTaskEntity, add_agents
from tests.waiting import until

from .conftest import Home

OURS = "custom_components.protect_narrator"

PLATE = "MARKPLATE1"
FACE = "Markface"
WORDS = "Markwords"
NOTES = "Marknotes"
ANSWERED = "Markerror"
USER = "markuser"

ANSWER = {"title": f"{WORDS} rings", "description": f"{WORDS} walks by.", "importance": "low"}


@pytest.fixture
def ours(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Write everything down that we log."""
    caplog.set_level(logging.DEBUG, OURS)
    return caplog


@pytest.fixture
async def marked(home: Home, agent: FakeTaskEntity, ours: object) -> Home:
    """A home in which everything that must not be told has a mark."""
    home.console._state.username = USER
    agent.answer = lambda: ANSWER
    home.add_entry(agent, {CONF_HOUSE_NOTES: f"{NOTES} lives here", CONF_FIRST_WORDS: True})
    return home


def secrets_of(home: Home) -> list[str]:
    """Return what stands for a person or opens a door."""
    data = home.entry.data
    given = [data[key] for key in ("username", "password", "api_key") if key in data]
    cookies = list(home.console._state.sessions)
    return [*given, *cookies, home.console.password, PLATE, FACE, WORDS, NOTES, ANSWERED, USER]


def lines_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what our loggers have said, arguments and tracebacks included."""
    formatter = logging.Formatter("%(message)s")
    return [
        f"{formatter.format(record)} {record.args!r}"
        for record in caplog.get_records("call")
        if record.name.startswith(OURS)
    ]


def give_away(home: Home, caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the lines of ours in which a secret is; there have to be some lines at all.

    Another one proves that it would be found.
    """
    logging.getLogger(f"{OURS}.careless").debug("%s", {"face": FACE})
    lines = lines_of(caplog)
    found = [line for line in lines if any(secret in line for secret in secrets_of(home))]
    assert len(lines) > 1
    assert FACE in found.pop()
    return found


async def somebody(home: Home, number: int = 1) -> dict[str, Any]:
    """Let somebody be seen with a plate and a face; return the full Sighting."""
    console = home.console
    event_id = await console.start_detection(console.cameras[number].id, ("person",))
    await console.update_detection(
        event_id, labels=("person", "licensePlate", "face"), license_plate=PLATE, face=FACE
    )
    await console.end_detection(event_id)
    await until(
        lambda: any(
            each.data["phase"] == "final" and each.data["protect_event_id"] == event_id
            for each in home.sightings
        )
    )
    sighting: dict[str, Any] = next(
        each.data
        for each in reversed(home.sightings)
        if each.data["phase"] == "final" and each.data["protect_event_id"] == event_id
    )
    await until(lambda: not home.entry.runtime_data.runner.depth)
    return sighting


async def test_the_main_job_gives_nobody_away(marked: Home, ours: pytest.LogCaptureFixture) -> None:
    await marked.start()
    await marked.is_heard()
    sighting = await somebody(marked)
    assert (sighting["license_plates"], sighting["faces"]) == ([PLATE], [FACE])
    assert WORDS in sighting["title"]
    await marked.hass.services.async_call(
        DOMAIN,
        "describe_again",
        {"sighting_id": sighting["sighting_id"], "prompt": f"Is it {WORDS}?"},
        blocking=True,
    )
    await marked.unload()
    assert give_away(marked, ours) == []


def raises(error: Callable[[], Exception]) -> Callable[[], object]:
    def answer() -> object:
        try:
            return int(f"{PLATE} {FACE}")
        except ValueError as err:
            raise error() from err

    return answer


@pytest.mark.parametrize(
    "answer",
    [
        raises(lambda: RuntimeError(ANSWERED)),
        raises(lambda: HomeAssistantError(f"{ANSWERED}: {NOTES}")),
        raises(lambda: KeyError(ANSWERED)),
        raises(lambda: TypeError(ANSWERED)),
        lambda: f"I cannot help with {WORDS}",
        lambda: f"Error: {ANSWERED}",
        lambda: f"{WORDS} {ANSWERED}",
        lambda: {WORDS: ANSWERED},
        lambda: {"title": [WORDS], "description": {WORDS: 5}},
        lambda: [WORDS],
    ],
)
async def test_an_agent_that_fails_gives_nobody_away(
    marked: Home, agent: FakeTaskEntity, ours: pytest.LogCaptureFixture, answer: Any
) -> None:
    agent.answer = answer
    await marked.start()
    assert (await somebody(marked))["fallback_reason"] == "agent_failed"
    assert give_away(marked, ours) == []


async def test_a_conversation_that_fails_gives_nobody_away(
    marked: Home, ours: pytest.LogCaptureFixture
) -> None:
    talker = FakeConversationEntity(
        answer=raises(lambda: HomeAssistantError(f"{ANSWERED}: {NOTES}"))  # type: ignore[arg-type]
    )
    await add_agents(marked.hass, talker)
    await marked.start({"agent_id": talker.entity_id})
    assert (await somebody(marked))["fallback_reason"] == "agent_failed"
    assert give_away(marked, ours) == []


def planted_at(where: str, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def bug(*_args: object, **_others: object) -> object:
        raise error

    monkeypatch.setattr(f"{OURS}.{where}", bug)


@pytest.mark.parametrize(
    "where",
    [
        "pipeline.clip.clip_window",
        "pipeline.evidence.look_for",
        "pipeline.describe.question",
        "pipeline.describe.parse_answer",
        "describer._structure",
        "sensor.LastSightingSensor._async_show",
    ],
)
async def test_a_bug_gives_nobody_away(
    marked: Home,
    ours: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    where: str,
) -> None:
    await marked.start()
    await marked.is_heard()
    planted_at(where, monkeypatch, KeyError(f"{PLATE} {FACE} {WORDS} {marked.console.password}"))
    await somebody(marked)
    assert any("Traceback" in line for line in lines_of(ours))
    assert give_away(marked, ours) == []


async def test_a_bug_in_first_words_gives_nobody_away(
    marked: Home, ours: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    await marked.start()
    await marked.is_heard()
    planted_at("pipeline.first_words.written_still", monkeypatch, KeyError(f"{PLATE} {FACE}"))
    await marked.console.start_detection(marked.console.cameras[1].id, ("person",))
    # While it still goes on: its end would overtake them.
    await until(lambda: any("Traceback" in line for line in lines_of(ours)))
    assert give_away(marked, ours) == []


@pytest.mark.parametrize(
    "faults",
    [
        {"event": Reply(content=json.dumps({"id": [PLATE], "faces": FACE}).encode())},
        {"event": Reply.error(400, f"{PLATE} {FACE}")},
        {"events": Reply(content=json.dumps([{"id": PLATE, "start": FACE}, PLATE]).encode())},
        {"events": Reply.error(500, f"{PLATE} {FACE}")},
        {"events": Reply(content=PLATE.encode())},
        {"cameras": Reply.error(500, f"{PLATE} {FACE}")},
        {"export": Reply.error(500, f"{PLATE} {FACE}")},
        {"export": Reply(content=PLATE.encode())},
        {"export": Reply.garbage()},
        {
            "export": Reply.error(403, PLATE),
            "thumbnail": Reply.error(500, PLATE),
            "recorded_snapshot": Reply(content=PLATE.encode()),
            "live_snapshot": Reply(content=PLATE.encode()),
            "public_snapshot": Reply.error(500, PLATE),
        },
    ],
    ids="-".join,
)
async def test_a_console_that_fails_gives_nobody_away(
    marked: Home, ours: pytest.LogCaptureFixture, faults: dict[str, Reply]
) -> None:
    await marked.start()
    await marked.is_heard()
    for name, fault in faults.items():
        setattr(marked.console.faults, name, fault)
    marked.entry.runtime_data.connection._look_due.set()
    await somebody(marked)
    await marked.unload()
    assert give_away(marked, ours) == []


@pytest.mark.parametrize(
    "rubbish", [{"nvr": PLATE}, {"cameras": [{"id": FACE}]}, {"users": {FACE: PLATE}}]
)
async def test_a_console_of_rubbish_gives_nobody_away(
    marked: Home, ours: pytest.LogCaptureFixture, rubbish: dict[str, Any]
) -> None:
    marked.console.faults.bootstrap = Reply(content=json.dumps(rubbish).encode())
    await marked.hass.config_entries.async_setup(marked.entry.entry_id)
    assert any("not those of a Protect console" in line for line in lines_of(ours))
    assert give_away(marked, ours) == []
    await marked.hass.config_entries.async_unload(marked.entry.entry_id)


async def test_a_log_in_that_is_refused_and_mended_gives_nobody_away(
    marked: Home, ours: pytest.LogCaptureFixture
) -> None:
    good = marked.console.password
    marked.console.password = "changed"
    await marked.hass.config_entries.async_setup(marked.entry.entry_id)
    (flow,) = marked.hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    configure = marked.hass.config_entries.flow.async_configure
    await configure(flow["flow_id"], {"username": USER, "password": "Markguess"})
    marked.console.password = good
    await configure(flow["flow_id"], {"username": USER, "password": good})
    await until(lambda: marked.console.open_private_websockets == 1)
    marked.console.end_sessions()
    marked.console.faults.login = Reply.error(500, good)
    marked.entry.runtime_data.connection._look_due.set()
    await until(lambda: any("cannot be read" in line for line in lines_of(ours)))
    assert not [line for line in lines_of(ours) if "Markguess" in line]
    assert give_away(marked, ours) == []


async def test_damaged_storage_gives_nobody_away(
    marked: Home, ours: pytest.LogCaptureFixture, hass_storage: dict[str, Any]
) -> None:
    hass_storage[f"{DOMAIN}.{marked.entry.entry_id}"] = {
        "version": 1,
        "minor_version": 1,
        "key": f"{DOMAIN}.{marked.entry.entry_id}",
        "data": {
            "unfinished": [{"labels": [PLATE]}, {PLATE: FACE}],
            "today": {"day": PLATE},
            "ready": [[FACE, PLATE]],
            "looked_at": PLATE,
        },
    }
    await marked.start()
    (said,) = [line for line in lines_of(ours) if "cannot be read" in line]
    assert "5 parts" in said
    assert give_away(marked, ours) == []


def modules() -> Iterator[Path]:
    assert package.__file__
    yield from sorted(Path(package.__file__).parent.rglob("*.py"))


@pytest.mark.parametrize("module", modules(), ids=lambda path: path.stem)
def test_whoever_logs_an_exception_does_it_with_caution(module: Path) -> None:
    tree = ast.parse(module.read_text())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    logs_exceptions = any(
        (
            (isinstance(call.func, ast.Attribute) and call.func.attr == "exception")
            and ast.unparse(call.func.value) == "_LOGGER"
        )
        or any(keyword.arg in {"exc_info", "stack_info"} for keyword in call.keywords)
        for call in calls
    )
    if logs_exceptions:
        made = [ast.unparse(call.func) for call in calls]
        assert "cautious_logger" in made
        assert "logging.getLogger" not in made
