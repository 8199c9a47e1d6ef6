"""Kept pictures: private, within their limits, and never a reason for anything else to fail."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
import errno
from io import BytesIO
import logging
import os
from pathlib import Path
import shutil
from threading import Event
from types import SimpleNamespace
from typing import Any

from homeassistant.core import HomeAssistant
from PIL import Image
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.protect_narrator import snapshot_files, snapshots
from custom_components.protect_narrator.archive import RESERVED_BYTES
from custom_components.protect_narrator.const import DOMAIN
from custom_components.protect_narrator.history import HistoryUnavailableError, NotRecordedError
from custom_components.protect_narrator.pipeline import blocking
from custom_components.protect_narrator.pipeline.keeping import MOST_BYTES
from custom_components.protect_narrator.snapshot_limits import Limits
from custom_components.protect_narrator.snapshots import (
    SWEEP_EVERY,
    SnapshotStore,
    async_remove_strangers,
    home_of,
)
from tests.waiting import until

MAC = "F4E2C6000001"
ENTRY = "01KB0000000000000000000000"
NOW = datetime.now(UTC).replace(microsecond=0)
MONTH = Limits(keep_for=timedelta(days=30), most_bytes=500 * 1024 * 1024)


def sighting_id(number: int) -> str:
    return f"{number:032x}"


def ago(**time: float) -> datetime:
    return NOW - timedelta(**time)


class Told:
    """What the recorder has rows of."""

    def __init__(self) -> None:
        self.ids: set[str] | None = None
        """None is all."""

        self.error: Exception | None = None
        self.asked: list[str] = []

    async def find(self, _hass: HomeAssistant, asked: str) -> dict[str, Any] | None:
        self.asked.append(asked)
        if self.error is not None:
            raise self.error
        return {} if self.ids is None or asked in self.ids else None


@pytest.fixture(autouse=True)
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    """A recorder that records, and knows every Sighting unless a test says otherwise."""
    told = Told()
    monkeypatch.setattr(snapshots, "async_find", told.find)
    monkeypatch.setattr(snapshots, "require_recording", lambda _hass: None)
    return told


class Clock:
    """What our clock says to the store; waits go on in real time."""

    def __init__(self) -> None:
        self.now: datetime | None = None

    def read(self) -> float:
        return (self.now or datetime.now(UTC)).timestamp()

    def move_to(self, now: datetime) -> None:
        self.now = now

    def tick(self, passed: timedelta) -> None:
        self.now = (self.now or NOW) + passed


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Our clock, to be set."""
    clock = Clock()
    monkeypatch.setattr(snapshots, "_now", clock.read)
    return clock


type StoreFactory = Callable[..., SnapshotStore]


@pytest.fixture
def make(hass: HomeAssistant) -> StoreFactory:
    return lambda limits=MONTH, entry_id=ENTRY: SnapshotStore(hass, entry_id, "Home", limits)


@pytest.fixture
def store(make: StoreFactory) -> SnapshotStore:
    return make()


@pytest.fixture
def folder(hass: HomeAssistant) -> Path:
    """Where the pictures of the one camera are."""
    return home_of(hass) / ENTRY / MAC.lower()


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


async def keep(store: SnapshotStore, number: int, taken: datetime = NOW, size: int = 8) -> bool:
    return await store.async_keep(MAC, sighting_id(number), b"x" * size, taken)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


def files_of(*numbers: int) -> set[str]:
    return {f"{sighting_id(number)}.jpg" for number in numbers}


