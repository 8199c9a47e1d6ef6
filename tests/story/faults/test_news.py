"""However Protect words it: what happened is told once, and as what it was."""

from datetime import timedelta

import pytest

from custom_components.protect_narrator.const import CONF_LONGEST_OPEN, CONF_MERGE_GAP
from simulator.console import Reply
from tests.waiting import until

from .fault import Fault
from .news import (
    LATE_END,
    LATE_PLATE,
    NEWS,
    ONE_VISIT,
    PACKAGE,
    REMOVED,
    RENAMED,
    SAME_ID,
)
from .playing import heals, is_told_and_heals, is_well
from .stage import SHORTEST, Stage
from .telling import Notebook

TWO_SECONDS = timedelta(seconds=2)


@pytest.mark.parametrize("fault", NEWS, ids=lambda fault: fault.slug)
async def test_what_is_told_in_an_odd_way_is_told_once(stage: Stage, fault: Fault) -> None:
    await stage.begin(fault.options)
    await is_told_and_heals(fault, stage)


async def test_an_end_that_comes_after_we_gave_up_on_it_makes_no_second_sighting(
    stage: Stage,
) -> None:
    notebook = Notebook(LATE_END)
    await stage.begin({CONF_LONGEST_OPEN: 1})
    event_id = await stage.console.start_detection(stage.camera.id)
    (told,) = await stage.sightings_of({stage.camera.id: event_id})
    assert told["end_estimated"] is True
    is_well(told)

    await stage.console.end_detection(event_id)
    await heals(stage, notebook, told)


async def test_a_package_that_is_told_when_it_is_over_is_one_sighting(stage: Stage) -> None:
    notebook = Notebook(PACKAGE)
    await stage.begin()
    event_id = await stage.console.package(stage.camera.id)
    beside = await stage.home.see(stage.neighbour)
    told, other = await stage.sightings_of({stage.camera.id: event_id, stage.neighbour.id: beside})
    assert told["labels"] == ["package"]
    assert (told["medium"], told["fallbacks"], told["late"]) == ("frames", [], False)
    await heals(stage, notebook, told, other)


@pytest.mark.parametrize("fault", [ONE_VISIT, SAME_ID], ids=lambda fault: fault.slug)
async def test_one_visit_is_one_sighting_and_blinds_no_camera(stage: Stage, fault: Fault) -> None:
    notebook = Notebook(fault)
    await stage.begin({CONF_MERGE_GAP: 1})
    camera, console = stage.camera, stage.console
    end = console.now()
    stage.home.film.walk(camera.name, "red", end - TWO_SECONDS, end)
    event_id: str | None = None
    ids = []
    for kind in ("smartDetectZone", "smartDetectLine", "smartDetectLoiterZone"):
        again = event_id if fault is SAME_ID else None
        event_id = await console.start_detection(
            camera.id, ("person",), end - TWO_SECONDS, event_type=kind, event_id=again
        )
        ids.append(event_id)
    for each in dict.fromkeys(ids):
        await console.end_detection(each, end)
    beside = await stage.home.see(stage.neighbour)
    told, other = await stage.sightings_of({camera.id: ids[0], stage.neighbour.id: beside})

    assert told["protect_event_ids"] == list(dict.fromkeys(ids))
    is_well(told, other)
    await heals(stage, notebook, told, other)


async def test_a_plate_that_is_read_after_the_end_is_in_the_sighting(stage: Stage) -> None:
    notebook = Notebook(LATE_PLATE)
    await stage.begin()
    console, camera = stage.console, stage.camera
    event_id = await console.detect(camera.id, ("vehicle",))
    await console.update_detection(event_id, license_plate="B PN 42")
    (told,) = await stage.sightings_of({camera.id: event_id})

    assert told["license_plates"] == ["B PN 42"]
    await heals(stage, notebook, told, also=["the plate is in the Sighting"])


async def test_a_camera_that_is_removed_meanwhile_still_has_its_sighting(stage: Stage) -> None:
    notebook = Notebook(REMOVED)
    await stage.begin(SHORTEST)
    console, camera = stage.console, stage.camera
    console.faults.export = {camera.id: [Reply.hang()]}
    event_id = await console.detect(camera.id)
    await console.wait_for(lambda: console.exports_running > 0)
    beside = await stage.home.see(stage.neighbour)
    await console.remove_camera(camera.id)
    told, other = await stage.sightings_of({camera.id: event_id, stage.neighbour.id: beside})

    assert told["fallback_reason"] == "clip_download_failed"
    assert told["title"] == f"Person at {camera.name}"
    is_well(other)
    await until(stage.is_unavailable)
    seen = stage.look()
    await console.add_camera(camera)
    await until(lambda: not stage.is_unavailable())
    await heals(stage, notebook, told, other, seen=seen)


async def test_a_camera_that_is_renamed_meanwhile_is_told_by_a_name_it_had(
    stage: Stage,
) -> None:
    notebook = Notebook(RENAMED)
    await stage.begin()
    console, camera = stage.console, stage.camera
    start = console.now() - TWO_SECONDS
    stage.home.film.walk("Gate", "red", start, console.now())
    event_id = await console.start_detection(camera.id, start=start)
    await console.rename_camera(camera.id, "Gate")
    await console.end_detection(event_id)
    beside = await stage.home.see(stage.neighbour)
    told, other = await stage.sightings_of({camera.id: event_id, stage.neighbour.id: beside})

    assert told["camera_name"] == "Gate"
    is_well(told)
    await heals(stage, notebook, told, other, also=["the new name is in the Sighting"])
