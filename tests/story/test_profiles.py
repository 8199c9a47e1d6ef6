"""Cameras of one home that differ: what is described, by whom, from how much, in which words."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import Platform

from custom_components.protect_narrator.const import (
    CONF_AGENT_ID,
    CONF_COOLDOWN,
    CONF_FRAME_COUNT,
    CONF_INSTRUCTION,
    CONF_LABELS,
    CONF_SHOW,
    SUBENTRY_CAMERA,
)
from custom_components.protect_narrator.options import policy_from
from simulator.console import Camera
from tests.fake_agents import FakeTaskEntity, add_agents
from tests.waiting import until

from .conftest import Home

# Told, so that it does not depend on what the agent takes.
FRAMES = {CONF_SHOW: "frames"}


def add_profile(home: Home, camera: Camera, data: Mapping[str, Any]) -> ConfigSubentry:
    """Add a profile as its flow does."""
    profile = ConfigSubentry(
        data=MappingProxyType(dict(data)),
        subentry_type=SUBENTRY_CAMERA,
        title=camera.name,
        unique_id=camera.mac,
    )
    home.hass.config_entries.async_add_subentry(home.entry, profile)
    return profile


async def test_two_cameras_of_one_home_are_described_differently(home: Home) -> None:
    house, gatekeeper = FakeTaskEntity("House"), FakeTaskEntity("Gatekeeper")
    await add_agents(home.hass, house, gatekeeper)
    await home.set_up(house, FRAMES)
    _, gate, garden, _ = home.console.cameras
    add_profile(home, gate, {CONF_AGENT_ID: gatekeeper.entity_id, CONF_FRAME_COUNT: 1})

    await home.see(gate)
    of_gate = await home.next_sighting()
    await home.see(garden)
    of_garden = await home.next_sighting()

    (asked_at_gate,), (asked_at_garden,) = gatekeeper.asked, house.asked
    assert of_gate["agent_id"] == gatekeeper.entity_id
    assert of_garden["agent_id"] == house.entity_id
    assert len(asked_at_gate.attachments) == of_gate["frame_count"] == 1
    assert len(asked_at_garden.attachments) == of_garden["frame_count"] > 1


async def test_an_instruction_is_told_at_its_own_camera(home: Home, agent: FakeTaskEntity) -> None:
    await home.set_up(agent, FRAMES)
    _, gate, garden, _ = home.console.cameras
    at_gate, at_garden = "Tell whether the gate is open.", "The hens are ours."
    add_profile(home, gate, {CONF_INSTRUCTION: at_gate})
    add_profile(home, garden, {CONF_INSTRUCTION: at_garden})

    for camera in (gate, garden):
        await home.see(camera)
        await home.next_sighting()

    of_gate, of_garden = (asked.text for asked in agent.asked)
    assert at_gate in of_gate
    assert at_garden not in of_gate
    assert at_garden in of_garden
    assert at_gate not in of_garden


async def test_what_is_described_differs_by_camera(home: Home, agent: FakeTaskEntity) -> None:
    await home.set_up(agent)
    _, street, garden, _ = home.console.cameras
    add_profile(home, street, {CONF_LABELS: ["vehicle"]})

    await home.see(street)
    event_id = await home.see(garden)

    assert (await home.next_sighting())["protect_event_id"] == event_id
    skipped = home.entry.runtime_data.coordinator.today.skipped
    assert skipped == 1


async def test_what_is_shown_differs_by_camera(home: Home, agent: FakeTaskEntity) -> None:
    await home.set_up(agent, FRAMES)
    _, street, garden, _ = home.console.cameras
    add_profile(home, street, {CONF_SHOW: "clip"})

    await home.see(street)
    assert (await home.next_sighting())["medium"] == "clip"
    await home.see(garden)
    assert (await home.next_sighting())["medium"] == "frames"


async def test_a_changed_profile_counts_from_the_next_detection_without_a_reload(
    home: Home, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent, FRAMES)
    runtime = home.entry.runtime_data
    camera = home.console.cameras[1]
    described = home.state(Platform.EVENT, "sighting", camera)

    await home.see(camera)
    assert (await home.next_sighting())["frame_count"] > 1

    profile = add_profile(home, camera, {CONF_FRAME_COUNT: 1})
    await home.see(camera)
    assert (await home.next_sighting())["frame_count"] == 1

    manager = home.hass.config_entries
    manager.async_update_subentry(home.entry, profile, data={CONF_COOLDOWN: 7})
    policy = policy_from(home.hass, home.entry, camera.mac)
    assert policy.cooldown.total_seconds() == 7
    assert policy_from(home.hass, home.entry).cooldown.total_seconds() == 0
    await home.see(camera)
    await until(lambda: runtime.coordinator.data.today.skipped == 1)

    manager.async_update_subentry(home.entry, profile, data={})
    await home.see(camera)
    assert (await home.next_sighting())["frame_count"] > 1

    manager.async_remove_subentry(home.entry, profile.subentry_id)
    assert home.entry.runtime_data is runtime
    assert home.state(Platform.EVENT, "sighting", camera).entity_id == described.entity_id


async def test_a_profile_whose_camera_is_gone_stays_and_does_nothing(
    home: Home, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent, FRAMES)
    gone, left = home.console.cameras[1:3]
    profile = add_profile(home, gone, {CONF_FRAME_COUNT: 1})
    coordinator = home.entry.runtime_data.coordinator
    await home.console.remove_camera(gone.id)
    await until(lambda: gone.mac not in coordinator.data.cameras)

    await home.see(left)

    assert (await home.next_sighting())["frame_count"] > 1
    assert home.entry.subentries == {profile.subentry_id: profile}
