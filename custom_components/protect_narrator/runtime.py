"""What runs for one config entry, and what the entries share."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.singleton import singleton
from homeassistant.util.ulid import ulid_now

from .console_access import Sessions, look_up_cameras
from .const import DOMAIN
from .coordinator import NarratorCoordinator
from .ledger import Ledger
from .meter import CallMeter
from .pipeline.backlog import Backlog
from .pipeline.blocking import Decoder
from .pipeline.gate import Gate
from .pipeline.readiness import Readiness
from .pipeline.runner import Runner
from .player import Player
from .protect import CameraInfo, Connection, Credentials
from .receipts import Receipts
from .recent import RecentSightings
from .snapshots import SnapshotStore
from .watchman import Watchman


@dataclass(kw_only=True)
class RuntimeData:
    """Everything that lives as long as the config entry is loaded."""

    sessions: Sessions
    """Detached when the connection is closed."""

    connection: Connection
    """Our own client of the console."""

    login: Credentials
    """What it logged in with."""

    coordinator: NarratorCoordinator
    """What entities show."""

    readiness: Readiness
    """How long the console takes until a recording can be fetched."""

    runner: Runner
    """The Detections that are being worked on."""

    backlog: Backlog
    """Those that were found late, and wait for a place there."""

    ledger: Ledger
    """What survives a restart."""

    recent: RecentSightings
    """What was fired last."""

    receipts: Receipts
    """What was fired and is not stored yet."""

    meter: CallMeter
    """What AI calls are counted against."""
    snapshots: SnapshotStore
    """The pictures that are kept."""

    watchman: Watchman
    """What tells the user of what is wrong."""

    player: Player = field(default_factory=Player)
    """Who watches a clip."""

    async def close(self) -> None:
        """End what is unfinished (the ledger keeps it), hear no more, let go of everything.

        What fails on the way keeps nothing else open.
        """
        async with AsyncExitStack() as stack:
            stack.callback(self.sessions.detach)
            stack.push_async_callback(self.ledger.async_close)
            stack.push_async_callback(self.receipts.close)
            stack.push_async_callback(self.snapshots.close)
            stack.push_async_callback(self.connection.close)
            stack.push_async_callback(self.runner.close)
            stack.push_async_callback(self.backlog.close)
            stack.push_async_callback(self.player.close)


type NarratorConfigEntry = ConfigEntry[RuntimeData]


def followed_cameras(entry: NarratorConfigEntry) -> tuple[CameraInfo, ...]:
    """Return the console's cameras as they are followed: none unless the entry is loaded."""
    if entry.state is not ConfigEntryState.LOADED:
        return ()
    return tuple(entry.runtime_data.coordinator.data.cameras.values())


async def cameras_of(hass: HomeAssistant, entry: NarratorConfigEntry) -> tuple[CameraInfo, ...]:
    """Return the console's cameras, as they are followed, or else as it lists them.

    Raises CoreEntryMissingError and ConnectError where it has to be asked.
    """
    if entry.state is ConfigEntryState.LOADED:
        return followed_cameras(entry)
    return (await look_up_cameras(hass, entry.data)).cameras


@dataclass(frozen=True, kw_only=True)
class Shared:
    """The machine's limits, a name of its present run, and the pictures of all consoles."""

    decoder: Decoder = field(default_factory=Decoder)
    gate: Gate = field(default_factory=Gate)
    digest: asyncio.Lock = field(default_factory=asyncio.Lock)
    run: str = field(default_factory=ulid_now)

    snapshots: dict[str, SnapshotStore] = field(default_factory=dict)
    """By config entry, from its first try on: what was seen can be seen while a console is away."""


@callback
@singleton(f"{DOMAIN}_shared")
def shared(_hass: HomeAssistant) -> Shared:
    """Return the one of this Home Assistant."""
    return Shared()
