"""What the model makes of what it is shown, or of the words alone when it is shown nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
import re
from typing import cast

from simulator.video import Reading

from .schema import Json
from .summing_up import Summary, sum_up

_SUBJECTS = ("person", "vehicle", "animal", "package")
_EXCERPT = 200  # characters of the prompt that a picture-less description repeats


@dataclass(frozen=True, slots=True, kw_only=True)
class Impression:
    """Everything the model could be asked for, by the names it is asked for."""

    title: str
    description: str
    importance: str
    importance_reason: str
    confidence: float
    people: int = 0
    vehicles: int = 0
    animals: int = 0
    packages: int = 0
    camera: str | None = None
    colours: tuple[str, ...] = ()
    pictures: int = 0

    def facts(self) -> dict[str, Json]:
        """Return the fields as JSON values."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return cast("dict[str, Json]", {**values, "colours": list(self.colours)})


def look(readings: Sequence[Reading], prompt: str) -> Impression:
    """Return what the pictures show, in the order of time; without pictures, what the words say."""
    if readings:
        return _from_pictures(readings)
    summary = sum_up(prompt)
    return _from_words(prompt) if summary is None else _from_summary(summary)


def _from_pictures(readings: Sequence[Reading]) -> Impression:
    ordered = _in_time(readings)
    camera = next((each.camera_name for each in ordered if each.camera_name), None)
    signs = dict.fromkeys(each.sign for each in ordered if each.sign)
    colours = tuple(dict.fromkeys(colour for each in ordered for colour in each.colours))
    # Two in the same coat are two only where both are in one picture.
    people = max(len(colours), *(len(each.figures) for each in ordered))
    place = camera or "the camera"
    known = sum(each.at is not None for each in ordered) / len(ordered)
    return Impression(
        title=_title(colours, people, place),
        description=f"{_shown(ordered, place)}: {_happening(ordered, colours)}."
        + "".join(f' A sign says "{words}".' for words in signs),
        importance=("low", "medium", "high")[min(people, 2)],
        importance_reason=f"{people or 'no'} {'person' if people == 1 else 'people'} in sight",
        confidence=round(0.5 + 0.45 * known, 2),
        people=people,
        camera=camera,
        colours=colours,
        pictures=len(ordered),
    )


def _in_time(readings: Sequence[Reading]) -> Sequence[Reading]:
    """Return them by their burned-in time, or as they came where one has none."""
    moments = [each.at for each in readings if each.at is not None]
    if len(moments) < len(readings):
        return readings
    return [each for _, each in sorted(zip(moments, readings, strict=True), key=lambda it: it[0])]


def _title(colours: Sequence[str], people: int, place: str) -> str:
    if not people:
        return f"Nobody in sight at {place}"
    if people == 1:
        return f"A person in {colours[0]} walks past {place}"
    return f"{people} people in {_listed(colours)} walk past {place}"


def _shown(readings: Sequence[Reading], place: str) -> str:
    """Return how many pictures there are, how large, and over which seconds."""
    count = f"{len(readings)} picture{'s' if len(readings) != 1 else ''}"
    sizes = dict.fromkeys(f"{each.width}x{each.height}" for each in readings)
    moments = [each.at for each in readings if each.at is not None]
    if not moments:
        when = "at an unknown time"
    elif moments[0] == moments[-1]:
        when = f"at {_clock(moments[0])} UTC"
    else:
        seconds = (moments[-1] - moments[0]).total_seconds()
        when = f"over {seconds:.1f} s, {_clock(moments[0])} to {_clock(moments[-1])} UTC"
    return f"{count} ({_listed(list(sizes))}) of {place} {when}"


def _happening(readings: Sequence[Reading], colours: Sequence[str]) -> str:
    if not colours:
        return "nobody is there"
    return "; ".join(_track(readings, colour) for colour in colours)


def _track(readings: Sequence[Reading], colour: str) -> str:
    """Return how the first figure of that colour moves."""
    steps = [next((f.x for f in each.figures if f.colour == colour), None) for each in readings]
    seen = [x for x in steps if x is not None]
    first, last = _place(seen[0]), _place(seen[-1])
    if first == last:
        return f"a person in {colour} is {first}"
    return f"a person in {colour}, first {first}, then {last}"


def _place(x: float) -> str:
    return ("on the left", "in the middle", "on the right")[min(int(x * 3), 2)]


def _from_summary(summary: Summary) -> Impression:
    return Impression(
        title=summary.title,
        description=summary.text,
        importance=summary.importance,
        importance_reason="so it was told",
        confidence=0.5,
    )


def _from_words(prompt: str) -> Impression:
    subjects = [each for each in _SUBJECTS if re.search(rf"\b{each}\b", prompt, re.IGNORECASE)]
    people, vehicles, animals, packages = (int(each in subjects) for each in _SUBJECTS)
    excerpt = " ".join(prompt.split())[:_EXCERPT]
    return Impression(
        title=f"{_listed([f'a {s}' for s in subjects]).capitalize() or 'Something'} detected",
        description=f"No picture was shown. The words say: {excerpt}",
        importance="medium" if people or packages else "low",
        importance_reason="only the words are known",
        confidence=0.2,
        people=people,
        vehicles=vehicles,
        animals=animals,
        packages=packages,
    )


def _clock(at: datetime) -> str:
    return f"{at:%H:%M:%S}.{at.microsecond // 100_000}"


def _listed(words: Sequence[str]) -> str:
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"
