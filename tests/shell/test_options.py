"""What the user chose reaches the pipeline; what was left alone is the product's default."""

from datetime import timedelta

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
)

from custom_components.protect_narrator.const import DOMAIN
from custom_components.protect_narrator.options import (
    NUMBER_OPTIONS,
    longest_open_from,
    merge_gap_from,
    policy_from,
    reconcile_interval_from,
)
from custom_components.protect_narrator.pipeline.models import Label, Medium, Policy


def entry_with(**options: object) -> MockConfigEntry:
    return MockConfigEntry(domain=DOMAIN, options=options)


def test_an_entry_without_options_has_the_products_defaults(hass: HomeAssistant) -> None:
    entry = entry_with()
    assert policy_from(hass, entry) == Policy(
        language=hass.config.language, time_zone=dt_util.get_default_time_zone()
    )
    assert longest_open_from(entry) == timedelta(seconds=60)
    assert reconcile_interval_from(entry) == timedelta(minutes=5)


def test_the_forms_own_defaults_mean_the_products_defaults(hass: HomeAssistant) -> None:
    entry = entry_with(**{option.key: option.default for option in NUMBER_OPTIONS})
    assert policy_from(hass, entry) == Policy(
        language=hass.config.language, time_zone=dt_util.get_default_time_zone()
    )


def test_every_choice_reaches_the_policy(hass: HomeAssistant) -> None:
    entry = entry_with(
        agent_id="ai_task.gemini",
        cameras=["c1", "c2"],
        labels=["motion", "person"],
        language="de",
        clip_before=1,
        clip_after=0.5,
        clip_longest=30,
        settle=0.01,
        clip_deadline=2,
        clip_max_mb=5,
        longest_open=0.2,
        describe_timeout=7,
        frame_count=9.0,
        show="clip",
        reconcile_interval=0.05,
        merge_gap=8,
        cooldown=30,
        first_words=True,
        house_notes="the white van is ours",
        instruction="mind the gate",
        importance_guide="parcels",
        calls_per_day=100,
        calls_per_camera=20,
        ai_at_once=3,
        learn_settle=False,
    )
    assert policy_from(hass, entry) == Policy(
        cameras=frozenset({"c1", "c2"}),
        labels=frozenset({Label.MOTION, Label.PERSON}),
        clip_before=timedelta(seconds=1),
        clip_after=timedelta(seconds=0.5),
        clip_longest=timedelta(seconds=30),
        settle=timedelta(seconds=0.01),
        clip_deadline=timedelta(seconds=2),
        clip_max_bytes=5 * 1024 * 1024,
        frame_count=9,
        show=Medium.CLIP,
        agent_id="ai_task.gemini",
        describe_timeout=timedelta(seconds=7),
        language="de",
        time_zone=dt_util.get_default_time_zone(),
        house_notes="the white van is ours",
        instruction="mind the gate",
        importance_guide="parcels",
        cooldown=timedelta(seconds=30),
        first_words=True,
        calls_per_day=100,
        calls_per_camera=20,
        ai_at_once=3,
        learn_settle=False,
    )
    assert merge_gap_from(entry) == timedelta(seconds=8)
    assert longest_open_from(entry) == timedelta(seconds=0.2)
    assert reconcile_interval_from(entry) == timedelta(seconds=0.05)


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("automatic", None),
        ("clip", Medium.CLIP),
        ("frames", Medium.FRAMES),
        ("snapshot", Medium.SNAPSHOT),
    ],
)
def test_what_is_shown_is_decided_by_the_agent_unless_the_user_does(
    hass: HomeAssistant, stored: str, shown: Medium | None
) -> None:
    assert policy_from(hass, entry_with(show=stored)).show is shown


def test_every_default_lies_within_the_forms_bounds() -> None:
    for option in NUMBER_OPTIONS:
        assert option.minimum <= option.default <= option.maximum, option.key
