"""Puts together what runs for one config entry; nothing listens yet."""

from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed, ConfigEntryError, ConfigEntryNotReady

from .archive import ClipArchive, media_folder
from .clock import SystemClock
from .console_access import (
    CoreEntryMissingError,
    Sessions,
    credentials,
    make_connection,
    open_sessions,
)
from .const import DOMAIN
from .coordinator import NarratorCoordinator
from .describer import HomeAssistantDescriber
from .hidden import HIDDEN_FILE, HiddenUnavailableError, async_hidden, hidden_ids
from .history import async_told_since
from .ledger import Ledger
from .ledger_file import LedgerUnavailableError
from .meter import CallMeter
from .options import (
    catch_up_from,
    label_grace_from,
    longest_open_from,
    merge_gap_from,
    picture_limits_from,
    policy_from,
    reconcile_interval_from,
)
from .pipeline.backlog import Backlog, Way
from .pipeline.breaker import Breaker
from .pipeline.errors import StorageError
from .pipeline.models import Detection, Policy
from .pipeline.readiness import Readiness
from .pipeline.runner import Runner, World
from .protect import (
    ApiKeyOnlyError,
    CloudAccountError,
    ConnectError,
    Connection,
    ConsoleInfo,
    Credentials,
    InvalidAuthError,
)
from .publisher import SightingPublisher
from .receipts import Receipts
from .recent import RecentSightings
from .runtime import RuntimeData, shared
from .snapshots import SnapshotStore, async_remove_strangers
from .watchman import Watchman
from .wording import worded

# What a new log-in mends; anything else may pass by itself.
_LOGIN_ERRORS = (ApiKeyOnlyError, CloudAccountError, InvalidAuthError)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """What takes time to get, of which the rest is made at once."""

    archive: ClipArchive
    unusable: StorageError | None
    """What is wrong with it."""

    snapshots: SnapshotStore
    ledger: Ledger
    login: Credentials
    sessions: Sessions
    connection: Connection
    console: ConsoleInfo


async def async_assemble(hass: HomeAssistant, entry: ConfigEntry) -> RuntimeData:
    """Sweep the media folder, log in and make the pipeline.

    Raises what Home Assistant understands: ConfigEntryNotReady, ConfigEntryAuthFailed, or
    ConfigEntryError when the core entry that the log-in came from is gone.
    """
    archive, unusable = await _swept_archive(hass)
    async with AsyncExitStack() as undo:
        snapshots = await _kept_snapshots(hass, entry)
        undo.push_async_callback(snapshots.close)
        ledger = await _ledger(hass, entry)
        login = _login(hass, entry)
        sessions, connection, console = await _connect(hass, entry, login, ledger.looked_at)
        undo.callback(sessions.detach)
        undo.push_async_callback(connection.close)
        parts = _Parts(
            archive=archive,
            unusable=unusable,
            snapshots=snapshots,
            ledger=ledger,
            login=login,
            sessions=sessions,
            connection=connection,
            console=console,
        )
        runtime = _put_together(hass, entry, parts)
        undo.pop_all()
    return runtime


@callback
def _put_together(hass: HomeAssistant, entry: ConfigEntry, parts: _Parts) -> RuntimeData:
    """Make the pipeline of what there is."""
    ledger, connection, console = parts.ledger, parts.connection, parts.console
    chosen = policy_from(hass, entry)
    begin_s = chosen.settle.total_seconds()
    readiness = Readiness(
        ledger.ready, lambda: coordinator.async_set_ready_after(readiness.known_s(begin_s))
    )
    coordinator = NarratorCoordinator(
        hass,
        entry,
        console,
        today=ledger.today,
        muted=ledger.muted,
        ready_after_s=readiness.known_s(begin_s),
        calls_per_day=chosen.calls_per_day,
    )

    def plain_policy(detection: Detection) -> Policy:
        return policy_from(hass, entry, coordinator.mac_of(detection.camera_id))

    def policy(detection: Detection) -> Policy:
        mac = coordinator.mac_of(detection.camera_id)
        return worded(hass, entry, plain_policy(detection), detection, mac)

    meter = CallMeter(coordinator)
    recent, clock = RecentSightings(partial(hidden_ids, hass)), SystemClock()
    receipts = Receipts(
        hass,
        ledger,
        recent,
        run=shared(hass).run,
        on_bug=lambda: watchman.async_note_bug(),  # noqa: PLW0108 - which is made later
    )
    world = World(
        console=connection.media,
        archive=parts.archive,
        describers=lambda agent_id: HomeAssistantDescriber(hass, agent_id, ledger.experience),
        meter=meter,
        publisher=SightingPublisher(hass, coordinator, ledger, receipts, parts.snapshots),
        clock=clock,
        policy=policy,
        plain_policy=plain_policy,
        readiness=readiness,
        breaker=Breaker(clock, coordinator.async_set_clip_downloads),
        decoder=shared(hass).decoder,
        gate=shared(hass).gate,
        kept=ledger.async_kept,
    )
    watchman = Watchman(
        hass,
        entry,
        coordinator=coordinator,
        connection=connection,
        ledger=ledger,
        archive=parts.archive,
        unusable=parts.unusable,
    )

    def show_depth() -> None:
        coordinator.async_set_queue_depth(runner.depth + backlog.depth)

    runner = Runner(world, show_depth, watchman.async_note_bug)

    def narrow(whole: Detection, rest: Detection) -> None:
        ledger.async_told(whole)
        ledger.async_take_in(rest)

    way = Way(
        told_since=partial(async_told_since, hass),
        submit=runner.submit,
        refuse=runner.refuse,
        drop=ledger.async_told,
        narrow=narrow,
        may_begin=runner.may_catch_up,
    )
    backlog = Backlog(way, world.clock, show_depth, watchman.async_note_bug)
    return RuntimeData(
        sessions=parts.sessions,
        connection=connection,
        login=parts.login,
        coordinator=coordinator,
        readiness=readiness,
        runner=runner,
        backlog=backlog,
        ledger=ledger,
        recent=recent,
        receipts=receipts,
        meter=meter,
        snapshots=parts.snapshots,
        watchman=watchman,
    )


