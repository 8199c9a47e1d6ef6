"""Where a Sighting is stored follows from its id and from when it began."""

from datetime import timedelta

from homeassistant.util.ulid import ulid_to_bytes
import pytest

from custom_components.protect_narrator.records import (
    LAST_REVISION,
    context_id,
    context_range,
    recorded_at,
)
from tests.shell.sightings import START, sighting


def test_each_revision_has_a_context_of_its_own_within_the_sightings_range() -> None:
    sighting_id = sighting().sighting_id
    first, last = context_range(sighting_id)

    contexts = [
        ulid_to_bytes(context_id(sighting_id, revision)) for revision in range(LAST_REVISION + 1)
    ]

    assert contexts == sorted(set(contexts))
    assert (contexts[0], contexts[-1]) == (first, last)


def test_no_revision_takes_the_context_of_another() -> None:
    with pytest.raises(ValueError, match="range"):
        context_id(sighting().sighting_id, LAST_REVISION + 1)


def test_ranges_of_two_sightings_do_not_meet() -> None:
    one, other = (context_range(sighting(number).sighting_id) for number in (1, 2))

    assert one[1] < other[0] or other[1] < one[0]


def test_what_is_no_id_of_ours_has_no_range() -> None:
    with pytest.raises(ValueError, match="hexadecimal"):
        context_range("no id")


def test_the_row_has_the_time_of_the_detection_but_none_to_come() -> None:
    assert recorded_at(START, START + timedelta(minutes=1)) == START.timestamp()
    assert recorded_at(START + timedelta(days=1), START) == START.timestamp()
