"""While the file of what was deleted is damaged nothing is shown, until a home has mended it."""

import asyncio
import json
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
import pytest

from custom_components.protect_narrator.hidden import (
    HIDDEN_FILE,
    HiddenDamagedError,
    async_hidden,
    is_hidden_known,
)

SOUND = {"version": 1, "minor_version": 1, "key": HIDDEN_FILE, "data": {"hidden": {"a": 1.0}}}


@pytest.fixture
def hass_storage() -> dict[str, Any]:
    """Let Home Assistant keep its files on a real disk, in this test's own folder."""
    return {}


@pytest.fixture
def file(hass: HomeAssistant) -> Path:
    """Where it is, on a real disk."""
    path = Path(hass.config.path(".storage", HIDDEN_FILE))
    path.parent.mkdir(exist_ok=True)
    return path


async def write(file: Path, content: object) -> None:
    await asyncio.to_thread(file.write_text, json.dumps(content))


@pytest.mark.parametrize(
    "content",
    [
        [],
        7,
        {"data": {}},
        {"version": 1},
        *(SOUND | {"version": version} for version in (0, -1, False, 0.5, "one", None)),
        SOUND | {"version": 2},
    ],
    ids=lambda content: repr(content)[:30],
)
async def test_what_is_damaged_or_of_a_later_version_is_left_for_somebody_to_mend(
    hass: HomeAssistant, file: Path, content: object
) -> None:
    await write(file, content)

    with pytest.raises(HiddenDamagedError):
        await async_hidden(hass)
    assert not is_hidden_known(hass)
    assert json.loads(await asyncio.to_thread(file.read_text)) == content
    await write(file, SOUND)

    assert (await async_hidden(hass)).ids == {"a"}
