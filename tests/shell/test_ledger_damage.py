"""A ledger's file that is cut, edited, or of another version never keeps us from starting."""

import asyncio
from collections.abc import Callable
import json
import os
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store
from homeassistant.util.ulid import ulid_now
import pytest

from custom_components.protect_narrator import (
    ledger_file as ledger_file_module,
    salvage as salvage_module,
    stored as stored_module,
)
from custom_components.protect_narrator.const import DOMAIN
from custom_components.protect_narrator.event_shape import MOST_EVENT_BYTES
from custom_components.protect_narrator.ledger import Ledger
from custom_components.protect_narrator.ledger_file import LedgerUnavailableError
from custom_components.protect_narrator.publisher import event_data
from custom_components.protect_narrator.recent import TIMINGS
from custom_components.protect_narrator.stored import Fired, detection_from

from .sightings import LONGEST, detection, sighting

ENTRY_ID = "01JDENTRY"

# What diagnostics, the system information, the last ones and the actions read of an event.
READ_BY_OTHERS = (
    "sighting_id",
    "revision",
    "phase",
    "late",
    "requested",
    "labels",
    "end",
    "camera_id",
    "medium",
    "frame_count",
    "agent_id",
    "fallbacks",
    "clip_attempts",
    *TIMINGS,
)

type Spoil = Callable[[dict[str, Any]], object]


@pytest.fixture
def hass_storage() -> dict[str, Any]:
    """Let Home Assistant keep its files on a real disk, in this test's own folder."""
    return {}


@pytest.fixture
def file(hass: HomeAssistant) -> Path:
    """Where the ledger is, on a real disk."""
    return Path(hass.config.path(".storage", f"{DOMAIN}.{ENTRY_ID}"))


async def written(hass: HomeAssistant, file: Path) -> dict[str, Any]:
    """Write a ledger with something of everything; return what is in the file."""
    ledger = await Ledger.async_load(hass, ENTRY_ID)
    for number in range(2):
        ledger.async_take_in(detection(number))
        data = event_data(sighting(number + 10), config_entry_id="0" * 26, device_id=None)
        ledger.async_fired(Fired(context_id=ulid_now(), data=data, fired_at=1.5, run="one"), None)
        ledger.async_pass_over(detection(number + 20))
    ledger.experience.learn("ai_task.seer", "v1", takes_clip=False)
    await ledger.async_close()
    content: dict[str, Any] = json.loads(await asyncio.to_thread(file.read_bytes))
    return content


async def loaded(hass: HomeAssistant, file: Path, content: object) -> Ledger:
    """Load a ledger from that content."""
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    await asyncio.to_thread(file.write_bytes, raw)
    return await Ledger.async_load(hass, ENTRY_ID)


def set_aside(file: Path) -> list[Path]:
    """Return the files that were kept of damaged ones."""
    return sorted(file.parent.glob(f"{file.name}.*"))


@pytest.mark.parametrize("left", [0, 1, 40, 0.5, 0.99], ids=str)
async def test_a_truncated_file_is_set_aside_and_the_start_goes_on(
    hass: HomeAssistant, file: Path, left: float
) -> None:
    await written(hass, file)
    whole = await asyncio.to_thread(file.read_bytes)
    cut = whole[: left if isinstance(left, int) else int(len(whole) * left)]

    ledger = await loaded(hass, file, cut)

    assert ledger.unfinished == ()
    assert ledger.fired == ()
    (aside,) = set_aside(file)
    assert aside.read_bytes() == cut
    ledger.async_take_in(detection(5))
    await ledger.async_close()
    assert (await Ledger.async_load(hass, ENTRY_ID)).unfinished == (detection(5),)


