"""The user's own words on their way into the prompt, and what a broken one costs: only itself."""

from types import MappingProxyType

from homeassistant.config_entries import ConfigSubentry
from homeassistant.helpers import issue_registry as ir

from custom_components.protect_narrator.const import (
    CONF_FRAME_COUNT,
    CONF_HOUSE_NOTES,
    CONF_INSTRUCTION,
    DOMAIN,
    SUBENTRY_CAMERA,
)
from tests.fake_agents import FakeTaskEntity

from .conftest import Home


def issue_keys(home: Home) -> list[str | None]:
    issues = ir.async_get(home.hass).issues.values()
    return [issue.translation_key for issue in issues if issue.domain == DOMAIN]


async def test_a_template_is_told_to_the_agent_as_what_it_says(
    home: Home, agent: FakeTaskEntity
) -> None:
    home.hass.states.async_set("person.ada", "not_home")
    await home.set_up(
        agent,
        {
            CONF_HOUSE_NOTES: "Ada is {{ states('person.ada') }}.",
            CONF_INSTRUCTION: "It is about {{ camera }}.",
        },
    )

    await home.see(home.console.cameras[1])
    await home.next_sighting()

    assert "Ada is not_home.\n" in agent.asked[0].text
    assert "It is about Camera 1.\n" in agent.asked[0].text
    assert issue_keys(home) == []


async def test_a_broken_template_costs_only_itself_until_it_is_mended(
    home: Home, agent: FakeTaskEntity
) -> None:
    await home.set_up(
        agent, {CONF_HOUSE_NOTES: "{{ vans }} ours", CONF_INSTRUCTION: "Mind the gate."}
    )

    await home.see(home.console.cameras[1])
    sighting = await home.next_sighting()

    assert sighting["fallback_reason"] is None
    assert sighting["title"] == "A courier rings"
    assert "About this home" not in agent.asked[0].text
    assert "Mind the gate." in agent.asked[0].text
    assert issue_keys(home) == ["broken_house_notes"]

    await home.unload()
    assert issue_keys(home) == []

    await home.start()
    await home.see(home.console.cameras[2])
    await home.next_sighting()
    assert issue_keys(home) == ["broken_house_notes"]

    options = {**home.entry.options, CONF_HOUSE_NOTES: "The vans are ours."}
    home.hass.config_entries.async_update_entry(home.entry, options=options)
    await home.see(home.console.cameras[3])
    await home.next_sighting()

    assert "The vans are ours." in agent.asked[2].text
    assert issue_keys(home) == []


async def test_a_cameras_broken_text_is_no_issue_once_it_is_mended_or_gone(
    home: Home, agent: FakeTaskEntity
) -> None:
    await home.set_up(agent, {})
    entries = home.hass.config_entries
    profiles = [
        ConfigSubentry(
            data=MappingProxyType({CONF_INSTRUCTION: "{{ vans }}"}),
            subentry_type=SUBENTRY_CAMERA,
            title=camera.name,
            unique_id=camera.mac,
        )
        for camera in home.console.cameras[1:3]
    ]
    for profile, camera in zip(profiles, home.console.cameras[1:3], strict=True):
        entries.async_add_subentry(home.entry, profile)
        await home.see(camera)
        await home.next_sighting()
    broken = ["broken_instruction"] * 2
    assert issue_keys(home) == broken

    mended, gone = profiles
    still_broken = {**mended.data, CONF_FRAME_COUNT: 1}
    entries.async_update_subentry(home.entry, mended, data=still_broken)
    assert issue_keys(home) == broken

    data = {CONF_INSTRUCTION: "Mind the vans."}
    entries.async_update_subentry(home.entry, mended, data=data)
    assert issue_keys(home) == broken[:1]

    entries.async_remove_subentry(home.entry, gone.subentry_id)
    assert issue_keys(home) == []
