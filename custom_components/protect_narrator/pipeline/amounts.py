"""Amounts in the words of a model: counts, confidence, importance.

A number may be a word, a string, or stand beside what is counted. What can be read in two ways
is not known.
"""

from collections.abc import Iterable
import math
import re

from .models import Importance

# More than a picture can show: a number made up, or a year.
_COUNT_LARGEST = 1000

# A number with its unit, or an importance with a word or two, not an essay.
_LONGEST = 60

# English, German, French, Spanish, Italian, Portuguese, Dutch, Polish. "ein" and "a" are left
# out, which also begin "ein paar" and "a few".
_NUMBERS = {
    word: number
    for number, words in enumerate(
        (
            "zero zéro cero niemand kein keine aucun aucune ninguno ninguna nessuno geen brak",
            "one eine einer eins une uno una um uma een één jeden jedna",
            "two zwei deux dos due dois duas twee dwa dwie",
            "three drei trois tres tre três drie trzy",
            "four vier quatre cuatro quattro quatro cztery",
            "five fünf cinq cinco cinque vijf pięć",
            "six sechs seis sei zes sześć",
            "seven sieben sept siete sette sete zeven siedem",
            "eight acht huit ocho otto oito osiem",
            "nine neun neuf nueve nove negen dziewięć",
            "ten zehn dix diez dieci dez tien dziesięć",
        )
    )
    for word in words.split()
}

# "no idea" is no number.
_NONE = re.compile(
    r"(?:no|none)(?: (?:one|people|persons?|vehicles?|cars?|animals?|packages?|parcels?))?"
    r"(?: (?:visible|seen|present|at all|in sight))?\W*"
)

_IMPORTANCE = {
    word: importance
    for importance, words in {
        Importance.LOW: (
            "low lowest minor minimal trivial unimportant negligible routine none info"
            " informational niedrig gering unwichtig niedrige geringe faible basse bas baja bajo"
            " bassa basso baixa baixo laag niski niska"
        ),
        Importance.MEDIUM: (
            "medium moderate mid middle normal average mittel mittlere mittelhoch moyen moyenne"
            " media medio média médio gemiddeld średni średnia"
        ),
        Importance.HIGH: (
            "high highest critical urgent severe important emergency alert hoch hohe höchste"
            " kritisch dringend wichtig élevé élevée haute haut critique urgente important"
            " importante alta alto crítica crítico critica critico hoog kritiek dringend wysoki"
            " wysoka krytyczny"
        ),
    }.items()
    for word in words.split()
}
_NEGATIONS = frozenset({"not", "no", "nicht", "kein", "keine", "pas", "non", "não", "niet", "nie"})

_PERCENT = re.compile(r"(.+?)\s*(?:%|per ?cent|prozent)")


def importance_in(value: object) -> Importance:
    """Return the importance; medium where the agent did not say, as neither alarm nor silence."""
    words = _words(value)
    if _NEGATIONS.isdisjoint(words):
        return _only(_IMPORTANCE.get(word) for word in words) or Importance.MEDIUM
    return Importance.MEDIUM


def confidence_in(value: object) -> float | None:
    """Return 0-1; of a hundred where only that makes sense; None where it is not known."""
    if isinstance(value, str):
        value = value.strip().casefold().replace(",", ".")
        if percent := _PERCENT.fullmatch(value):
            of_100 = _number(percent[1])
            return None if of_100 is None else _within(of_100 / 100)
    number = _number(value)
    if number is None:
        return None
    # 7 may be of ten or of a hundred; 85 is of a hundred.
    return _within(number / 100 if 10 < number <= 100 else number)


def _within(number: float) -> float | None:
    """Return what is not more than all; less than nothing is meant as nothing."""
    return None if number > 1 else max(number, 0.0)


def count_in(value: object) -> int | None:
    """Return the whole number that is meant, from 0 to what a picture can show, or None."""
    number = _number(value)
    if number is None and isinstance(value, str):
        number = _told(value)
    if number is None or not number.is_integer() or not 0 <= number <= _COUNT_LARGEST:
        return None
    return int(number)


def _told(text: str) -> float | None:
    """Return the one number in some words: ``2 people``, ``about two``, ``no vehicles``."""
    if len(text) > _LONGEST:
        return None
    # With what clings to it, so that neither "2-3" nor "13:05" nor "1,000" is taken apart.
    figures = re.findall(r"[\w.,:/\-]*\d[\w.,:/\-]*", text)
    if figures:
        return _number(figures[0].rstrip(".,:")) if len(figures) == 1 else None
    if _NONE.fullmatch(text.strip().casefold()):
        return 0.0
    number = _only(_NUMBERS.get(word) for word in _words(text))
    return None if number is None else float(number)


def _only[T](found: Iterable[T | None]) -> T | None:
    """Return what all that is known agrees on, None where it does not."""
    distinct = {each for each in found if each is not None}
    return distinct.pop() if len(distinct) == 1 else None


def _words(value: object) -> list[str]:
    if not isinstance(value, str) or len(value) > _LONGEST:
        return []
    return re.findall(r"[^\W\d_]+", value.casefold())


def _number(value: object) -> float | None:
    """Return a finite number, also from a string; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except ValueError, OverflowError:
        return None
    return number if math.isfinite(number) else None
