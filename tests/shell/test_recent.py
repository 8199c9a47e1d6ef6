"""The last Sightings as they were fired."""

from custom_components.protect_narrator import recent as recent_module
from custom_components.protect_narrator.recent import RecentSightings


def test_the_newest_revision_of_a_sighting_is_remembered() -> None:
    recent = RecentSightings()
    recent.note({"sighting_id": "a", "revision": 1}, 1.5)
    recent.note({"sighting_id": "a", "revision": 2}, 1.5)

    recent.note({"sighting_id": "a", "revision": 1}, 1.5)

    assert recent.find("a") == {"sighting_id": "a", "revision": 2}
    assert recent.find("b") is None


def test_the_oldest_are_forgotten() -> None:
    recent = RecentSightings()
    ids = [str(number) for number in range(recent_module._KEPT + 1)]
    for sighting_id in ids[:-1]:
        recent.note({"sighting_id": sighting_id, "revision": 1}, 1.5)
    recent.note({"sighting_id": ids[0], "revision": 2}, 1.5)  # not the oldest any more
    recent.note({"sighting_id": ids[-1], "revision": 1}, 1.5)

    assert recent.find(ids[0]) is not None
    assert recent.find(ids[1]) is None


def test_what_is_hidden_is_not_remembered() -> None:
    """It may be told of once more, and its id be forgotten while it is still among the last."""
    hidden = {"a"}
    recent = RecentSightings(lambda: frozenset(hidden))
    recent.note({"sighting_id": "a", "revision": 2}, 1.5)

    hidden.clear()

    assert recent.find("a") is None
    assert recent.last(10) == []
