"""A Home Assistant with a recorder, on each database in turn, and Sightings in it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from homeassistant.components.recorder.core import Recorder
from homeassistant.core import Context, HomeAssistant
from homeassistant.util import dt as dt_util
import pytest

from custom_components.protect_narrator.const import EVENT_SIGHTING
from custom_components.protect_narrator.history import Page, SightingQuery, async_page
from custom_components.protect_narrator.history.rows import async_processed
from custom_components.protect_narrator.pipeline.models import Phase
from custom_components.protect_narrator.publisher import event_data
from custom_components.protect_narrator.records import context_id, recorded_at
from tests.databases.fixtures import recorder_db_url  # noqa: F401 - a fixture
from tests.shell.sightings import START, sighting

DEVICE = "6f96c919dac7a59db183fd119bf83669"


class Record:
    """What was told, as the publisher and the receipts tell it."""

    def __init__(self, hass: HomeAssistant) -> None:
        self.hass = hass

    def tell(
        self,
        number: int,
        *,
        minutes: float = 0,
        revision: int = 1,
        lost: bool = False,
        told: dict[str, Any] | None = None,
        context: Context | None = None,
        **changed: Any,
    ) -> dict[str, Any]:
        """Fire one that began so many minutes after START; return its event data.

        ``told`` replaces what is in the event, ``changed`` what is in the Detection, and
        ``context`` the one that follows from the Sighting.
        """
        start = changed.pop("start", START + timedelta(minutes=minutes))
        of = sighting(number, lost=lost, start=start, end=start + timedelta(seconds=4), **changed)
        of = replace(of, revision=revision, phase=Phase.FINAL if revision else Phase.FIRST)
        data = event_data(of, config_entry_id="0" * 26, device_id=DEVICE) | (told or {})
        self.hass.bus.async_fire(
            EVENT_SIGHTING,
            data,
            context=context or Context(id=context_id(of.sighting_id, revision)),
            time_fired=recorded_at(start, dt_util.utcnow()),
        )
        return data

    def fire(self, data: dict[str, Any], minutes: float = 0) -> None:
        """Fire what is no Sighting under its name."""
        when = START + timedelta(minutes=minutes)
        self.hass.bus.async_fire(EVENT_SIGHTING, data, time_fired=when.timestamp())

    async def page(self, limit: int = 50, cursor: str | None = None, **asked: Any) -> Page:
        """Ask for Sightings when all is stored."""
        await async_processed(self.hass)
        return await async_page(self.hass, SightingQuery(**asked), limit=limit, cursor=cursor)

    async def titles(self, **asked: Any) -> list[str]:
        """Return the titles of what is found, newest first."""
        return [data["title"] for data in (await self.page(**asked)).sightings]


@pytest.fixture
def record(recorder_mock: Recorder, hass: HomeAssistant) -> Record:
    return Record(hass)
