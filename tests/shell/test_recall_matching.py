"""Which Sightings can have been meant by words that are not the record's own."""

from typing import Any

import pytest

from custom_components.protect_narrator.recall.matching import KINDS, Wanted

SEEN: dict[str, Any] = {
    "title": "A red car leaves the driveway",
    "description": "The driver waves to Müller's dog.",
    "camera_name": "Front yard",
    "labels": ["vehicle", "license_plate"],
    "license_plates": ["B-AB 123"],
    "faces": [],
    "zones": ["Gate"],
    "people": None,
    "vehicles": 2,
    "animals": 1,
    "packages": 0,
}


def seen(**changed: Any) -> dict[str, Any]:
    return {**SEEN, **changed}


@pytest.mark.parametrize(
    "text",
    [
        "red car",
        "CAR",
        "the red car left today",
        "leaving",
        "vehicles",
        "Auto",
        "müller",
        "gate",
        "front yard car",
        "AB123",
        "wave",
    ],
)
def test_all_words_are_found_in_what_is_told(text: str) -> None:
    wanted = Wanted.of([], text)

    assert wanted.words
    assert wanted.words_in(SEEN) == len(wanted.words)


@pytest.mark.parametrize("text", ["blue", "parcel", "bicycle", "ca", "12", "rang", "carp"])
def test_other_words_are_not(text: str) -> None:
    assert Wanted.of([], text).words_in(SEEN) == 0


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("parcel", "package"),
        ("Paket", "package"),
        ("delivered", "package"),
        ("who rang", "ring"),
        ("geklingelt", "ring"),
        ("visitors", "person"),
        ("pet", "animal"),
        ("barking", "audio_bark"),
        ("glass break", "audio_glass_break"),
    ],
)
def test_a_word_stands_for_the_label_of_its_meaning(text: str, label: str) -> None:
    told = seen(title="Something", description="", labels=[label])
    wanted = Wanted.of([], text)

    assert wanted.words_in(told) == len(wanted.words) > 0


def test_words_of_the_question_are_not_looked_for() -> None:
    assert Wanted.of([], "Was there somebody at the camera today?") == Wanted()


def test_a_story_is_not_compared_word_by_word() -> None:
    assert len(Wanted.of([], " ".join(f"word{number}" for number in range(1000))).words) == 12


@pytest.mark.parametrize(
    ("kind", "known"),
    [
        *((kind, kind) for kind in KINDS),
        ("Persons", "person"),
        ("parcel", "package"),
        ("license plate", "license_plate"),
        ("doorbell", "ring"),
        ("cars", "vehicle"),
        ("audio_bark", "sound"),
    ],
)
def test_a_kind_is_understood_by_its_relatives(kind: str, known: str) -> None:
    assert Wanted.of([kind], "") == Wanted(kinds=frozenset({known}))


@pytest.mark.parametrize("read", ["B-AB 123", "BAB123", "b ab123"])
@pytest.mark.parametrize("asked", ["B-AB 123", "bab 123", "BAB123", "ab123", "red car B AB 123"])
def test_a_plate_is_found_however_it_is_written(asked: str, read: str) -> None:
    wanted = Wanted.of((), asked)
    assert wanted.words_in(seen(license_plates=["M-X 9", read])) == len(wanted.words)
    assert wanted.words_in(seen(license_plates=["C-D 456"])) < len(wanted.words)


def test_a_kind_that_is_none_of_ours_is_a_word() -> None:
    assert Wanted.of(["bicycle"], "red") == Wanted(words=("red", "bicycle"))


@pytest.mark.parametrize(
    ("kind", "changed", "is_one"),
    [
        ("vehicle", {}, True),
        ("vehicle", {"labels": ["person"]}, False),  # parked ones are counted, too
        ("license_plate", {"labels": []}, True),
        ("animal", {}, True),
        ("animal", {"animals": 0}, False),
        ("package", {}, False),
        ("package", {"packages": 1}, True),
        ("person", {}, False),
        ("person", {"people": 1}, True),
        ("person", {"labels": ["face"]}, True),
        ("face", {"faces": ["Anna"]}, True),
        ("ring", {"labels": ["ring"]}, True),
        ("sound", {"labels": ["audio_siren"]}, True),
        ("sound", {}, False),
    ],
)
def test_a_sighting_is_of_the_kinds_that_protect_or_the_ai_has_told(
    kind: str, changed: dict[str, Any], is_one: bool
) -> None:
    assert Wanted.of([kind], "").is_of_kind(seen(**changed)) is is_one


@pytest.mark.parametrize(
    ("kinds", "text", "may_be"),
    [
        ([], "the moon", True),
        (["garden"], "", True),
        ([], "parcel", False),
        ([], "red cars", False),
        (["animal"], "moon", False),
        ([], "what happened", False),
    ],
)
def test_words_without_a_meaning_of_their_own_may_be_a_name(
    kinds: list[str], text: str, may_be: bool
) -> None:
    assert Wanted.of(kinds, text).may_be_a_name is may_be
