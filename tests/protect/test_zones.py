"""Areas of the picture are called what their owner calls them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.protect_narrator.protect.zones import zone_names, zones_from_rest

from .helpers import OFTEN, linked, looked, looked_so_far
from .listing import ListingConsole


def area(number: object, name: object) -> dict[str, Any]:
    return {"id": number, "name": name, "points": []}


def test_each_type_of_event_has_areas_of_its_own() -> None:
    zones = zones_from_rest(
        {
            "smartDetectZones": [area(1, "Porch"), area(2, " Drive\n way ")],
            "smartDetectLines": [area(1, "Fence")],
            "smartDetectLoiterZones": [area(1, "Gate")],
        }
    )
    assert zone_names(zones, "smartDetectZone", [2, 1]) == ("Drive way", "Porch")
    assert zone_names(zones, "smartDetectLine", [1, 2]) == ("Fence",)
    assert zone_names(zones, "smartDetectLoiterZone", [1]) == ("Gate",)
    assert zone_names(zones, "motion", [1]) == ()


@pytest.mark.parametrize(
    "areas",
    [
        None,
        "zones",
        [None, 5, []],
        [area("1", "Porch")],
        [area(1, None)],
        [area(1, "\x00")],
        # The whole picture, as Protect itself calls it.
        [area(1, "Default")],
    ],
)
def test_what_has_no_name_of_its_owner_is_left_out(areas: object) -> None:
    zones = zones_from_rest({"smartDetectZones": areas})
    assert zone_names(zones, "smartDetectZone", [1]) == ()


def test_there_are_only_so_many_areas_and_letters() -> None:
    zones = zones_from_rest({"smartDetectZones": [area(n, f"{n} " + "a" * 99) for n in range(99)]})
    named = zone_names(zones, "smartDetectZone", range(99))
    assert len(named) == 32
    assert {len(name) for name in named} == {40}


@given(st.recursive(st.none() | st.integers() | st.text(), st.lists, max_leaves=5))
def test_no_rubbish_raises(raw: object) -> None:
    zones = zones_from_rest({"smartDetectZones": raw, "smartDetectLines": [raw, {"id": raw}]})
    assert zone_names(zones, "smartDetectZone", [1]) == ()


async def test_a_detection_tells_in_which_zone_and_when_it_was_seen_best(
    console: ListingConsole, tmp_path: Path
) -> None:
    door, yard, _ = console.cameras
    porch = replace(door, zones=("Default", "Porch"), loiter_zones=("Gate",))
    console.become(porch, yard)
    async with linked(console, tmp_path) as link:
        heard = await link.start(console)
        await looked_so_far(console, 1)
        event_id = await console.start_detection(porch.id)
        await console.update_detection(event_id, zones=(1, 2))
        await console.detect(yard.id)
        loiter = await console.detect(porch.id, event_type="smartDetectLoiterZone")
        await console.end_detection(event_id)
        await heard.some(3)
        told = {detection.event_ids[0]: detection for detection in heard.detections}
    assert told[event_id].zones == ("Porch",)
    assert told[loiter].zones == ("Gate",)
    assert {len(each.zones) for each in told.values() if each.camera_id == yard.id} == {0}
    (view,) = told[loiter].best_views
    assert view - told[loiter].start < told[loiter].end - told[loiter].start
    assert view > told[loiter].start


async def test_a_zone_that_is_named_later_is_known_when_the_console_is_asked_again(
    console: ListingConsole, tmp_path: Path
) -> None:
    door, *others = console.cameras
    async with linked(console, tmp_path, reconcile_every=OFTEN) as link:
        heard = await link.start(console)
        await console.detect(door.id)
        (detection,) = await heard.some()
        assert detection.zones == ()
        console.become(replace(door, zones=("Porch",)), *others)
        await looked(console, 2)
        assert (await link.connection.media.refresh(detection)).zones == ("Porch",)
