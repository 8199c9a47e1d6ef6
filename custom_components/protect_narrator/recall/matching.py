"""Which Sightings can have been meant: forgiving, because models ask in words of their own.

The user says parcel, the label is ``package``, and the description speaks of a box in another
language. So a word also stands for its relatives below and for the label that they have; endings
do not count; and where no Sighting has all the words, those with the most of them are taken.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
import re
from typing import Any

from ..pipeline.models import Label

KINDS = (
    "person",
    "vehicle",
    "animal",
    "package",
    "ring",
    "face",
    "license_plate",
    "sound",
)
"""What can be asked for. "sound" is everything that was heard."""

# Of one meaning, for a question; in the languages of our own texts. A label among them is one.
_RELATIVES = (
    "package parcel packet delivery deliver delivered paket päckchen lieferung geliefert",
    "ring rang rung ringing doorbell bell klingel klingelt geklingelt geläutet",
    "person people human visitor visit visited mensch menschen leute besuch besucher",
    "vehicle car auto fahrzeug wagen",
    "animal pet tier haustier",
    "face gesicht",
    "license_plate plate licence kennzeichen nummernschild",
    "courier postman mailman postwoman postbote bote kurier delivery",
    "leave left leaves depart departed drove away weg weggefahren",
    "arrive arrived arrival parked ankunft angekommen",
    "bark barking bellt gebellt",
)

# Words of a question, not of what is looked for.
_SMALL = frozenset(
    word
    for words in (
        "a an and any anybody anyone anything at been by camera came come did do does from had",
        "happen happened has have i in is it last me my now of on or our seen since some somebody",
        "someone something the there they this to today was we were what when where who with",
        "yesterday am das der die ein eine gestern hat heute ist jemand kam und war wann was wer",
    )
    for word in words.split()
)

# Longer questions are stories; each word is compared with each of some hundred.
_MOST_WORDS = 12
_SHORTEST_STEM = 4

# Two letters or digits are of too many plates.
_SHORTEST_OF_PLATE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is looked for; nothing at all is everything."""

    kinds: frozenset[str] = field(default_factory=frozenset)
    """Of KINDS; one of them is enough."""

    words: tuple[str, ...] = ()
    """In small letters."""

    @classmethod
    def of(cls, kinds: Iterable[str], text: str) -> Wanted:
        """Return what a model wants that gave these; a kind that is none of ours is a word."""
        known: set[str] = set()
        words = words_of(text)
        for kind in kinds:
            if (ours := _kind(kind)) is not None:
                known.add(ours)
            else:
                words += words_of(kind)
        telling = dict.fromkeys(word for word in words if word not in _SMALL)
        return cls(kinds=frozenset(known), words=tuple(telling)[:_MOST_WORDS])

    @property
    def may_be_a_name(self) -> bool:
        """Say whether it is words alone, of which none means anything here: "moon", no "parcel"."""
        return (
            bool(self.words)
            and not self.kinds
            and all(len(_relatives(word)) == 1 for word in self.words)
        )

    def is_of_kind(self, data: Mapping[str, Any]) -> bool:
        """Say whether the Sighting with these event data is of one of the kinds.

        What the AI has counted counts as what Protect has flagged, but for vehicles: those that
        are parked are in every picture.
        """
        return not self.kinds or any(_IS_OF_KIND[kind](data) for kind in self.kinds)

    def words_in(self, data: Mapping[str, Any]) -> int:
        """Return how many of the words are told of the Sighting with these event data."""
        if not self.words:
            return 0
        told = _told(data)
        of_plates = self._words_of(told.plates)
        return sum(word in of_plates or _is_told(word, told) for word in self.words)

    def _words_of(self, plates: Sequence[str]) -> frozenset[str]:
        """Return the words that are of a plate, one alone or several that follow each other.

        Protect reads "BAB123" from what people write "B-AB 123".
        """
        if not plates:
            return frozenset()
        words = self.words
        return frozenset(
            word
            for first in range(len(words))
            for behind in range(first + 1, len(words) + 1)
            if len(joined := "".join(words[first:behind])) >= _SHORTEST_OF_PLATE
            and any(joined in plate for plate in plates)
            for word in words[first:behind]
        )


@dataclass(frozen=True, slots=True)
class _Told:
    """What is told of a Sighting, ready to be compared."""

    words: frozenset[str]
    stems: frozenset[str]
    plates: tuple[str, ...]


def words_of(text: str) -> list[str]:
    """Return the words of a text, in small letters."""
    return re.findall(r"\w+", text.casefold().replace("_", " "))


def _kind(name: str) -> str | None:
    said = "_".join(words_of(name))
    for each in (said, said.removesuffix("s")):
        if each in KINDS:
            return each
        for relatives in _GROUPS:
            kind = next((kind for kind in KINDS if kind in relatives), None)
            if kind and each in relatives:
                return kind
    return "sound" if said.startswith("audio") or said == "noise" else None


def _labels(data: Mapping[str, Any]) -> Sequence[str]:
    return [label for label in data["labels"] if isinstance(label, str)]


def _counts(data: Mapping[str, Any], key: str) -> bool:
    count = data.get(key)
    return isinstance(count, int) and count > 0


_IS_OF_KIND = {
    "person": lambda data: (
        not {Label.PERSON, Label.FACE}.isdisjoint(_labels(data)) or _counts(data, "people")
    ),
    "vehicle": lambda data: not {Label.VEHICLE, Label.LICENSE_PLATE}.isdisjoint(_labels(data)),
    "animal": lambda data: Label.ANIMAL in _labels(data) or _counts(data, "animals"),
    "package": lambda data: Label.PACKAGE in _labels(data) or _counts(data, "packages"),
    "ring": lambda data: Label.RING in _labels(data),
    "face": lambda data: Label.FACE in _labels(data) or bool(data.get("faces")),
    "license_plate": lambda data: (
        Label.LICENSE_PLATE in _labels(data) or bool(data.get("license_plates"))
    ),
    "sound": lambda data: any(label.startswith("audio_") for label in _labels(data)),
}


def _told(data: Mapping[str, Any]) -> _Told:
    labels = _labels(data)
    parts = [data.get("title"), data.get("description"), data.get("camera_name"), *labels]
    for key in ("faces", "zones"):
        parts += data.get(key) or ()
    words = frozenset(words_of(" ".join(str(part) for part in parts))).union(labels)
    plates = tuple("".join(words_of(str(each))) for each in data.get("license_plates") or ())
    return _Told(words, frozenset(map(_stem, words)), plates)


def _is_told(word: str, told: _Told) -> bool:
    relatives = _relatives(word)
    if not relatives.isdisjoint(told.words):
        return True
    stem = _stem(word)
    if stem in told.stems:
        return True
    return len(stem) >= _SHORTEST_STEM and any(each.startswith(stem) for each in told.words)


@lru_cache(maxsize=256)
def _relatives(word: str) -> frozenset[str]:
    stem = _stem(word)
    alike = (group for group in _GROUPS if word in group or stem in {_stem(w) for w in group})
    return frozenset((word,)).union(*alike)


def _stem(word: str) -> str:
    """Return the word without what grammar puts at its end, as far as that is safe."""
    for ending in ("ing", "ed", "en", "es", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM - 1:
            return word.removesuffix(ending)
    return word


_GROUPS = tuple(frozenset(group.split()) for group in _RELATIVES)
