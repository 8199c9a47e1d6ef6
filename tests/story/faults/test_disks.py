"""A disk that takes nothing costs the pictures, not the Sighting, and keeps none of them."""

from collections.abc import Callable, Iterator
import shutil
import subprocess

import pytest

from custom_components.protect_narrator import archive
from simulator.console import Reply
from tests.fake_agents import GOOD_ANSWER
from tests.waiting import until

from .disks import (
    DISKS,
    FOLDER_GONE,
    HANGS,
    READ_ONLY_DISK,
    SMALL_DISK,
    TAKEN_FROM_AI,
    hangs,
)
from .fault import Fault
from .playing import heals, is_told_and_heals, is_well
from .stage import SHORTEST, Stage
from .telling import Notebook


@pytest.mark.parametrize("fault", DISKS, ids=lambda fault: fault.slug)
async def test_a_disk_that_fails_is_told_of(stage: Stage, fault: Fault) -> None:
    await stage.begin(fault.options)
    await is_told_and_heals(fault, stage)


@pytest.fixture
def mounted(stage: Stage) -> Iterator[Callable[[str], None]]:
    """A tmpfs of 1 MB on the media folder; the function mounts it again with other options."""
    media = stage.home.media

    def mount(options: str) -> None:
        made = subprocess.run(  # noqa: S603 - fixed words
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(media)],  # noqa: S607 - wherever it is
            capture_output=True,
            check=False,
        )
        if made.returncode:
            pytest.skip(f"no disk can be mounted here: {made.stderr.decode().strip()}")

    mount("size=1m")
    yield mount
    subprocess.run(["umount", "-l", str(media)], check=True)  # noqa: S603, S607 - as above


@pytest.mark.parametrize(
    ("fault", "options"),
    [(SMALL_DISK, "remount,size=16k"), (READ_ONLY_DISK, "remount,ro")],
    ids=lambda value: value.slug if isinstance(value, Fault) else "",
)
async def test_what_the_kernel_refuses_is_told_of(
    stage: Stage,
    mounted: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
    fault: Fault,
    options: str,
) -> None:
    monkeypatch.setattr(archive, "RESERVED_BYTES", 0)
    notebook = Notebook(fault)
    await stage.begin()
    mounted(options)
    told, beside = await stage.see(stage.camera, stage.neighbour)
    for each in (told, beside):
        assert (each["medium"], tuple(each["fallbacks"])) == (fault.medium, fault.fallbacks)
    seen = stage.look()
    mounted("remount,rw,size=1m")
    await heals(stage, notebook, told, beside, seen=seen)


async def test_a_disk_that_hangs_costs_the_pictures_and_is_cleared_when_it_is_back(
    stage: Stage,
) -> None:
    notebook = Notebook(HANGS)
    await stage.begin()
    hangs(stage)
    told, beside = await stage.see(stage.camera, stage.neighbour)
    for each in (told, beside):
        assert (each["medium"], tuple(each["fallbacks"])) == (HANGS.medium, HANGS.fallbacks)
    assert stage.home.files_left() != []
    await heals(stage, notebook, told, beside)


async def test_a_disk_that_hangs_does_not_keep_an_entry_loaded(stage: Stage) -> None:
    await stage.begin()
    hanging = hangs(stage)
    await stage.home.see(stage.camera)
    await until(hanging.is_set)

    await stage.home.unload()

    await stage.console.wait_for(lambda: stage.console.open_websockets == 0)
    stage.mend()


async def test_a_folder_that_goes_in_a_download_is_made_anew_for_the_next(stage: Stage) -> None:
    notebook = Notebook(FOLDER_GONE)
    await stage.begin(SHORTEST)
    home = stage.home
    home.console.faults.export = {stage.camera.id: [Reply.hang_in_body()]}
    event_id = await home.see(stage.camera)
    await until(lambda: any(path.suffix == ".part" for path in home.files_left()))
    await home.hass.async_add_executor_job(shutil.rmtree, home.media)
    (told,) = await stage.sightings_of({stage.camera.id: event_id})

    assert (told["medium"], tuple(told["fallbacks"])) == ("none", FOLDER_GONE.fallbacks)
    await heals(stage, notebook, told)


async def test_pictures_that_go_while_the_ai_looks_cost_nothing(stage: Stage) -> None:
    notebook = Notebook(TAKEN_FROM_AI)
    await stage.begin()

    def tidy_up() -> object:
        for folder in {path.parent for path in stage.agent.asked[-1].paths}:
            shutil.rmtree(folder)
        return GOOD_ANSWER

    stage.agent.answer = tidy_up
    told, beside = await stage.see(stage.camera, stage.neighbour)
    is_well(told, beside)
    await heals(stage, notebook, told, beside)
