"""What the stories about asking for Sightings share."""

from typing import Any

from homeassistant.auth.models import Group
from homeassistant.const import Platform
from homeassistant.core import Context, HomeAssistant
from pytest_homeassistant_custom_component.common import MockUser, mock_storage

from custom_components.protect_narrator.const import DOMAIN

from .conftest import Home


async def call(
    hass: HomeAssistant, action: str, user: MockUser | None = None, **data: object
) -> dict[str, Any]:
    """Call an action of ours that answers, and return its answer."""
    answer = await hass.services.async_call(
        DOMAIN,
        action,
        data,
        blocking=True,
        return_response=True,
        context=Context(user_id=user.id) if user else None,
    )
    assert isinstance(answer, dict)
    return answer


async def delete(hass: HomeAssistant, sighting_id: str, user: MockUser | None = None) -> None:
    """Delete a Sighting."""
    await hass.services.async_call(
        DOMAIN,
        "delete_sighting",
        {"sighting_id": sighting_id},
        blocking=True,
        context=Context(user_id=user.id) if user else None,
    )


def user_who(hass: HomeAssistant, policy: dict[str, Any]) -> MockUser:
    """Return a new user whose only group has this policy."""
    mock_storage()
    name = f"group {len(hass.auth._store._users)}"
    return MockUser(groups=[Group(name, policy, id=name)]).add_to_hass(hass)


def reading(*entity_ids: str) -> dict[str, Any]:
    """Return the policy of who may read these entities alone."""
    return {"entities": {"entity_ids": {each: {"read": True} for each in entity_ids}}}


def sensor_of(home: Home, number: int) -> str:
    """Return the sensor by which the camera with that number is allowed."""
    return home.entity_id(Platform.SENSOR, "last_sighting", home.console.cameras[number].mac)


async def seen(home: Home, *numbers: int) -> list[dict[str, Any]]:
    """Let somebody walk past each of these cameras in turn; return the Sightings."""
    sightings = []
    for number in numbers:
        await home.see(home.console.cameras[number], seconds=1)
        sightings.append(await home.next_sighting())
    return sightings