def replace_by_link(folder: Path, target: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.symlink_to(target)


async def an_hour_passes(hass: HomeAssistant, store: SnapshotStore) -> None:
    """Let the sweep happen."""
    end = store.async_start(frozenset)
    async_fire_time_changed(hass, datetime.now(UTC) + SWEEP_EVERY + timedelta(minutes=1))
    await until(lambda: not store._tasks)
    end()


# -- how they are kept


async def test_a_picture_is_for_nobody_else_and_outside_the_media_folder(
    hass: HomeAssistant, store: SnapshotStore, folder: Path
) -> None:
    before = os.umask(0o000)
    try:
        assert await keep(store, 1, ago(minutes=1))
    finally:
        os.umask(before)

    path = folder / f"{sighting_id(1)}.jpg"
    kept = store.find(sighting_id(1))
    assert kept is not None
    assert (kept.mac, kept.path, kept.size, kept.taken) == (MAC, path, 8, ago(minutes=1))
    assert await store.async_read(sighting_id(1)) == path.read_bytes() == b"x" * 8
    assert names(folder) == {path.name}
    assert mode(path) == 0o600
    ours = Path(hass.config.path(DOMAIN))
    for each in (folder, *folder.parents):
        if each.is_relative_to(ours):
            assert mode(each) == 0o700, each
    assert not any(path.is_relative_to(media) for media in hass.config.media_dirs.values())


async def test_a_large_picture_is_made_small(store: SnapshotStore) -> None:
    out = BytesIO()
    Image.frombytes("RGB", (640, 360), os.urandom(640 * 360 * 3)).save(out, "JPEG", quality=95)
    assert out.tell() > MOST_BYTES

    assert await store.async_keep(MAC, sighting_id(1), out.getvalue(), NOW)

    assert 0 < store.size <= MOST_BYTES
    assert len(await store.async_read(sighting_id(1)) or b"") == store.size


async def test_a_later_picture_takes_the_place_of_an_earlier_one(
    store: SnapshotStore, folder: Path
) -> None:
    assert await keep(store, 1, size=10)
    assert await keep(store, 1, size=20)
    assert (store.count, store.size) == (1, 20)
    assert names(folder) == files_of(1)


@pytest.mark.parametrize(
    ("mac", "name"),
    [("../../../etc", sighting_id(1)), (MAC, "../" + sighting_id(1)), (MAC, ""), ("", "")],
)
async def test_names_that_are_none_lead_nowhere(
    hass: HomeAssistant, store: SnapshotStore, mac: str, name: str
) -> None:
    assert not await store.async_keep(mac, name, b"jpeg", NOW)
    assert not home_of(hass).exists()
    assert store.find(name) is None
    assert await store.async_read(name) is None


async def test_a_restart_keeps_them_and_knows_when_they_were_taken(
    store: SnapshotStore, make: StoreFactory
) -> None:
    await keep(store, 1, ago(days=3))
    await keep(store, 2, size=12)
    await store.close()

    after = make()
    await after.async_load()

    assert (after.count, after.size) == (2, 20)
    kept = after.find(sighting_id(1))
    assert kept is not None
    assert (kept.mac, kept.taken) == (MAC, ago(days=3))
    # One that is closed has not forgotten either: its console may just be away.
    assert await store.async_read(sighting_id(2)) == b"x" * 12
    assert not await keep(store, 3)


# -- how they go


async def test_pictures_go_when_they_are_too_old(
    hass: HomeAssistant, store: SnapshotStore, make: StoreFactory, folder: Path
) -> None:
    await keep(store, 1, ago(days=29, hours=23, minutes=30))
    await keep(store, 2, ago(days=29))
    await keep(store, 3, ago(days=31))

    await an_hour_passes(hass, store)
    assert names(folder) == files_of(1, 2)  # not a moment early

    shorter = make(Limits(keep_for=timedelta(days=29), most_bytes=1000))
    await shorter.async_load()
    await an_hour_passes(hass, shorter)
    assert names(folder.parent) == set()


async def test_the_oldest_go_when_they_take_too_much(make: StoreFactory, folder: Path) -> None:
    store = make(Limits(keep_for=timedelta(days=30), most_bytes=1000))
    for number, days in enumerate((3, 9, 1, 5)):
        await keep(store, number, ago(days=days), size=250)
    assert store.count == 4

    await keep(store, 4, size=100)
    await until(lambda: not store._tasks)

    assert names(folder) == files_of(0, 2, 3, 4)
    assert (store.count, store.size) == (4, 850)


async def test_what_is_far_over_the_limit_goes_in_several_goes(
    hass: HomeAssistant, store: SnapshotStore, make: StoreFactory, folder: Path
) -> None:
    for number in range(450):
        path = folder / f"{sighting_id(number)}.jpg"
        if not number:
            await keep(store, 0, ago(days=9))
            continue
        path.write_bytes(b"x" * 8)
        when = ago(days=8, seconds=-number).timestamp()
        os.utime(path, (when, when))

    small = make(Limits(keep_for=timedelta(days=30), most_bytes=80))
    await small.async_load()
    assert small.count == 450
    await until(lambda: not small._tasks)

    assert small.size == 72
    assert names(folder) == files_of(*range(441, 450))


async def test_who_wants_none_has_none(
    store: SnapshotStore, make: StoreFactory, folder: Path
) -> None:
    await keep(store, 1, NOW - timedelta(seconds=1))
    none = make(Limits(keep_for=timedelta(0), most_bytes=1000))
    await none.async_load()
    await until(lambda: not none._tasks)
    assert not names(folder)
    assert not await keep(none, 2)
    assert none.count == none.size == 0


# -- wrong clocks

IN_THE_PAST = datetime(2000, 1, 1, tzinfo=UTC)


async def test_a_console_whose_clock_is_ahead_does_not_keep_them_for_ever(
    hass: HomeAssistant,
    store: SnapshotStore,
    make: StoreFactory,
    folder: Path,
    clock: Clock,
) -> None:
    assert await keep(store, 1, ago(days=-400))
    kept = store.find(sighting_id(1))
    assert kept is not None
    assert kept.taken <= datetime.now(UTC)
    clock.tick(timedelta(days=29))
    await an_hour_passes(hass, store)
    assert names(folder) == files_of(1)

    clock.tick(timedelta(days=2))
    after = make()
    await after.async_load()
    await an_hour_passes(hass, after)

    assert names(folder.parent) == set()


async def test_the_row_of_a_picture_to_come_is_asked_for_too(
    hass: HomeAssistant,
    store: SnapshotStore,
    folder: Path,
    told: Told,
    clock: Clock,
) -> None:
    await keep(store, 1, ago(days=-400))
    told.ids = set()
    clock.tick(timedelta(days=3))
    await an_hour_passes(hass, store)
    assert names(folder) == set()


async def test_where_none_are_wanted_a_clock_that_is_ahead_has_none_kept(
    make: StoreFactory, folder: Path
) -> None:
    none = make(Limits(keep_for=timedelta(0), most_bytes=1000))
    assert not await keep(none, 1, ago(days=-400))
    assert names(folder) == set()


async def test_what_was_written_by_a_clock_that_was_ahead_goes_where_none_are_kept(
    store: SnapshotStore, make: StoreFactory, folder: Path
) -> None:
    await keep(store, 1)
    ahead = ago(days=-400).timestamp()
    os.utime(folder / f"{sighting_id(1)}.jpg", (ahead, ahead))
    none = make(Limits(keep_for=timedelta(0), most_bytes=1000))
    await none.async_load()
    await until(lambda: not none._tasks)
    assert not names(folder)


@pytest.mark.parametrize("ahead", [timedelta(0), timedelta(hours=6)], ids=str)
async def test_a_clock_that_is_set_right_after_the_start_costs_no_picture(
    hass: HomeAssistant,
    store: SnapshotStore,
    make: StoreFactory,
    folder: Path,
    clock: Clock,
    ahead: timedelta,
) -> None:
    """As a board without a battery begins, until it has heard what time it is.

    Also where the console's clock is a little ahead of what it hears.
    """
    await keep(store, 1, ago(days=2))
    clock.move_to(IN_THE_PAST)
    after = make()
    await after.async_load()
    assert await keep(after, 2, ago(minutes=1) + ahead)
    await an_hour_passes(hass, after)  # and it may take long
    assert await keep(after, 3, ago(minutes=1) + ahead)

    clock.move_to(NOW)
    # Known from before, and of the next run, for which the files are as that clock dated them.
    for each in (after, make()):
        await each.async_load()
        await an_hour_passes(hass, each)

    assert names(folder) == files_of(1, 2, 3)
    kept = after.find(sighting_id(2))
    assert kept is not None
    assert kept.taken == min(NOW, ago(minutes=1) + ahead)


async def test_what_a_clock_in_the_past_saw_come_is_as_old_as_its_console_said(
    hass: HomeAssistant, store: SnapshotStore, folder: Path, clock: Clock
) -> None:
    clock.move_to(IN_THE_PAST)
    await keep(store, 1, NOW)
    clock.move_to(NOW)
    await an_hour_passes(hass, store)
    assert names(folder) == files_of(1)

    clock.tick(timedelta(days=31))
    await an_hour_passes(hass, store)
    assert names(folder) == set()


async def test_where_there_is_no_room_a_clock_in_the_past_takes_the_oldest_all_the_same(
    make: StoreFactory, folder: Path, clock: Clock
) -> None:
    store = make(Limits(keep_for=timedelta(days=30), most_bytes=1000))
    for number, days in enumerate((3, 2, 1)):
        await keep(store, number, ago(days=days), size=300)
    clock.move_to(IN_THE_PAST)
    await keep(store, 3, size=300)
    await until(lambda: not store._tasks)
    assert names(folder) == files_of(1, 2, 3)


async def test_a_clock_that_is_ahead_at_the_start_and_then_set_costs_no_picture(
    hass: HomeAssistant,
    store: SnapshotStore,
    make: StoreFactory,
    folder: Path,
    clock: Clock,
) -> None:
    await keep(store, 1, ago(days=2))
    clock.move_to(ago(days=-4000))
    after = make()
    await after.async_load()
    assert await keep(after, 2)
    await until(lambda: not after._tasks)

    clock.move_to(NOW)
    await an_hour_passes(hass, after)

    assert names(folder) == files_of(1, 2)


async def test_to_make_room_no_clock_is_asked(
    make: StoreFactory, folder: Path, clock: Clock
) -> None:
    store = make(Limits(keep_for=timedelta(days=30), most_bytes=1000))
    clock.move_to(ago(days=-4000))
    for number, days in enumerate((3, 2, 1, 0)):
        await keep(store, number, ago(days=days), size=300)
    await until(lambda: not store._tasks)
    assert names(folder) == files_of(1, 2, 3)


async def test_a_picture_can_be_removed(store: SnapshotStore, folder: Path) -> None:
    await keep(store, 1)
    await keep(store, 2)
    assert await store.async_remove(sighting_id(1))
    assert await store.async_remove(sighting_id(3))
    assert names(folder) == files_of(2)
    assert (store.count, store.size) == (1, 8)


async def test_the_limits_of_one_console_are_not_those_of_another(
    hass: HomeAssistant, store: SnapshotStore, make: StoreFactory
) -> None:
    other = make(Limits(keep_for=timedelta(days=30), most_bytes=100), entry_id="0" * 26)
    await keep(store, 1, size=1000)
    await keep(other, 2, size=90)
    await until(lambda: not other._tasks)
    assert (store.size, other.size) == (1000, 90)
    assert other.find(sighting_id(1)) is None


# -- what is not ours


async def test_nothing_but_our_own_files_is_touched(
    hass: HomeAssistant, store: SnapshotStore, make: StoreFactory, folder: Path, tmp_path: Path
) -> None:
    await keep(store, 1, ago(days=1))
    secret = tmp_path / "secret.jpg"
    secret.write_bytes(b"somebody else's")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / f"{sighting_id(7)}.jpg").write_bytes(b"elsewhere")
    foreign = {"holiday.jpg", f"{sighting_id(2)}.png", f"{sighting_id(3)}.JPG", "A" * 32 + ".jpg"}
    for name in foreign:
        (folder / name).write_bytes(b"foreign")
    (folder / f"{sighting_id(4)}.jpg").symlink_to(secret)
    (folder / f"{sighting_id(5)}.jpg").mkdir()
    (folder.parent / "0123456789ab").symlink_to(elsewhere)
    (folder.parent / "notes").mkdir()
    (folder.parent / "notes" / f"{sighting_id(6)}.jpg").write_bytes(b"notes")
    left = foreign | files_of(4, 5)

    none = make(Limits(keep_for=timedelta(0), most_bytes=1))
    await none.async_load()
    assert none.count == 1
    await until(lambda: not none._tasks)
    await async_remove_strangers(hass)

    assert names(folder) == left
    assert secret.read_bytes() == b"somebody else's"
    assert names(elsewhere) == files_of(7)
    assert names(folder.parent / "notes") == files_of(6)


