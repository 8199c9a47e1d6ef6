"""What was told is read back where there is somebody who has written it down."""

from datetime import UTC, datetime

from homeassistant.core import HomeAssistant

from custom_components.protect_narrator.history import async_told_since


async def test_without_a_recorder_nothing_was_told(hass: HomeAssistant) -> None:
    assert await async_told_since(hass, datetime(2026, 1, 1, tzinfo=UTC)) == frozenset()
