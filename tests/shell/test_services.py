"""The actions where there is nothing to act on."""

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.setup import async_setup_component
import probatio
import pytest

from custom_components.protect_narrator.const import DOMAIN


@pytest.fixture(autouse=True)
async def _set_up(hass: HomeAssistant) -> None:
    """Load the integration with no console, and no recorder."""
    assert await async_setup_component(hass, "homeassistant", {})
    assert await async_setup_component(hass, DOMAIN, {})


async def call(hass: HomeAssistant, action: str, **data: object) -> None:
    await hass.services.async_call(DOMAIN, action, data, blocking=True)


async def test_without_a_console_no_camera_is_known(hass: HomeAssistant) -> None:
    with pytest.raises(ServiceValidationError) as caught:
        await call(hass, "describe_now", entity_id="camera.front_door")

    assert caught.value.translation_key == "camera_not_found"


async def test_without_the_recorder_no_sighting_can_be_looked_up(hass: HomeAssistant) -> None:
    with pytest.raises(ServiceValidationError) as caught:
        await call(hass, "describe_again", sighting_id="0" * 32)

    assert caught.value.translation_key == "history_unavailable"


@pytest.mark.parametrize("seconds", [0, 301, "a while"])
async def test_a_stretch_that_makes_no_clip_is_refused(
    hass: HomeAssistant, seconds: object
) -> None:
    with pytest.raises(probatio.Invalid):
        await call(hass, "describe_now", entity_id="camera.front_door", seconds=seconds)