async def test_a_link_in_the_place_of_a_picture_is_neither_read_nor_written_through(
    store: SnapshotStore, folder: Path, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.jpg"
    secret.write_bytes(b"somebody else's")
    await keep(store, 1)
    path = folder / f"{sighting_id(1)}.jpg"
    path.unlink()
    path.symlink_to(secret)

    assert await store.async_read(sighting_id(1)) is None
    assert store.find(sighting_id(1)) is None
    await keep(store, 1)
    assert secret.read_bytes() == b"somebody else's"


async def test_a_folder_that_is_a_link_is_not_followed(
    store: SnapshotStore, folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    replace_by_link(folder, elsewhere)
    assert not await keep(store, 1)
    assert not names(elsewhere)
    assert "cannot be kept: a folder of ours is a link" in caplog.text


# -- healing


async def test_what_a_sudden_end_left_goes_at_the_start(
    store: SnapshotStore, make: StoreFactory, folder: Path
) -> None:
    await keep(store, 1)
    (folder / f"{sighting_id(2)}.{'0' * 16}.part").write_bytes(b"half")
    (folder / f"{sighting_id(3)}.jpg").touch()  # as a power cut leaves them

    after = make()
    await after.async_load()

    assert after.count == 1
    assert names(folder) == files_of(1)


async def test_a_file_that_is_gone_is_not_promised_any_more(
    hass: HomeAssistant, store: SnapshotStore, folder: Path
) -> None:
    await keep(store, 1)
    await keep(store, 2)
    shutil.rmtree(folder)

    assert await store.async_read(sighting_id(1)) is None  # found out by looking
    assert store.find(sighting_id(1)) is None
    assert store.find(sighting_id(2)) is not None
    await an_hour_passes(hass, store)  # or within the hour
    assert store.find(sighting_id(2)) is None
    assert (store.count, store.size) == (0, 0)


async def test_a_picture_goes_after_its_row(
    hass: HomeAssistant, store: SnapshotStore, folder: Path, told: Told
) -> None:
    for number, days in enumerate((1, 20, 15, 10, 5)):
        await keep(store, number, ago(days=days))
    told.ids = {sighting_id(3)}

    await an_hour_passes(hass, store)

    # The one of yesterday may have its row still to come.
    assert names(folder) == files_of(0, 3)
    assert sighting_id(0) not in told.asked


async def test_what_is_still_to_be_stored_keeps_its_picture(
    hass: HomeAssistant, store: SnapshotStore, folder: Path, told: Told
) -> None:
    await keep(store, 1, ago(days=9))
    told.ids = set()
    end = store.async_start(lambda: [sighting_id(1)])
    async_fire_time_changed(hass, datetime.now(UTC) + SWEEP_EVERY + timedelta(minutes=1))
    await until(lambda: not store._tasks)
    end()
    assert names(folder) == files_of(1)
    assert not told.asked


async def test_a_sweep_asks_a_bounded_number_of_questions_and_comes_round(
    hass: HomeAssistant, store: SnapshotStore, folder: Path, told: Told
) -> None:
    for number in range(100):
        await keep(store, number, ago(days=9))
    told.ids = {sighting_id(number) for number in range(100) if number != 77}
    for _ in range(3):
        told.asked.clear()
        await an_hour_passes(hass, store)
        assert len(told.asked) <= 40
    assert names(folder) == files_of(*(number for number in range(100) if number != 77))


@pytest.mark.parametrize(
    "error", [HistoryUnavailableError("busy"), NotRecordedError("off"), TimeoutError()]
)
async def test_a_recorder_that_cannot_be_asked_costs_no_picture(
    hass: HomeAssistant, store: SnapshotStore, folder: Path, told: Told, error: Exception
) -> None:
    await keep(store, 1, ago(days=9))
    told.ids, told.error = set(), error
    await an_hour_passes(hass, store)
    assert names(folder) == files_of(1)


async def test_where_nothing_is_recorded_nobody_is_asked(
    hass: HomeAssistant,
    store: SnapshotStore,
    folder: Path,
    told: Told,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_hass: HomeAssistant) -> None:
        raise NotRecordedError("left out")

    monkeypatch.setattr(snapshots, "require_recording", refuse)
    await keep(store, 1, ago(days=9))
    told.ids = set()
    await an_hour_passes(hass, store)
    assert names(folder) == files_of(1)
    assert not told.asked


async def test_the_pictures_of_an_entry_that_is_gone_go_too(
    hass: HomeAssistant, make: StoreFactory
) -> None:
    entry = MockConfigEntry(domain=DOMAIN)
    entry.add_to_hass(hass)
    await keep(make(entry_id=entry.entry_id), 1)
    await keep(make(), 2)
    (home_of(hass) / "read me").mkdir()

    await async_remove_strangers(hass)

    assert names(home_of(hass)) == {entry.entry_id, "read me"}
    assert len(list(home_of(hass).rglob("*.jpg"))) == 1


async def test_where_nothing_was_kept_nothing_is_made(
    hass: HomeAssistant, store: SnapshotStore
) -> None:
    await async_remove_strangers(hass)
    await store.async_load()
    await an_hour_passes(hass, store)
    assert DOMAIN not in names(Path(hass.config.config_dir))


# -- a disk that fails


async def test_a_full_disk_costs_the_picture_and_is_said_once(
    store: SnapshotStore,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    with monkeypatch.context() as patch:
        tools = SimpleNamespace(**vars(shutil))
        tools.disk_usage = lambda _path: SimpleNamespace(free=RESERVED_BYTES)
        patch.setattr(snapshot_files, "shutil", tools)
        assert not await keep(store, 1)
        assert not await keep(store, 2)
    assert names(folder) == set()
    assert store.count == 0
    assert await keep(store, 3)
    assert await keep(store, 4)

    said = [each.getMessage() for each in caplog.records if "Pictures of" in each.getMessage()]
    assert said == [
        "Home: Pictures of Sightings cannot be kept: less than 256 MB would stay free",
        "Home: Pictures of Sightings are kept again",
    ]


@pytest.mark.parametrize("call", ["fsync", "utime"])
async def test_a_write_that_fails_leaves_the_earlier_picture_and_nothing_else(
    store: SnapshotStore, folder: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.EIO, "broken")

    await keep(store, 1)
    with monkeypatch.context() as patch:
        system = SimpleNamespace(**vars(os))
        setattr(system, call, fail)
        patch.setattr(snapshot_files, "os", system)
        assert not await keep(store, 1, size=20)
    assert names(folder) == files_of(1)
    assert await store.async_read(sighting_id(1)) == b"x" * 8


async def test_a_picture_that_is_none_is_not_kept(store: SnapshotStore, folder: Path) -> None:
    assert not await keep(store, 1, size=MOST_BYTES + 1)
    assert names(folder) == set()


async def test_a_disk_that_is_slow_is_not_waited_for_and_the_picture_comes_all_the_same(
    store: SnapshotStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = Event()
    write = snapshot_files.keep

    def slow(*args: Any) -> int:
        go_on.wait(10)
        return write(*args)

    monkeypatch.setattr(snapshot_files, "keep", slow)
    monkeypatch.setattr(snapshots, "KEEP_LIMIT_S", 0.01)
    assert not await keep(store, 1)
    assert store.find(sighting_id(1)) is None
    go_on.set()
    await until(lambda: store.find(sighting_id(1)) is not None)
    assert names(folder) == files_of(1)


async def test_a_disk_that_hangs_does_not_keep_an_entry_from_being_unloaded(
    store: SnapshotStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = Event()
    monkeypatch.setattr(snapshot_files, "keep", lambda *_: go_on.wait(10))
    monkeypatch.setattr(snapshots, "KEEP_LIMIT_S", 0.01)
    monkeypatch.setattr(snapshots, "_JOB_LIMIT_S", 0.01)
    monkeypatch.setattr(blocking, "_FAREWELL_S", 0.01)
    assert not await keep(store, 1)
    await store.close()
    assert not store._tasks
    go_on.set()
