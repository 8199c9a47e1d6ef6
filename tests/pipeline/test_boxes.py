"""Clips that claim more than any recording has are not even opened."""

from pathlib import Path

import pytest

from custom_components.protect_narrator.pipeline import boxes
from custom_components.protect_narrator.pipeline.boxes import require_plausible
from custom_components.protect_narrator.pipeline.errors import ClipUnreadableError
from custom_components.protect_narrator.pipeline.models import FallbackDetail

from . import clips


def box(kind: bytes, body: bytes = b"", size: int | None = None) -> bytes:
    """Return a box of an MP4, with a size of its own if one is given."""
    return (len(body) + 8 if size is None else size).to_bytes(4) + kind + body


def check(root: Path, data: bytes) -> None:
    """Look at the clip."""
    path = root / "clip.mp4"
    path.write_bytes(data)
    require_plausible(path)


@pytest.mark.parametrize("fragmented", [False, True])
def test_a_recording_is_plausible(tmp_path: Path, fragmented: bool) -> None:
    check(tmp_path, clips.mp4(3, fragmented=fragmented))


@pytest.mark.parametrize(
    "data",
    [
        clips.claiming(clips.mp4(1), 2**32 - 1),
        b"".join(box(b"moof", box(b"trun", bytes(4) + b"\0\0\xff\xff")) for _ in range(9)),
        box(b"free", size=1) + (30).to_bytes(8) + box(b"stz2", bytes(8) + b"\xff" * 4),
        box(b"moov", box(b"stsz", bytes(8) + b"\xff" * 4), size=0),
    ],
    ids=["whole", "fragments", "64 bits", "to the end"],
)
def test_far_too_many_samples_are_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(ClipUnreadableError, match="far too many samples") as caught:
        check(tmp_path, data)
    assert caught.value.detail is FallbackDetail.UNDECODABLE


def test_what_looks_like_a_table_within_the_recording_is_none(tmp_path: Path) -> None:
    check(tmp_path, box(b"mdat", bytes(24) + b"stsz" + b"\xff" * 12) + box(b"moov"))


@pytest.mark.parametrize(
    "data", [b"", b"moov", box(b"moov", size=7), box(b"mdat", size=1) + b"\xff" * 8]
)
def test_what_has_no_boxes_is_left_to_the_decoder(tmp_path: Path, data: bytes) -> None:
    check(tmp_path, data)


def test_a_clip_that_is_gone_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(ClipUnreadableError, match="No such file"):
        require_plausible(tmp_path / "clip.mp4")


def test_tables_are_read_no_further_than_the_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boxes, "_MAX_TABLES_BYTES", 100)

    check(tmp_path, box(b"moov", bytes(92)))
    with pytest.raises(ClipUnreadableError, match="too large"):
        check(tmp_path, box(b"moov", bytes(93)))


def test_boxes_are_counted_no_further_than_the_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boxes, "_MAX_BOXES", 10)

    check(tmp_path, box(b"mdat") * 10)
    with pytest.raises(ClipUnreadableError, match="too large"):
        check(tmp_path, box(b"mdat") * 11)
