"""What a story of a fault happens on, and what it can see there."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
import logging
import re
from types import MappingProxyType
from typing import Any

from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import STATE_UNAVAILABLE, Platform
from homeassistant.helpers import entity_registry as er, issue_registry as ir
import pytest

from custom_components.protect_narrator.const import (
    CONF_AGENT_ID,
    CONF_CLIP_DEADLINE,
    CONF_DESCRIBE_TIMEOUT,
    DOMAIN,
    SUBENTRY_CAMERA,
)
from simulator.console import Camera, Console
from simulator.model import Model
from tests.fake_agents import FakeTaskEntity
from tests.story.conftest import Home
from tests.story.database import sightings_in_database
from tests.waiting import until

PACKAGE = "custom_components.protect_narrator"

# Below what the form allows, because a fault is waited for to its end; but for an answer, which
# may take seconds on a machine that runs several tests.
SHORT = {CONF_CLIP_DEADLINE: 3, CONF_DESCRIBE_TIMEOUT: 10}
SHORTEST = {CONF_CLIP_DEADLINE: 0.7, CONF_DESCRIBE_TIMEOUT: 0.7}

# Once the fault is over, far more than anything takes: a limit that is short lets what is well
# look ill on a machine that is busy.
PATIENT = {CONF_CLIP_DEADLINE: 30, CONF_DESCRIBE_TIMEOUT: 30}

# Where Home Assistant says that one of its files cannot be written.
_STORAGE = "homeassistant.helpers.storage"

# A Sighting's own line, which every lost rung has; what it says is in the Sighting as well.
_LOST = "Sighting %s: %s at %s: %s"

_VARYING = (
    (re.compile(r"\b[0-9a-f]{24,32}\b"), "…"),
    (re.compile(r"127\.0\.0\.1(:\d+)?"), "the console"),
    # Where this run has its media folder.
    (re.compile(r"\(/\S+\)"), "(its path)"),
    # What the library or the system says of it.
    (re.compile(r"(cannot be read|could not be removed): .*"), r"\1"),
)


@dataclass(kw_only=True)
class Stage:
    """A home in which one camera has a fault and its neighbour has none."""

    home: Home
    agent: FakeTaskEntity
    """The AI of both, unless the story brings in another."""

    log: pytest.LogCaptureFixture
    patch: pytest.MonkeyPatch
    """For what is at the edge: the disk, the clock. Undone by ``mend``."""

    others: list[Callable[[], None]] = field(default_factory=list)
    """How else the fault is ended."""

    brought: Model | None = None
    told: list[Mapping[str, Any]] = field(default_factory=list)

    @property
    def console(self) -> Console:
        """The simulated console."""
        return self.home.console

    @property
    def model(self) -> Model:
        """The simulated model, where the story has brought one in."""
        assert self.brought is not None
        return self.brought

    @property
    def camera(self) -> Camera:
        """The camera that the fault is about, as it is called now."""
        return self._now(1)

    @property
    def neighbour(self) -> Camera:
        """Another one."""
        return self._now(2)

    def _now(self, number: int) -> Camera:
        """Return a camera under its present name; as it was, when it is gone."""
        before = Camera.make(number)
        return next((each for each in self.console.cameras if each.id == before.id), before)

    # -- what happens

    async def begin(
        self, options: Mapping[str, Any] = MappingProxyType({}), *, agent_id: str | None = None
    ) -> None:
        """Set all up, until nothing of it goes on; only the neighbour keeps the agent then."""
        await self.home.set_up(agent_id or self.agent, {**SHORT, **options})
        await self.home.is_heard()
        if agent_id is not None:
            profile = ConfigSubentry(
                data=MappingProxyType({CONF_AGENT_ID: self.agent.entity_id}),
                subentry_type=SUBENTRY_CAMERA,
                title=self.neighbour.name,
                unique_id=self.neighbour.mac,
            )
            self.home.hass.config_entries.async_add_subentry(self.home.entry, profile)

    def mend(self) -> None:
        """End the fault, whatever it was."""
        self.console.faults.unset()
        if self.brought is not None:
            self.brought.fault = None
        self.patch.undo()
        while self.others:
            self.others.pop()()

    async def see(self, *cameras: Camera) -> list[dict[str, Any]]:
        """Let each camera see somebody at the same time; return their Sightings in that order."""
        events = {camera.id: await self.home.see(camera) for camera in cameras}
        return await self.sightings_of(events)

    async def sightings_of(self, events: Mapping[str, str]) -> list[dict[str, Any]]:
        """Return the Sightings of these events of Protect's, by camera; nothing else is told."""
        told = {each["camera_id"]: each for each in await self.home.next_sightings(len(events))}
        assert told.keys() == events.keys()
        for camera_id, event_id in events.items():
            # Some releases append the camera's id.
            assert told[camera_id]["protect_event_id"] in {event_id, f"{event_id}-{camera_id}"}
        self.told += told.values()
        return [told[camera_id] for camera_id in events]

    async def must_heal(self) -> dict[str, Any]:
        """End the fault, and have the very next Detection described from its frames."""
        self.mend()
        entry = self.home.entry
        self.home.hass.config_entries.async_update_entry(
            entry, options={**entry.options, **PATIENT}
        )
        await self.is_heard_again()
        (after,) = await self.see(self.camera)
        assert (after["medium"], after["fallbacks"]) == ("frames", [])
        assert after["agent_id"] is not None
        return after

    async def is_heard_again(self) -> None:
        """Wait until the console can be heard, and whoever has connected has looked back."""
        await self.console.wait_for(lambda: self.console.open_private_websockets > 0)
        # Whoever has just connected looks back, and may be faster than the websocket.
        await self.console.wait_for(lambda: self.console.open_requests == 0)

    async def leaves_nothing(self, rows: int | None = None) -> None:
        """Make sure that all was stored once, and nothing is left when we are unloaded."""
        stored = await sightings_in_database(self.home.hass)
        ids = Counter(each["sighting_id"] for each in stored)
        assert set(ids.values()) == {1}, "a row is there twice"
        assert len(stored) == (len(self.told) if rows is None else rows)
        await until(lambda: not self.home.files_left())
        await self.home.tidy_up()
        await self.console.wait_for(
            lambda: self.console.open_requests == self.console.open_websockets == 0
        )
        assert self.home.sightings == []

    # -- what the user sees

    def errors(self) -> list[str]:
        """Return what our own code has logged as an error: that is a bug."""
        return [record.getMessage() for record in self._ours() if record.levelno >= logging.ERROR]

    def warnings(self) -> list[str]:
        """Return what else our own code has warned of, without what differs between runs."""
        return [
            _plain(record.getMessage())
            for record in self._ours()
            if record.levelno >= logging.WARNING and record.msg != _LOST
        ]

    async def has_warned(self, beginning: str) -> None:
        """Wait until the log says so."""
        await until(lambda: any(each.startswith(beginning) for each in self.warnings()))

    def _ours(self) -> list[logging.LogRecord]:
        return [each for each in self.log.get_records("call") if each.name.startswith(PACKAGE)]

    def look(self) -> list[str]:
        """Return what a user sees of the fault beside the Sighting, in a fixed order."""
        seen = [*self._entities(), *self._asked(), *self._issues()]
        return seen + self.logged()

    def logged(self) -> list[str]:
        """Return what the log says, each once; of others only that they cannot keep our file."""
        not_kept = any(
            record.name == _STORAGE and record.msg.startswith("Error writing")
            for record in self.log.get_records("call")
            if DOMAIN in record.getMessage()
        )
        said = ["Home Assistant's log: our file cannot be written"] if not_kept else []
        return said + [f"log: “{each}”" for each in dict.fromkeys(self.warnings())]

    def is_unavailable(self) -> bool:
        """Say whether what the camera's entities show is not known now."""
        states = (
            self.home.state(Platform.SENSOR, key, self.camera).state
            for key in ("last_sighting", "fallback_reason")
        )
        return all(state == STATE_UNAVAILABLE for state in states)

    def is_gone(self) -> bool:
        """Say whether the camera has no entities any more."""
        registry = er.async_get(self.home.hass)
        unique_id = f"{self.camera.mac}_last_sighting"
        return registry.async_get_entity_id(Platform.SENSOR, DOMAIN, unique_id) is None

    def _entities(self) -> list[str]:
        if self.is_gone():
            return ["its entities are gone"]
        return ["its entities are unavailable"] if self.is_unavailable() else []

    def _asked(self) -> list[str]:
        flows = self.home.hass.config_entries.flow.async_progress_by_handler(DOMAIN)
        return ["asks for a new log-in" for flow in flows if flow["context"]["source"] == "reauth"]

    def _issues(self) -> list[str]:
        issues = ir.async_get(self.home.hass).issues.values()
        ours = {each.translation_key for each in issues if each.domain == DOMAIN and each.active}
        return [f"repair issue `{each}`" for each in sorted(filter(None, ours))]


def _plain(message: str) -> str:
    """Return the message without what another run would say otherwise, or a library says."""
    message, has_traceback, _ = message.partition("\nTraceback (")
    if has_traceback:
        message += " (and a traceback)"
    for pattern, word in _VARYING:
        message = pattern.sub(word, message)
    return message.removeprefix("Sighting …: ")
