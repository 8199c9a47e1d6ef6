"""The coordinator: frozen data, counts of the local day, moments for who subscribed."""

from dataclasses import replace
from datetime import datetime, timedelta
import logging

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import Context, HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.protect_narrator.const import DOMAIN
from custom_components.protect_narrator.coordinator import NarratorCoordinator, Published
from custom_components.protect_narrator.kinds import Kind
from custom_components.protect_narrator.pipeline.models import Label, Phase
from custom_components.protect_narrator.protect import CameraInfo, ConsoleInfo
from custom_components.protect_narrator.tally import Tally

from .sightings import sighting

CAMERA = CameraInfo(
    id="65f0c0de0000000000000001",
    name="Front door",
    mac="F4E2C6000001",
    model="G5",
    is_doorbell=False,
)
CONSOLE = ConsoleInfo(
    mac="F4E2C6A0B0C0", name="Home", model="UNVR", version="7.2.110", cameras=(CAMERA,)
)


@pytest.fixture
def coordinator(hass: HomeAssistant) -> NarratorCoordinator:
    return make(hass)


def make(hass: HomeAssistant, today: Tally | None = None) -> NarratorCoordinator:
    entry = MockConfigEntry(domain=DOMAIN)
    entry.add_to_hass(hass)
    return NarratorCoordinator(hass, entry, CONSOLE, today=today)


async def test_a_sighting_reaches_those_who_asked_for_its_camera(
    coordinator: NarratorCoordinator,
) -> None:
    heard: list[Published] = []
    unsubscribe = coordinator.async_subscribe(CAMERA.mac, heard.append)
    coordinator.async_subscribe("another", lambda _: pytest.fail("not its camera"))
    published = Published(sighting(), Context())

    coordinator.async_published(published)
    unsubscribe()
    coordinator.async_published(Published(sighting(1), Context()))

    assert heard == [published]


async def test_who_asked_for_all_hears_of_every_camera_after_its_own(
    coordinator: NarratorCoordinator,
) -> None:
    heard: list[str] = []
    unsubscribe = coordinator.async_subscribe_all(lambda _: heard.append("all"))
    coordinator.async_subscribe(CAMERA.mac, lambda _: heard.append("one"))

    coordinator.async_published(Published(sighting(), Context()))
    coordinator.async_published(Published(sighting(camera_id="unknown"), Context()))
    unsubscribe()
    coordinator.async_published(Published(sighting(1), Context()))

    assert heard == ["one", "all", "all", "one"]