@pytest.mark.parametrize(
    "content",
    [
        [],
        [1],
        None,
        7,
        "text",
        {"data": {}},
        {"version": 1},
        {"version": 1, "minor_version": 2},
        {"version": "one", "data": {}},
        {"version": None, "data": {}},
        {"version": 1, "minor_version": "two", "data": {}},
        {"version": 1, "minor_version": None, "data": {}},
        b"\xff\xfe\x00",
        b"\x00" * 4096,
    ],
    ids=lambda content: repr(content)[:30],
)
async def test_what_is_no_storage_file_is_set_aside(
    hass: HomeAssistant, file: Path, content: object
) -> None:
    await written(hass, file)

    ledger = await loaded(hass, file, content)

    assert ledger.unfinished == ()
    assert ledger.fired == ()
    assert len(set_aside(file)) == 1


@pytest.mark.parametrize("content", [b"{", b"[]"], ids=["no JSON", "no storage file"])
async def test_of_damaged_files_the_newest_is_kept(
    hass: HomeAssistant, file: Path, content: bytes
) -> None:
    await written(hass, file)
    for kind in ("corrupt", "unread"):
        older = file.with_name(f"{file.name}.{kind}.2026-01-01")
        await asyncio.to_thread(older.touch)
        os.utime(older, (1, 1))
    another = file.with_name(f"{file.name}1.unread.2026-01-01")
    await asyncio.to_thread(another.touch)

    await loaded(hass, file, content)

    (aside,) = set_aside(file)
    assert aside.read_bytes() == content
    assert another.exists()


async def test_a_removed_entry_leaves_no_damaged_file_either(
    hass: HomeAssistant, file: Path
) -> None:
    await loaded(hass, file, await written(hass, file) | {"version": 2})
    await asyncio.to_thread(file.with_name(f"{file.name}.corrupt.2026-01-01").touch)
    another = file.with_name(f"{file.name}1")
    await asyncio.to_thread(another.touch)

    await Ledger.async_delete(hass, ENTRY_ID)

    assert await asyncio.to_thread(lambda: list(file.parent.glob(f"{file.name}*"))) == [another]