async def _swept_archive(hass: HomeAssistant) -> tuple[ClipArchive, StorageError | None]:
    """Return the media folder's transient part, without what an earlier run left there.

    Where it cannot be used it may be mounted later. Until then there are Sightings, made of
    what Protect says; the watchman tells.
    """
    folder = media_folder(hass.config.media_dirs, Path(hass.config.config_dir))
    archive = ClipArchive(folder)
    try:
        await archive.sweep()
    except StorageError as err:
        return archive, err
    return archive, None


async def _kept_snapshots(hass: HomeAssistant, entry: ConfigEntry) -> SnapshotStore:
    """Return the kept pictures, which can be seen from now on, whether we can log in or not."""
    store = SnapshotStore(hass, entry.entry_id, entry.title, picture_limits_from(entry))
    await async_remove_strangers(hass)
    await store.async_load()
    # One of an earlier try, or of other limits, is closed; what it knew is known to this one.
    shared(hass).snapshots[entry.entry_id] = store
    return store


async def _ledger(hass: HomeAssistant, entry: ConfigEntry) -> Ledger:
    """Read what is remembered: to begin without it would tell twice, and un-mute cameras.

    What is hidden is read with it: to begin without would show what was deleted.
    """
    try:
        await async_hidden(hass)
        return await Ledger.async_load(hass, entry.entry_id)
    except HiddenUnavailableError as err:
        raise ConfigEntryNotReady(
            translation_domain=DOMAIN,
            translation_key=err.key,
            translation_placeholders={"file": HIDDEN_FILE},
        ) from err
    except LedgerUnavailableError as err:
        raise ConfigEntryNotReady(
            translation_domain=DOMAIN, translation_key="memory_unavailable"
        ) from err


def _login(hass: HomeAssistant, entry: ConfigEntry) -> Credentials:
    try:
        return credentials(hass, entry)
    except CoreEntryMissingError as err:
        raise ConfigEntryError(translation_domain=DOMAIN, translation_key=err.code) from err


async def _connect(
    hass: HomeAssistant, entry: ConfigEntry, login: Credentials, looked_at: datetime | None
) -> tuple[Sessions, Connection, ConsoleInfo]:
    """Log in; no session is left when that fails, or is cancelled."""
    sessions = open_sessions(hass, login)
    try:
        connection = await make_connection(
            hass,
            login,
            sessions,
            not_before=entry.created_at,
            catch_up=catch_up_from(entry),
            looked_at=looked_at,
            longest_open=longest_open_from(entry),
            label_grace=label_grace_from(entry),
            merge_gap=merge_gap_from(entry),
            reconcile_every=reconcile_interval_from(entry),
        )
        console = await connection.connect()
    except BaseException as err:
        sessions.detach()
        if not isinstance(err, ConnectError):
            raise
        failed = ConfigEntryAuthFailed if isinstance(err, _LOGIN_ERRORS) else ConfigEntryNotReady
        raise failed(
            translation_domain=DOMAIN,
            translation_key=err.code,
            translation_placeholders={"host": login.host},
        ) from err
    return sessions, connection, console