async def test_one_subscriber_s_bug_is_loud_and_the_others_hear(
    coordinator: NarratorCoordinator, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[Published] = []

    def bug(_published: Published) -> None:
        raise TypeError("planted")

    bugs: list[None] = []
    coordinator.report_bugs(lambda: bugs.append(None))
    coordinator.async_subscribe(CAMERA.mac, bug)
    coordinator.async_subscribe(CAMERA.mac, heard.append)

    coordinator.async_published(Published(sighting(), Context()))

    assert len(heard) == len(bugs) == 1
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert sighting().sighting_id in record.getMessage()
    assert ", in bug\nTypeError" in record.getMessage()


async def test_counts_are_those_of_the_local_day(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    await hass.config.async_set_time_zone("Europe/Berlin")
    freezer.move_to("2026-11-24T22:59:59+00:00")
    coordinator = make(hass)
    coordinator.async_published(Published(sighting(lost=True), Context()))
    coordinator.async_published(Published(sighting(1), Context()))
    # The full words of these first ones are still to come.
    first = replace(sighting(2), revision=0, phase=Phase.FIRST)
    coordinator.async_published(Published(first, Context()))
    coordinator.async_count_ai_call(CAMERA.mac)
    coordinator.async_count_skipped()
    evening = coordinator.today
    counted = (evening.sightings, evening.fallbacks, evening.ai_calls, evening.skipped)
    assert counted == (2, 1, 1, 1)
    assert make(hass, evening).data.today == evening

    freezer.move_to("2026-11-24T23:00:00+00:00")
    coordinator.async_begin_day()

    assert coordinator.data.today == Tally(day=coordinator.today.day)
    assert coordinator.today.day.isoformat() == "2026-11-25"
    # What a ledger of yesterday counted is not today's.
    assert make(hass, evening).data.today.sightings == 0


async def test_a_sighting_counts_once_for_each_kind_of_thing_that_it_shows(
    coordinator: NarratorCoordinator, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to(sighting().detection.end)
    shown = sighting(labels=(Label.PERSON, Label.FACE, Label.VEHICLE, Label.AUDIO_BARK))
    first_words = replace(shown, revision=0, phase=Phase.FIRST)
    for revision in (first_words, shown, replace(shown, revision=2)):
        coordinator.async_published(Published(revision, Context()))
    coordinator.async_published(Published(sighting(1, labels=(Label.OTHER,)), Context()))

    assert coordinator.today.sightings_by_camera == {
        CAMERA.mac: {Kind.ANY: 2, Kind.PEOPLE: 1, Kind.VEHICLES: 1, Kind.SOUNDS: 1}
    }


@pytest.mark.parametrize(
    ("end", "counts"),
    [
        # It was told live, and took until after midnight.
        ("2026-11-24T23:59:50+01:00", 1),
        ("2026-11-25T00:00:01+01:00", 1),
        # Found by looking back: it is none of this day.
        ("2026-11-24T23:50:00+01:00", 0),
        ("2026-11-23T12:00:00+01:00", 0),
        # By a wrong clock.
        ("9999-12-31T23:59:59+00:00", 1),
    ],
)
async def test_what_was_seen_yesterday_does_not_count_today(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, end: str, counts: int
) -> None:
    await hass.config.async_set_time_zone("Europe/Berlin")
    freezer.move_to("2026-11-24T23:02:00+00:00")
    coordinator = make(hass)
    ended = datetime.fromisoformat(end)
    found = sighting(start=ended - timedelta(seconds=4), end=ended)
    coordinator.async_published(Published(found, Context()))
    assert coordinator.today.sightings_of(CAMERA.mac, Kind.PEOPLE) == counts


async def test_a_lost_connection_is_said_once_and_its_return_too(
    coordinator: NarratorCoordinator, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for connected in (True, False, False, True, True):
        coordinator.async_set_connected(connected)
        assert coordinator.data.connected is connected

    said = [record.getMessage() for record in caplog.records if "The con" in record.getMessage()]
    assert said == [
        "The connection to the console Home is lost",
        "The console Home is connected again",
    ]


async def test_a_connection_that_comes_and_goes_does_not_fill_the_log(
    hass: HomeAssistant,
    coordinator: NarratorCoordinator,
    caplog: pytest.LogCaptureFixture,
    freezer: FrozenDateTimeFactory,
) -> None:
    caplog.set_level(logging.INFO)
    for _ in range(20):
        for connected in (False, True):
            coordinator.async_set_connected(connected)
            assert coordinator.data.connected is connected
        freezer.tick(10)
    async_fire_time_changed(hass)
    freezer.tick(600)
    async_fire_time_changed(hass)
    freezer.tick(600)
    async_fire_time_changed(hass)
    coordinator.async_set_connected(False)
    coordinator.async_set_connected(True)

    said = [record.getMessage() for record in caplog.records if "The con" in record.getMessage()]
    lost_and_back = [
        "The connection to the console Home is lost",
        "The console Home is connected again",
    ]
    comes_and_goes = ["The connection to the console Home comes and goes"]
    # It has lasted for as long as makes it steady.
    assert said == [*lost_and_back, *comes_and_goes, lost_and_back[1], *lost_and_back]


async def test_a_connection_that_goes_for_good_after_all_is_not_said_to_be_back(
    hass: HomeAssistant,
    coordinator: NarratorCoordinator,
    caplog: pytest.LogCaptureFixture,
    freezer: FrozenDateTimeFactory,
) -> None:
    caplog.set_level(logging.INFO)
    for connected in (False, True, False, True, False):
        coordinator.async_set_connected(connected)
    freezer.tick(601)
    async_fire_time_changed(hass)
    assert caplog.text.count("is connected again") == 1

    coordinator.async_set_connected(True)
    coordinator.async_forget_return()
    freezer.tick(601)
    async_fire_time_changed(hass)
    assert caplog.text.count("is connected again") == 1


async def test_data_is_replaced_and_never_changed(coordinator: NarratorCoordinator) -> None:
    before = coordinator.data
    coordinator.async_set_describes(CAMERA.mac, describes=False)
    coordinator.async_set_queue_depth(3)
    coordinator.async_set_cameras(())

    assert (before.muted, before.queue_depth, len(before.cameras)) == (frozenset(), 0, 1)
    after = coordinator.data
    assert after.muted == {CAMERA.mac}
    assert after.queue_depth == 3
    assert not after.cameras
    coordinator.async_set_describes(CAMERA.mac, describes=True)
    assert coordinator.data.muted == frozenset()


async def test_a_camera_that_was_adopted_anew_is_the_same_camera(
    coordinator: NarratorCoordinator,
) -> None:
    heard: list[Published] = []
    coordinator.async_subscribe(CAMERA.mac, heard.append)

    coordinator.async_set_cameras((replace(CAMERA, id="65f0c0de00000000000000ff"),))
    coordinator.async_published(
        Published(sighting(camera_id="65f0c0de00000000000000ff"), Context())
    )
    # One that was under way as the camera was removed.
    coordinator.async_published(Published(sighting(1), Context()))

    assert len(heard) == 2
    assert coordinator.data.cameras.keys() == {CAMERA.mac}


async def test_a_sighting_of_a_camera_that_nobody_knows_is_counted(
    coordinator: NarratorCoordinator,
) -> None:
    coordinator.async_published(Published(sighting(camera_id="unknown"), Context()))
    assert coordinator.today.sightings == 1


async def test_entities_may_be_asked_to_update(coordinator: NarratorCoordinator) -> None:
    before = coordinator.data
    await coordinator.async_refresh()
    assert coordinator.data == before
    assert coordinator.last_update_success
