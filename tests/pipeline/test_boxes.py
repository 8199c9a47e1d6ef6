"""Clips that claim more than any recording has are not even opened."""

from pathlib import Path

import pytest

from custom_components.protect_narrator.pipeline import boxes
from custom_components.protect_narrator.pipeline.boxes import require_plausible
from custom_components.protect_narrator.pipeline.errors import ClipUnreadableError
from custom_components.protect_narrator.pipeline.models import FallbackDetail

from . import clips

NO_TRACKS = b"\0\0\0\x08moov"


def box(kind: bytes, body: bytes = b"", size: int | None = None) -> bytes:
    """Return a box of an MP4, with a size of its own if one is given."""
    return (len(body) + 8 if size is None else size).to_bytes(4) + kind + body


def within(*kinds: bytes, body: bytes) -> bytes:
    """Return boxes within each other, the innermost with that body; a track has its number."""
    for kind in reversed(kinds):
        if kind == b"trak":
            body = box(b"tkhd", bytes(12) + b"\0\0\0\1" + bytes(64)) + body
        body = box(kind, body)
    return body


MEANT = bytes(4) + box(b"hdlr", bytes(8) + b"mdir" + bytes(12))
"""How what is said about a clip begins."""

LONG_PARAMETERS = bytes(4) + b"\3\x19\0\1\0\4\x11" + bytes(13) + b"\5\xff\xff\xff\x7f"
"""A description of sound that says it has 268 million bytes."""


def table(kind: bytes, body: bytes, beside: bytes = b"") -> bytes:
    """Return a clip with that table."""
    return within(b"moov", b"trak", b"mdia", b"minf", b"stbl", body=box(kind, body) + beside)


def numbers(*values: int) -> bytes:
    """Return the numbers as they stand in tables."""
    return b"".join(value.to_bytes(4) for value in values)


def described(handler: bytes, entry: bytes, *, coding: bytes = b"abcd", version: int = 0) -> bytes:
    """Return a clip whose only track is coded as that entry says."""
    stsd = box(b"stsd", numbers(version << 24, 1) + box(coding, entry))
    media = box(b"hdlr", bytes(8) + handler) + within(b"minf", b"stbl", body=stsd)
    return within(b"moov", b"trak", b"mdia", body=media)


def check(root: Path, data: bytes) -> None:
    """Look at the clip."""
    path = root / "clip.mp4"
    path.write_bytes(data)
    require_plausible(path)


def refused(root: Path, data: bytes) -> str:
    """Return why the clip is refused."""
    with pytest.raises(ClipUnreadableError) as caught:
        check(root, data)
    assert caught.value.detail is FallbackDetail.UNDECODABLE
    return str(caught.value)


@pytest.mark.parametrize("fragmented", [False, True])
def test_a_recording_is_plausible(tmp_path: Path, fragmented: bool) -> None:
    check(tmp_path, clips.mp4(3, fragmented=fragmented))


@pytest.mark.parametrize(
    "data",
    [
        clips.claiming(clips.mp4(1), 2**32 - 1),
        NO_TRACKS + within(b"moof", b"traf", body=box(b"trun", numbers(0, 65_535)) * 4),
        box(b"free", size=1) + (16).to_bytes(8) + table(b"stz2", bytes(8) + b"\xff" * 4),
        box(b"moov", table(b"stsz", bytes(8) + b"\xff" * 4)[8:], size=0),
        table(b"stts", numbers(0, 2, 150_000, 1, 150_000, 1)),
        table(b"stsc", numbers(0, 1, 1, 70_000, 1), box(b"stco", numbers(0, 3, 9, 9, 9))),
    ],
    ids=["whole", "fragments", "64 bits", "to the end", "times", "chunks"],
)
def test_far_too_many_samples_are_refused(tmp_path: Path, data: bytes) -> None:
    assert "far too many samples" in refused(tmp_path, data)


@pytest.mark.parametrize(
    "data",
    [
        table(b"stsz", numbers(0, 0, 2, 1, 2**24 + 1)),
        table(b"stsz", numbers(0, 2**24 + 1, 1)),
        NO_TRACKS + within(b"moof", b"traf", b"trun", body=numbers(0x305, 1, 0, 0, 1, 2**24 + 1)),
        NO_TRACKS + within(b"moof", b"traf", b"tfhd", body=numbers(0x1A, 1, 0, 0, 2**24 + 1)),
        within(b"moov", b"mvex", b"trex", body=numbers(0, 1, 1, 0, 2**24 + 1, 0)),
    ],
    ids=["of each", "of all", "in a run", "of a fragment", "of fragments"],
)
def test_a_sample_larger_than_any_picture_is_refused(tmp_path: Path, data: bytes) -> None:
    assert "far too many bytes" in refused(tmp_path, data)
    check(tmp_path, data.replace(numbers(2**24 + 1), numbers(2**24)))


