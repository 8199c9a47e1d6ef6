"""What an assistant is told of Sightings: bounded, in plain words, honest."""

from collections.abc import Iterator
from datetime import UTC, timedelta
import json
from typing import Any

from homeassistant.util import dt as dt_util
import pytest

from custom_components.protect_narrator.pipeline.models import FallbackReason, Medium
from custom_components.protect_narrator.publisher import event_data
from custom_components.protect_narrator.recall.spoken import MOST_CHARACTERS, told

from .sightings import LONGEST, START, sighting

NOW = START + timedelta(hours=1)


@pytest.fixture(autouse=True)
def _in_utc() -> Iterator[None]:
    before = dt_util.get_default_time_zone()
    dt_util.set_default_time_zone(UTC)
    yield
    dt_util.set_default_time_zone(before)


def data(**changed: Any) -> dict[str, Any]:
    return {**event_data(sighting(), config_entry_id="entry", device_id=None), **changed}


def one(**changed: Any) -> dict[str, Any]:
    (told_one,) = told([data(**changed)], {}, NOW)
    return told_one


def test_a_sighting_is_told_in_plain_words() -> None:
    assert one(people=1, packages=0, license_plates=["B-AB 123"]) == {
        "when": "today at 08:30",
        "date": "2026-11-24",
        "seconds": 4,
        "camera": "Front door",
        "title": "A courier rings",
        "description": "And leaves.",
        "labels": ["person"],
        "people": 1,
        "packages": 0,
        "license_plates": ["B-AB 123"],
        "importance": "low",
        "shown_to_ai": "pictures of the video",
    }


def test_a_camera_is_called_as_the_user_calls_it() -> None:
    known = data()
    (told_one,) = told([known], {known["camera_id"]: "Haustür"}, NOW)

    assert told_one["camera"] == "Haustür"


@pytest.mark.parametrize("reason", FallbackReason)
def test_every_loss_is_said_in_words(reason: FallbackReason) -> None:
    described = one(fallback_reason=reason.value, medium="snapshot", agent_id="ai_task.a")
    by_nobody = one(fallback_reason=reason.value, medium="none", agent_id=None)

    assert described["fallback_reason"] == reason.value
    assert described["caveat"].endswith(": the AI saw one snapshot")
    assert "no AI described it" in by_nobody["caveat"]


@pytest.mark.parametrize("medium", Medium)
def test_what_the_ai_was_shown_is_always_said(medium: Medium) -> None:
    assert one(medium=medium.value)["shown_to_ai"]


def test_what_a_later_version_tells_is_told_as_far_as_it_is_known() -> None:
    strange = one(medium="hologram", fallback_reason="solar_flare", importance="cosmic")

    assert strange["shown_to_ai"] == "no picture"
    assert "importance" not in strange


def test_first_words_are_said_to_be_preliminary() -> None:
    assert one(phase="first")["is_preliminary"] is True
    assert "is_preliminary" not in one()


def test_an_answer_is_no_longer_than_a_small_model_reads() -> None:
    longest = event_data(LONGEST, config_entry_id="entry", device_id=None)

    some = told([longest] * 200, {}, NOW)

    assert 1 < len(some) < 20
    assert len(json.dumps(some, ensure_ascii=False)) <= MOST_CHARACTERS + 2 * len(some)