async def test_a_file_of_a_later_version_is_kept_for_it_and_said_once(
    hass: HomeAssistant, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    content = await written(hass, file)

    ledger = await loaded(hass, file, content | {"version": 2})

    assert ledger.unfinished == ()
    (aside,) = set_aside(file)
    assert json.loads(aside.read_bytes())["version"] == 2
    assert [record.levelname for record in caplog.records].count("ERROR") == 1
    await ledger.async_close()
    assert json.loads(await asyncio.to_thread(file.read_bytes))["version"] == 1


async def test_a_file_of_a_later_minor_version_is_read(hass: HomeAssistant, file: Path) -> None:
    content = await written(hass, file)
    content["data"]["something_new"] = {"a": 1}

    ledger = await loaded(hass, file, content | {"minor_version": 9})

    assert ledger.unfinished == (detection(0), detection(1))
    assert len(ledger.fired) == 2
    assert set_aside(file) == []


async def test_a_disk_that_cannot_be_read_now_is_no_damaged_file(
    hass: HomeAssistant, file: Path
) -> None:
    await written(hass, file)
    healthy = await asyncio.to_thread(file.rename, file.with_name("healthy"))
    # Opening it fails in the operating system, also for root.
    await asyncio.to_thread(file.symlink_to, file)

    with pytest.raises(LedgerUnavailableError):
        await Ledger.async_load(hass, ENTRY_ID)

    assert set_aside(file) == []
    await asyncio.to_thread(healthy.replace, file)
    assert (await Ledger.async_load(hass, ENTRY_ID)).unfinished == (detection(0), detection(1))


async def test_a_bug_of_ours_in_reading_an_earlier_version_leaves_the_file_where_it_is(
    hass: HomeAssistant, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise TypeError("planted")

    content = await written(hass, file) | {"minor_version": 1}
    with monkeypatch.context() as buggy:
        buggy.setattr(ledger_file_module, "ulid_now", fail)
        with pytest.raises(TypeError, match="planted"):
            await loaded(hass, file, content)

    assert set_aside(file) == []
    assert len((await Ledger.async_load(hass, ENTRY_ID)).unfinished) == 2


async def test_a_bug_of_ours_in_reading_leaves_the_file_as_it_is(
    hass: HomeAssistant, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await written(hass, file)
    before = await asyncio.to_thread(file.read_bytes)
    with monkeypatch.context() as buggy:
        buggy.setattr(stored_module, "Unfinished", lambda _renamed: None)
        with pytest.raises(TypeError):
            await Ledger.async_load(hass, ENTRY_ID)

    assert set_aside(file) == []
    assert await asyncio.to_thread(file.read_bytes) == before
    assert len((await Ledger.async_load(hass, ENTRY_ID)).unfinished) == 2


async def test_a_bug_before_the_content_is_reached_leaves_a_sound_file_where_it_is(
    hass: HomeAssistant, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as one that comes with another release of Home Assistant."""
    await written(hass, file)
    with monkeypatch.context() as buggy:
        buggy.setattr(Store, "async_load", lambda _store, _renamed: None)
        with pytest.raises(TypeError):
            await Ledger.async_load(hass, ENTRY_ID)

    assert set_aside(file) == []
    assert len((await Ledger.async_load(hass, ENTRY_ID)).unfinished) == 2


def _all(value: object) -> Spoil:
    return lambda content: content.update(data=value)


def _part(key: str, value: object) -> Spoil:
    return lambda content: content["data"].update({key: value})


def _first(key: str, value: object) -> Spoil:
    def spoil(content: dict[str, Any]) -> None:
        content["data"][key][0] = value

    return spoil


def _within(key: str, **values: object) -> Spoil:
    return lambda content: content["data"][key][0].update(values)


def _event(**values: object) -> Spoil:
    return lambda content: content["data"]["fired"][0]["data"].update(values)


@pytest.mark.parametrize(
    ("spoil", "unfinished", "fired"),
    [
        (_all([]), 0, 0),
        (_all("text"), 0, 0),
        (_all(7), 0, 0),
        (_part("unfinished", "text"), 0, 2),
        (_part("unfinished", {"a": 1}), 0, 2),
        (_part("unfinished", None), 0, 2),
        (_first("unfinished", []), 1, 2),
        (_first("unfinished", None), 1, 2),
        (_within("unfinished", event_ids=[]), 1, 2),
        (_within("unfinished", event_ids="a" * 24), 1, 2),
        (_within("unfinished", event_ids=["a" * 10_000_000]), 1, 2),
        (_within("unfinished", labels=[]), 1, 2),
        (_within("unfinished", labels=["unheard-of"]), 1, 2),
        (_within("unfinished", start=7), 1, 2),
        (_within("unfinished", start="2026-11-24T08:30:15"), 1, 2),
        (_within("unfinished", camera_name=["Front door"]), 1, 2),
        (_within("unfinished", score={"a": 1}), 1, 2),
        (_within("unfinished", faces=["Robin"] * 100_000), 1, 2),
        (_within("unfinished", faces=[{"name": "Robin"}]), 1, 2),
        (_part("fired", "text"), 2, 0),
        (_first("fired", "text"), 2, 1),
        (_within("fired", context_id="no ulid"), 2, 1),
        (_within("fired", context_id=7), 2, 1),
        (_within("fired", data=[]), 2, 1),
        (_within("fired", fired_at="noon"), 2, 1),
        (_within("fired", fired_at=None), 2, 1),
        (_within("fired", fired_at="1.5"), 2, 1),
        (_within("fired", fired_at=1e300), 2, 1),
        (_within("fired", fired_at=-1), 2, 1),
        (_within("fired", run=None), 2, 1),
        (_event(revision="first"), 2, 1),
        (_event(revision=0), 2, 1),
        (_event(revision="1"), 2, 1),
        (_event(revision=1.5), 2, 1),
        (_event(revision=True), 2, 1),
        (_event(late="no"), 2, 1),
        (_event(requested=None), 2, 1),
        (_event(end_estimated=1), 2, 1),
        (_event(medium=None), 2, 1),
        (_event(frame_count="8"), 2, 1),
        (_event(agent_id=7), 2, 1),
        (_event(fallbacks=None), 2, 1),
        (_event(fallbacks=[7]), 2, 1),
        (_event(clip_attempts=None), 2, 1),
        (_event(settle_s="1"), 2, 1),
        (_event(total_s=None), 2, 1),
        (_event(describe_s=-1), 2, 1),
        (_event(camera_id=None), 2, 1),
        (_event(score="80"), 2, 1),
        (_event(sighting_id=None), 2, 1),
        (_event(description="d" * 2 * MOST_EVENT_BYTES), 2, 1),
        (_part("done", 7), 2, 2),
        (_part("done", [7, None, {}]), 2, 2),
        (_part("muted", "F4E2C6000001"), 2, 2),
        (_part("muted", [["F4E2C6000001"]]), 2, 2),
        (_part("abilities", ["ai_task.seer"]), 2, 2),
        (_part("abilities", {"ai_task.seer": {"identity": 7, "takes_clip": True}}), 2, 2),
        (_part("last", {"a": "b"}), 2, 2),
        (_part("last", [7]), 2, 2),
        (_part("today", [1]), 2, 2),
        (_part("today", "text"), 2, 2),
        (_part("ready", "text"), 2, 2),
        (_part("looked_at", 7), 2, 2),
        (_part("heard_at", {"a": 1}), 2, 2),
    ],
)
async def test_of_a_damaged_ledger_what_can_be_read_is_taken_and_the_rest_is_said_once(
    hass: HomeAssistant,
    file: Path,
    caplog: pytest.LogCaptureFixture,
    spoil: Spoil,
    unfinished: int,
    fired: int,
) -> None:
    content = await written(hass, file)
    spoil(content)

    ledger = await loaded(hass, file, content)

    assert (len(ledger.unfinished), len(ledger.fired)) == (unfinished, fired)
    (said,) = [record for record in caplog.records if record.name == salvage_module.__name__]
    assert "cannot be read" in said.getMessage()
    assert "Robin" not in said.getMessage()
    assert set_aside(file) == []
    await ledger.async_close()


async def test_of_absurdly_many_the_last_are_taken(
    hass: HomeAssistant, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for most in ("MAX_UNFINISHED", "MAX_FIRED", "MAX_DONE"):
        monkeypatch.setattr(stored_module, most, 1)
    content = await written(hass, file)

    ledger = await loaded(hass, file, content)

    assert ledger.unfinished == (detection(1),)
    assert len(ledger.fired) == 1
    assert not ledger.knows(detection(20))
    assert ledger.knows(detection(21))


async def test_a_detection_without_the_context_of_its_event_gets_one(
    hass: HomeAssistant, file: Path
) -> None:
    content = await written(hass, file)
    content["data"]["unfinished"][0]["context_id"] = {"a": 1}

    ledger = await loaded(hass, file, content)

    assert ledger.unfinished == (detection(0), detection(1))
    context_id = ledger.context_id_of(detection(0))
    assert context_id is not None
    assert len(context_id) == 26


async def test_a_disk_on_which_nothing_can_be_moved_keeps_nobody_from_starting(
    hass: HomeAssistant, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = await written(hass, file)

    def fail(*_: object) -> None:
        raise PermissionError("planted")

    monkeypatch.setattr(Path, "rename", fail)

    assert (await loaded(hass, file, content | {"version": 2})).unfinished == ()


def test_the_largest_event_there_can_be_fits_into_the_ledger() -> None:
    data = event_data(LONGEST, config_entry_id="0" * 26, device_id="0" * 32)

    assert len(json.dumps(data, ensure_ascii=False).encode()) <= MOST_EVENT_BYTES
    assert detection_from(data).event_ids == LONGEST.detection.event_ids


async def test_without_any_one_of_its_keys_an_event_is_none_that_others_could_read(
    hass: HomeAssistant, file: Path
) -> None:
    """Diagnostics, the system information and the actions read them without asking."""
    content = await written(hass, file)
    whole = content["data"]["fired"][0]
    fired = [whole] + [
        whole | {"data": {name: value for name, value in whole["data"].items() if name != key}}
        for key in READ_BY_OTHERS
    ]
    content["data"]["fired"] = fired

    assert len((await loaded(hass, file, content)).fired) == 1
