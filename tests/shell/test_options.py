"""What the user chose reaches the pipeline; what was left alone is the product's default.

At a camera with a profile, what was left alone there is as for the whole console.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from homeassistant.config_entries import ConfigSubentryData
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
)

from custom_components.protect_narrator.const import DOMAIN, SUBENTRY_CAMERA
from custom_components.protect_narrator.options import (
    NUMBER_OPTIONS,
    PROFILE_OPTIONS,
    catch_up_from,
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
    assert catch_up_from(entry) == timedelta(hours=6)


def test_the_forms_own_defaults_mean_the_products_defaults(hass: HomeAssistant) -> None:
    entry = entry_with(**{option.key: option.default for option in NUMBER_OPTIONS})
    assert policy_from(hass, entry) == Policy(
        language=hass.config.language, time_zone=dt_util.get_default_time_zone()
    )


@pytest.mark.parametrize(
    ("stored", "meant"),
    [
        (["person", "dragon"], frozenset({Label.PERSON})),
        (["dragon"], Policy().labels),
        ([], frozenset()),
    ],
)
def test_choices_of_a_later_version_count_for_nothing(
    hass: HomeAssistant, stored: list[str], meant: frozenset[Label]
) -> None:
    policy = policy_from(hass, entry_with(labels=stored, show="hologram"))
    assert (policy.labels, policy.show) == (meant, None)


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
        catch_up=24,
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
    assert catch_up_from(entry) == timedelta(hours=24)


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


PROFILE = {
    "instruction": "mind the gate",
    "importance_guide": "an open gate",
    "labels": ["vehicle"],
    "agent_id": "ai_task.at_home",
    "show": "snapshot",
    "first_words": True,
    "frame_count": 2.0,
    "cooldown": 0.0,
    "calls_per_camera": 9.0,
}
CONSOLE = {
    "cooldown": 30,
    "calls_per_camera": 20,
    "calls_per_day": 100,
    "house_notes": "the white van is ours",
    "importance_guide": "parcels",
    "agent_id": "ai_task.cloud",
    "show": "clip",
}


def entry_with_profile(
    data: dict[str, Any], kind: str = SUBENTRY_CAMERA, mac: str = "c1"
) -> MockConfigEntry:
    profile = ConfigSubentryData(data=data, subentry_type=kind, title="Gate", unique_id=mac)
    return MockConfigEntry(domain=DOMAIN, options=CONSOLE, subentries_data=[profile])


def test_the_test_s_profile_has_every_option_that_can_differ() -> None:
    assert PROFILE.keys() == set(PROFILE_OPTIONS)


def test_a_profile_counts_at_its_own_camera(hass: HomeAssistant) -> None:
    entry = entry_with_profile(PROFILE)
    plain = policy_from(hass, entry)
    assert policy_from(hass, entry, "c1") == replace(
        plain,
        instruction="mind the gate",
        importance_guide="an open gate",
        labels=frozenset({Label.VEHICLE}),
        agent_id="ai_task.at_home",
        show=Medium.SNAPSHOT,
        first_words=True,
        frame_count=2,
        cooldown=timedelta(0),
        calls_per_camera=9,
    )
    assert policy_from(hass, entry, "c2") == plain
    assert plain == policy_from(hass, entry_with(**CONSOLE))


@pytest.mark.parametrize("key", PROFILE_OPTIONS)
def test_what_a_profile_leaves_alone_is_as_for_the_whole_console(
    hass: HomeAssistant, key: str
) -> None:
    others = {name: value for name, value in PROFILE.items() if name != key}
    policy = policy_from(hass, entry_with_profile(others), "c1")
    plain = policy_from(hass, entry_with(**CONSOLE))
    assert getattr(policy, key) == getattr(plain, key)


def test_no_agent_in_a_profile_is_the_preferred_one(hass: HomeAssistant) -> None:
    entry = entry_with_profile({"agent_id": "", "show": "automatic", "first_words": False})
    policy = policy_from(hass, entry, "c1")
    assert (policy.agent_id, policy.show, policy.first_words) == (None, None, False)


def test_what_is_the_whole_console_s_cannot_differ_at_a_camera(hass: HomeAssistant) -> None:
    entry = entry_with_profile({"calls_per_day": 1, "cameras": ["c2"], "ai_at_once": 8})
    assert policy_from(hass, entry, "c1") == policy_from(hass, entry)


def test_a_subentry_of_another_kind_is_no_profile(hass: HomeAssistant) -> None:
    entry = entry_with_profile(PROFILE, kind="other")
    assert policy_from(hass, entry, "c1") == policy_from(hass, entry)


def test_the_profile_of_a_camera_that_is_gone_does_nothing(hass: HomeAssistant) -> None:
    entry = entry_with_profile(PROFILE, mac="gone")
    plain = policy_from(hass, entry_with(**CONSOLE))
    for mac in (None, "c1", "c2"):
        assert policy_from(hass, entry, mac) == plain


def test_every_default_lies_within_the_forms_bounds() -> None:
    for option in NUMBER_OPTIONS:
        assert option.minimum <= option.default <= option.maximum, option.key