@pytest.mark.parametrize(
    "data",
    [
        table(b"stss", numbers(0, 2, 1)),
        table(b"stco", numbers(0, 2, 1)),
        table(b"co64", numbers(0, 1, 1)),
        table(b"stsc", numbers(0, 2, 1, 1, 1)),
        table(b"stsz", numbers(0, 0, 2, 1)),
        table(b"stz2", numbers(0, 16, 3, 0)),
        table(b"ctts", numbers(0, 2, 1, 1)),
        table(b"sbgp", numbers(0, 0, 2, 1, 1)),
        table(b"sgpd", b"\1\0\0\0sync" + numbers(1, 9)),
        within(b"moov", b"trak", b"edts", b"elst", body=numbers(0, 2, 1, 0, 1)),
        within(b"moov", b"meta", body=MEANT + box(b"keys", numbers(0, 9))),
        NO_TRACKS + within(b"moof", b"traf", b"trun", body=numbers(0x200, 2, 1)),
        NO_TRACKS + box(b"sidx", bytes(22) + (2).to_bytes(2) + bytes(12)),
        described(b"soun", bytes(28) + box(b"esds", LONG_PARAMETERS)),
    ],
)
def test_a_table_that_claims_more_than_it_has_is_refused(tmp_path: Path, data: bytes) -> None:
    assert "ends before" in refused(tmp_path, data)


@pytest.mark.parametrize(
    "data",
    [
        box(b"iloc", b"\2\0\0\0\x44\0\x0f\xff\xff\0") + NO_TRACKS,
        NO_TRACKS + box(b"iloc"),
        NO_TRACKS + box(b"hoov", bytes(8)),
        within(b"moov", b"udta", b"iloc", body=bytes(8)),
        within(b"moov", b"trak", b"moov", body=b""),
        within(b"moov", b"udta", b"meta", body=MEANT + box(b"iinf")),
        within(b"moov", b"cmov", body=bytes(8)),
        described(b"vide", bytes(78) + box(b"iloc")),
        described(b"soun", bytes(28) + box(b"wave", box(b"iloc"))),
        described(b"soun", bytes(9) + b"\1" + bytes(34) + box(b"iloc")),
    ],
)
def test_a_box_that_no_recorder_writes_is_refused_wherever_it_is(
    tmp_path: Path, data: bytes
) -> None:
    assert "no recorder writes" in refused(tmp_path, data)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (described(b"soun", bytes(28), coding=b"avc1").replace(b"soun", b"data"), "of a kind"),
        (described(b"soun", bytes(9) + b"\1" + bytes(34), version=1), "told in a way"),
        (described(b"soun", bytes(9) + b"\3" + bytes(34)), "told in a way"),
        (described(b"soun", bytes(16) + b"\xff\xff" + bytes(10)), "channels"),
        (described(b"vide", bytes(75) + b"\x08" + bytes(2)), "colours of its own"),
        (described(b"vide", bytes(60)), "larger than"),
        (
            within(b"moov", b"meta", body=MEANT.replace(b"mdir", b"vide")),
            "two kinds",
        ),
    ],
)
def test_what_libav_could_read_in_another_way_is_refused(
    tmp_path: Path, data: bytes, why: str
) -> None:
    assert why in refused(tmp_path, data)


def test_boxes_are_read_where_libav_looks_for_them(tmp_path: Path) -> None:
    assert "larger than" in refused(tmp_path, box(b"moov", box(b"mvhd", size=100)))
    assert "twice" in refused(tmp_path, NO_TRACKS + NO_TRACKS)
    assert "no tables" in refused(tmp_path, box(b"free", bytes(4) + b"mvhd" + bytes(20)))


@pytest.mark.parametrize("words", ["trunk cam", "Sportrakete", "welste am See, moov iloc stsz"])
def test_words_are_no_tables(tmp_path: Path, words: str) -> None:
    said = box(b"hdlr", bytes(8) + b"mdir" + bytes(12) + words.encode())
    tags = box(b"ilst", box(b"\xa9nam", box(b"data", bytes(8) + words.encode())))
    name, free = box(b"name", words.encode()), box(b"free", words.encode())
    udta = box(b"udta", box(b"meta", bytes(4) + said + tags) + name + free)

    check(tmp_path, free + box(b"moov", udta) + free + box(b"uuid", bytes(16) + words.encode()))


def test_what_looks_like_a_table_within_the_recording_is_none(tmp_path: Path) -> None:
    check(tmp_path, box(b"mdat", bytes(24) + b"stsz" + b"\xff" * 12) + NO_TRACKS)


def test_a_clip_that_is_cut_off_is_looked_at_as_far_as_it_goes(tmp_path: Path) -> None:
    clip = clips.mp4(3, fragmented=True)

    check(tmp_path, clip[: clip.rindex(b"trun") + 9])
    check(tmp_path, clip[: clip.rindex(b"mdat") + 9])


@pytest.mark.parametrize(
    "data", [b"", b"moov", box(b"moov", size=7), box(b"mdat", size=1) + b"\xff" * 8]
)
def test_what_has_no_boxes_is_refused(tmp_path: Path, data: bytes) -> None:
    assert "no tables" in refused(tmp_path, data)


def test_a_clip_that_is_gone_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(ClipUnreadableError, match="No such file"):
        require_plausible(tmp_path / "clip.mp4")


def test_tables_are_read_no_further_than_the_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boxes, "_MAX_TABLES_BYTES", 100)

    check(tmp_path, box(b"moov", box(b"free", bytes(84))))
    assert "too large" in refused(tmp_path, box(b"moov", box(b"free", bytes(85))))


def test_boxes_are_counted_no_further_than_the_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boxes, "_MAX_BOXES", 10)

    check(tmp_path, box(b"mdat") * 9 + NO_TRACKS)
    assert "too large" in refused(tmp_path, box(b"mdat") * 10 + NO_TRACKS)
    monkeypatch.setattr(boxes, "_MAX_INNER_BOXES", 10)
    check(tmp_path, box(b"moov", box(b"free") * 9))
    assert "too large" in refused(tmp_path, box(b"moov", box(b"free") * 10))
