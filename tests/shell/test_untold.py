"""What is still to be told is known by its events, however many there are."""

from dataclasses import replace
from typing import ClassVar, override

from homeassistant.core import HomeAssistant

from custom_components.protect_narrator.ledger import Ledger
from custom_components.protect_narrator.pipeline.models import Detection
from custom_components.protect_narrator.untold import Untold

from .sightings import detection

CAMERA = detection().camera_id


def knows(untold: Untold, *event_ids: str) -> list[bool]:
    return [untold.tells_of(CAMERA, event_id) for event_id in event_ids]


def test_each_is_known_by_all_of_its_events_until_it_is_removed() -> None:
    untold = Untold([detection(event_ids=("a", "b")), detection(event_ids=("c",))])
    assert knows(untold, "a", "b", "c", "d") == [True, True, True, False]
    assert not untold.tells_of("another camera", "a")

    untold.remove(detection(event_ids=("a",)).sighting_id)
    untold.remove("never there")

    assert knows(untold, "a", "b", "c") == [False, False, True]
    assert len(untold) == 1


def test_what_is_put_again_is_known_by_what_it_is_now() -> None:
    untold = Untold([detection(event_ids=("a", "b"))])
    now = detection(event_ids=("a", "c"))
    untold.put(now)
    assert knows(untold, "a", "b", "c") == [True, False, True]
    assert list(untold) == [now]


def test_an_event_of_two_is_known_until_both_are_gone() -> None:
    one, two = detection(event_ids=("a", "b")), detection(event_ids=("c", "b"))
    untold = Untold([one, two])
    untold.remove(one.sighting_id)
    assert knows(untold, "a", "b", "c") == [False, True, True]
    untold.remove(two.sighting_id)
    assert knows(untold, "a", "b", "c") == [False, False, False]


class Watched(Detection):
    """A Detection that notes when somebody looks at what it is made of."""

    looked_at: ClassVar[list[str]] = []

    @override
    def __getattribute__(self, name: str) -> object:
        if name == "event_ids":
            Watched.looked_at.append(name)
        return super().__getattribute__(name)


async def test_a_frame_s_event_is_found_without_going_over_all_that_is_unfinished(
    hass: HomeAssistant,
) -> None:
    ledger = await Ledger.async_load(hass, "01JDENTRY")
    for number in range(3):
        known = detection(number)
        ledger.async_take_in(Watched(**{key: getattr(known, key) for key in known.__slots__}))
    assert Watched.looked_at
    Watched.looked_at.clear()

    assert ledger.knows_event(CAMERA, f"{1:024x}")
    assert not ledger.knows_event(CAMERA, f"{9:024x}")
    assert not Watched.looked_at


async def test_what_was_told_is_not_held_any_more(hass: HomeAssistant) -> None:
    ledger = await Ledger.async_load(hass, "01JDENTRY")
    ledger.async_take_in(detection(1))
    ledger.async_told(replace(detection(1), late=True))
    assert not len(ledger._unfinished)
    assert ledger.context_id_of(detection(1)) is None
    assert ledger.knows_event(CAMERA, f"{1:024x}")
