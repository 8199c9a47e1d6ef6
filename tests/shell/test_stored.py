"""Whatever stands in the ledger's file, what can be read is read, and what is lost is said."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from functools import reduce
import json
import logging
from operator import getitem
from typing import Any

from homeassistant.helpers.json import json_bytes
from homeassistant.util.json import json_loads
from homeassistant.util.ulid import ulid_now
from hypothesis import example, given, settings, strategies as st
import pytest

from custom_components.protect_narrator import (
    salvage as salvage_module,
    stored as stored_module,
)
from custom_components.protect_narrator.event_shape import require_event
from custom_components.protect_narrator.kinds import Kind
from custom_components.protect_narrator.pipeline.models import Timings
from custom_components.protect_narrator.pipeline.readiness import Interval
from custom_components.protect_narrator.publisher import event_data
from custom_components.protect_narrator.salvage import UnreadableError
from custom_components.protect_narrator.stored import (
    Fired,
    Remembered,
    Unfinished,
    detection_from,
    restored,
    stored,
)
from custom_components.protect_narrator.tally import Tally

from .sightings import START, detection, sighting

MAC = "F4E2C6000001"

SEVERAL = ("unfinished", "fired", "done", "muted", "last", "abilities")
MAY_BE_NULL = ("today", "looked_at", "heard_at")

type _Path = tuple[str | int, ...]


def everything() -> Remembered:
    """Return a ledger with something of everything."""
    seen = detection(
        1, score=80, faces=("Robin",), zones=("Path",), best_views=(START,), license_plates=("A1",)
    )
    day = Tally(day=START.date()).with_sighting(fallback=True).with_ai_call(MAC)
    day = day.with_sighting_of(MAC, (Kind.ANY, Kind.PEOPLE)).with_ai_tokens(9)
    data = event_data(sighting(2, lost=True), config_entry_id="0" * 26, device_id=None)
    return Remembered(
        unfinished=tuple(
            Unfinished(detection=each, context_id=ulid_now()) for each in (seen, detection(3))
        ),
        fired=(Fired(context_id=ulid_now(), data=data, fired_at=1.5, run="one"),),
        done=("a/1", "a/2"),
        today=day.with_timings(Timings(settle_s=7, total_s=12)),
        muted=frozenset({MAC}),
        knows_muted=True,
        last=(seen,),
        abilities={
            "ai_task.seer": {"identity": "v1", "takes_clip": True},
            "ai_task.other": {"identity": "v2", "takes_clip": False},
        },
        ready=(Interval(None, 2.5), Interval(1.0, 3.0)),
        looked_at=START,
        heard_at=START + timedelta(seconds=5),
    )


WHOLE = everything()
CONTENT: Any = json_loads(json_bytes(stored(WHOLE)))


def paths(value: Any, path: _Path = ()) -> Iterator[_Path]:
    """Yield where there is anything in it, and the whole."""
    yield path
    if isinstance(value, dict | list):
        keys = value if isinstance(value, dict) else range(len(value))
        for key in keys:
            yield from paths(value[key], (*path, key))


def at(path: _Path) -> Any:
    return reduce(getitem, path, CONTENT)


def changed(path: _Path, value: object) -> Any:
    """Return the content, as Home Assistant reads it, with something else there."""
    whole = [deepcopy(CONTENT)]
    *before, key = (0, *path)
    parent: Any = reduce(getitem, before, whole)
    parent[key] = value
    return json_loads(json.dumps(whole[0]))


def without(path: _Path) -> Any:
    """Return the content without what is there."""
    content = deepcopy(CONTENT)
    *before, key = path
    del reduce(getitem, before, content)[key]
    return content


def stands(content: object) -> int:
    """Return of how many things something stands in the content, readable or not."""
    if not isinstance(content, dict):
        return int(content is not None)
    count = sum(content.get(key) is not None for key in MAY_BE_NULL)
    for key in SEVERAL:
        if key in content:
            some = content[key]
            count += len(some) if isinstance(some, dict if key == "abilities" else list) else 1
    # Together they are one: of what was learnt of the console all is read, or nothing.
    return count + int(content.get("ready", []) != [])


def were_read(remembered: Remembered) -> int:
    """Return how many of these were read."""
    count = sum(getattr(remembered, key) is not None for key in MAY_BE_NULL)
    return count + sum(len(getattr(remembered, key)) for key in SEVERAL) + bool(remembered.ready)


@contextmanager
def hearing() -> Iterator[list[str]]:
    """Hear what is said meanwhile of what was lost."""
    said: list[str] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(record.getMessage())

    ear, logger = Ear(), logging.getLogger(salvage_module.__name__)
    logger.addHandler(ear)
    try:
        yield said
    finally:
        logger.removeHandler(ear)


def must_read_and_say(content: object) -> None:
    """Read it; what is lost is said once, and what was read can be written and read again."""
    with hearing() as said:
        remembered = restored(content)
    assert len(said) == (were_read(remembered) < stands(content)), said

    with hearing() as said:
        again = restored(json_loads(json_bytes(stored(remembered))))
    assert said == []
    # What we have written ourselves we know to be whole.
    assert replace(again, knows_muted=remembered.knows_muted) == remembered


# What there can be in a file that Home Assistant takes for JSON.
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([-1, 2**53, 2**63, 2**64, 10**40, 1e300, 253_402_300_800])
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.text(min_size=1001, max_size=1001)
    | st.datetimes(timezones=st.timezones()).map(str)
    | st.dates().map(str),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)

PATHS = list(paths(CONTENT))


@settings(max_examples=500)
@given(path=st.sampled_from(PATHS), value=JSON)
@example(path=("unfinished", 0, "score"), value=1e300)
@example(path=("ready", 0, 1), value=1e308)
def test_whatever_stands_anywhere_in_the_file_the_rest_is_read(path: _Path, value: object) -> None:
    must_read_and_say(changed(path, value))


@settings(max_examples=500)
@given(path=st.sampled_from(PATHS), other=st.sampled_from(PATHS))
def test_whatever_of_the_file_stands_where_something_else_belongs_the_rest_is_read(
    path: _Path, other: _Path
) -> None:
    must_read_and_say(changed(path, at(other)))


@pytest.mark.parametrize("path", PATHS[1:], ids=str)
def test_whatever_is_missing_in_the_file_the_rest_is_read(path: _Path) -> None:
    must_read_and_say(without(path))


@given(JSON)
def test_whatever_the_file_is_it_is_read(content: object) -> None:
    must_read_and_say(json_loads(json.dumps(content)))


def test_a_sound_file_is_read_whole_and_nothing_is_said() -> None:
    with hearing() as said:
        assert restored(CONTENT) == WHOLE
    assert said == []


def test_one_agent_of_which_something_is_wrong_does_not_cost_the_others() -> None:
    path = ("abilities", "ai_task.seer", "takes_clip")
    with hearing() as said:
        assert restored(changed(path, "yes")).abilities.keys() == {"ai_task.other"}
    assert said != []


def test_what_was_lost_is_said_by_its_name_and_not_by_its_value() -> None:
    with hearing() as said:
        restored(changed(("unfinished", 0, "faces"), ["Robin", 7]))
    assert said == [
        (
            "Of what was stored, 1 parts cannot be read and are left out, the first being: "
            "one of unfinished (faces: no text)"
        )
    ]


def test_half_of_a_character_is_no_text_of_a_detection() -> None:
    with pytest.raises(UnreadableError):
        detection_from({**CONTENT["unfinished"][0], "camera_id": "\ud83d"})


@pytest.mark.parametrize(
    "value",
    [object(), {1: 2}, 2**70, float("nan"), "\ud83d", [[]]],
    ids=lambda value: type(value).__name__,
)
def test_what_anybody_can_fire_under_our_name_is_no_event_of_ours(value: object) -> None:
    data = CONTENT["fired"][0]["data"]
    require_event(data)
    with pytest.raises(UnreadableError):
        require_event({**data, "score": value})


@pytest.mark.parametrize("data", [5, True, None, "text", ["sighting_id"]], ids=repr)
def test_what_is_no_mapping_is_no_event_of_ours(data: object) -> None:
    """From Python, an event can be fired with anything."""
    with pytest.raises(UnreadableError):
        require_event(data)


@pytest.mark.parametrize(
    "reader",
    ["Detection", "Fired", "Interval", "Unfinished", "moment_in", "require_event", "text_in"],
)
@pytest.mark.parametrize("bug", [AttributeError, KeyError, OverflowError, TypeError, ValueError])
def test_a_bug_of_ours_in_reading_is_never_said_to_be_damage(
    monkeypatch: pytest.MonkeyPatch, reader: str, bug: type[Exception]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise bug("planted")

    monkeypatch.setattr(stored_module, reader, fail)
    with hearing() as said, pytest.raises(bug, match="planted"):
        restored(CONTENT)
    assert said == []
