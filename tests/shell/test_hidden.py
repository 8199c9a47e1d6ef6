"""What is hidden stays so: it is on disk, or it is said that it is not."""

from datetime import UTC, datetime
from math import isfinite
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.storage import Store
from hypothesis import given, strategies as st
import pytest

from custom_components.protect_narrator.checked_store import CheckedStore, NotWrittenError
from custom_components.protect_narrator.hidden import (
    HiddenUnavailableError,
    _starts,
    async_hidden,
    hidden_ids,
)

NOW = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)
KEY = "protect_narrator.hidden"


def file(content: object) -> dict[str, Any]:
    return {"version": 1, "minor_version": 1, "key": KEY, "data": content}


async def test_what_is_hidden_is_on_disk_when_it_is_said(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    hidden = await async_hidden(hass)

    await hidden.async_hide("a", NOW)
    await hidden.async_hide("a", NOW)

    assert hass_storage[KEY]["data"] == {"hidden": {"a": NOW.timestamp()}}
    assert hidden_ids(hass) == hidden.ids == {"a"}
    await hidden.async_forget({"a", "b"})
    assert hass_storage[KEY]["data"] == {"hidden": {}}
    assert hidden_ids(hass) == frozenset()


async def test_what_the_disk_does_not_take_is_not_hidden(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden = await async_hidden(hass)

    async def full(_store: object, _content: object) -> bool:
        raise NotWrittenError("no space left")

    monkeypatch.setattr(CheckedStore, "async_put", full)
    with pytest.raises(HiddenUnavailableError):
        await hidden.async_hide("a", NOW)

    assert hidden_ids(hass) == frozenset()


async def test_a_disk_that_does_not_answer_is_asked_again(
    hass: HomeAssistant, hass_storage: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    hass_storage[KEY] = file({"hidden": {"a": 1.0}})

    async def broken(_store: object) -> None:
        raise HomeAssistantError("cannot be opened")

    with monkeypatch.context() as patched:
        patched.setattr(Store, "async_load", broken)
        with pytest.raises(HiddenUnavailableError):
            await async_hidden(hass)

    assert (await async_hidden(hass)).ids == {"a"}


@pytest.mark.parametrize(
    ("content", "ids"),
    [
        ({"hidden": {"a": 1.0, "b": "yesterday", "c": True, "d": None}}, {"a", "b", "c", "d"}),
        ({"hidden": ["a"]}, set()),
        ({}, set()),
        (["a"], set()),
    ],
    ids=["a time", "a list", "nothing", "no mapping"],
)
async def test_of_a_damaged_file_is_read_what_can_be(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
    content: object,
    ids: set[str],
) -> None:
    hass_storage[KEY] = file(content)

    hidden = await async_hidden(hass)

    assert hidden.ids == ids
    assert ("shown again" in caplog.text) is not bool(ids)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.just("hidden") | st.text(), inner),
    )
)
def test_whatever_the_file_holds_it_is_read(content: object) -> None:
    hidden = content.get("hidden") if isinstance(content, dict) else None
    starts = _starts(content)
    assert starts.keys() == (hidden.keys() if isinstance(hidden, dict) else set())
    assert all(map(isfinite, starts.values()))
