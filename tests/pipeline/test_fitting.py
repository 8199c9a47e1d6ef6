"""A clip within an agent's limits: as it is, cut, or not at all."""

from datetime import timedelta
from pathlib import Path

import pytest

from custom_components.protect_narrator.pipeline import fitting
from custom_components.protect_narrator.pipeline.blocking import Decoder
from custom_components.protect_narrator.pipeline.case import Case
from custom_components.protect_narrator.pipeline.clip import Clip
from custom_components.protect_narrator.pipeline.errors import ClipUnreadableError
from custom_components.protect_narrator.pipeline.evidence import Exhibit, Ladder
from custom_components.protect_narrator.pipeline.frames import ClipInfo
from custom_components.protect_narrator.pipeline.models import (
    FallbackDetail as Detail,
    Medium,
    Policy,
)
from custom_components.protect_narrator.pipeline.ports import Ability
from custom_components.protect_narrator.pipeline.remux import Cut

from .clips import mp4
from .fakes import FakeWorkspace, FakeWorld, detection, storage_error

# Ten seconds before and after a Detection of four, with a keyframe every five.
POLICY = Policy(clip_before=timedelta(seconds=10), clip_after=timedelta(seconds=10))
SECONDS = 24


@pytest.fixture
def room(tmp_path: Path) -> FakeWorkspace:
    """Return a directory for the AI's files."""
    return FakeWorkspace(tmp_path)


@pytest.fixture
def clip(tmp_path: Path) -> Clip:
    """Return a clip of which the Detection is the sixth part."""
    path = tmp_path / "clip.mp4"
    path.write_bytes(mp4(SECONDS, width=160, height=90, keyframe_every_s=5))
    return Clip(path, ClipInfo(duration_s=24, width=160, height=90, codec="h264", frame_rate=10))


@pytest.fixture
def case(outside: FakeWorld) -> Case:
    """Return a Detection with much around it."""
    return Case(detection=detection(), clock=outside.clock, policy=POLICY)


async def shown(
    outside: FakeWorld, case: Case, clip: Clip, room: FakeWorkspace, ability: Ability
) -> Exhibit:
    """Prepare the clip for an agent of that ability."""
    ladder = Ladder(case=case, console=outside.console, decoder=Decoder())
    return await ladder.prepare(clip, room, whole=True, ability=ability)


def lost(case: Case) -> list[str]:
    """Return the lost rungs as the contract writes them."""
    return [str(fallback) for fallback in case.sighting().fallbacks]


@pytest.mark.parametrize("margin", [None, 0])
async def test_a_clip_within_the_limits_is_shown_as_it_is(
    outside: FakeWorld, case: Case, clip: Clip, room: FakeWorkspace, margin: int | None
) -> None:
    size = clip.path.stat().st_size
    ability = Ability(
        takes_clip=True,
        most_bytes=None if margin is None else size + margin,
        most_s=None if margin is None else SECONDS + margin,
    )
    exhibit = await shown(outside, case, clip, room, ability)

    (file,) = exhibit.evidence.files
    assert file.path == clip.path
    assert exhibit.span_s == (-10.0, 14.0)
    assert (room.written, lost(case)) == ([], [])


@pytest.mark.parametrize("limit", ["bytes", "seconds"])
async def test_a_clip_beyond_a_limit_is_cut_to_the_detection(
    outside: FakeWorld, case: Case, clip: Clip, room: FakeWorkspace, limit: str
) -> None:
    size = clip.path.stat().st_size
    ability = Ability(takes_clip=True, most_bytes=size - 1)
    if limit == "seconds":
        ability = Ability(takes_clip=True, most_s=4.0)
    exhibit = await shown(outside, case, clip, room, ability)

    (file,) = exhibit.evidence.files
    assert exhibit.evidence.medium is Medium.CLIP
    assert (file.path.name, file.mime_type) == ("clip_cut.mp4", "video/mp4")
    assert file.path.stat().st_size < size
    assert exhibit.span_s == (0.0, 4.0)
    assert case.picture is not None
    assert lost(case) == []


@pytest.mark.parametrize("ability", [Ability(most_bytes=100), Ability(most_s=3.9)])
async def test_of_a_detection_beyond_the_limits_frames_are_shown(
    outside: FakeWorld, case: Case, clip: Clip, room: FakeWorkspace, ability: Ability
) -> None:
    exhibit = await shown(outside, case, clip, room, ability)

    assert (exhibit.evidence.medium, exhibit.evidence.frame_count) == (Medium.FRAMES, 5)
    assert exhibit.span_s is None
    assert lost(case) == ["agent_rejected_clip:too_large"]


async def test_a_moment_is_not_cut_from_what_surrounds_it(
    outside: FakeWorld, case: Case, clip: Clip, room: FakeWorkspace
) -> None:
    case.detection = detection(end=detection().start)
    exhibit = await shown(outside, case, clip, room, Ability(most_s=20))

    assert exhibit.evidence.medium is Medium.FRAMES
    assert lost(case) == ["agent_rejected_clip:too_large"]


async def test_without_room_for_a_cut_clip_that_is_said(
    outside: FakeWorld, case: Case, clip: Clip, room: FakeWorkspace
) -> None:
    room.fault = storage_error(Detail.DISK_FULL)
    await shown(outside, case, clip, room, Ability(most_s=4))
    assert lost(case)[0] == "agent_rejected_clip:disk_full"

    with pytest.raises(type(room.fault)):
        await fitting.fitted(case, clip, room.fault, Decoder(), Ability(most_s=4))


async def test_what_was_cut_has_to_be_a_video_still(
    outside: FakeWorld,
    case: Case,
    clip: Clip,
    room: FakeWorkspace,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fitting, "cut", lambda *_args, **_kwargs: Cut(10.0, 14.0))

    with pytest.raises(ClipUnreadableError):
        await fitting.fitted(case, clip, room, Decoder(), Ability(most_s=4))
