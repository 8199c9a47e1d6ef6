"""What asks for more than it should get is refused, or shown as far as it is sound."""

from collections.abc import Mapping
from io import BytesIO
import os
from pathlib import Path
from threading import Event

from PIL import Image
import pytest

from custom_components.protect_narrator.pipeline.choosing import Look
from custom_components.protect_narrator.pipeline.errors import ClipUnreadableError
from custom_components.protect_narrator.pipeline.frames import Frame, choose, probe

from . import monsters, seeds
from .runner import Process, harm

GO_ON = Event()
FILMS: Mapping[str, bytes] = dict(monsters.films())
PICTURES: Mapping[str, bytes] = dict(monsters.frames())
LOOK = Look(count=5, first_s=0.0, last_s=2.0)


def opened(child: Process, kind: str, data: bytes, path: Path) -> str:
    """Open it in the other process, where it must do no harm; return what came of it."""
    path.write_bytes(data)
    result = child.open({"kind": kind, "seed": path.name, "file": str(path)})
    assert harm(kind, result) is None
    return str(result["told"])


@pytest.mark.parametrize("name", FILMS)
def test_a_monstrous_clip_does_no_harm(child: Process, name: str, tmp_path: Path) -> None:
    assert opened(child, "mp4", FILMS[name], tmp_path / "clip.mp4")


@pytest.mark.parametrize("name", PICTURES)
def test_a_monstrous_picture_does_no_harm(child: Process, name: str, tmp_path: Path) -> None:
    assert opened(child, "jpeg", PICTURES[name], tmp_path / "still.jpg")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("2^32 samples", "too many samples"),
        ("a hidden table", "too many samples"),
        ("a table that ends early", "no recorder writes"),
        ("a million samples", "too many samples"),
        ("a thousand tracks", "too many tracks"),
        ("tracks without a number", "a track that is none"),
        ("5,000 edits", "too many edits"),
        ("2^32 edits", "too many edits"),
        ("an album of 2^28 pictures, first", "no recorder writes"),
        ("an album of 2^28 pictures, last", "no recorder writes"),
        ("an album among a film's words", "no recorder writes"),
        ("an album in what the sound is coded in", "no recorder writes"),
        ("an index into the recording", "an index of what is not there"),
        ("an index that goes back", "an index of what is not there"),
        ("an album behind a palette", "colours of its own"),
        ("one sample of 100 MB", "far too many bytes"),
    ],
)
def test_what_no_recorder_writes_is_not_opened(name: str, why: str, tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(FILMS[name])

    with pytest.raises(ClipUnreadableError, match=why):
        probe(GO_ON, path)


def test_a_clip_that_names_another_file_does_not_open_it(child: Process, tmp_path: Path) -> None:
    # Whoever opens a pipe waits until somebody writes into it: the process would hang.
    os.mkfifo(tmp_path / "pipe.mp4")

    told = opened(child, "mp4", monsters.alias(bytes(tmp_path / "pipe.mp4")), tmp_path / "clip.mp4")

    assert told == "undecodable undecodable undecodable"


def test_a_picture_beside_the_recording_is_not_taken_for_it(tmp_path: Path) -> None:
    cover = BytesIO()
    Image.new("RGB", (600, 600), "red").save(cover, "JPEG")
    path = tmp_path / "clip.mp4"
    path.write_bytes(monsters.with_cover(cover.getvalue()))

    assert (probe(GO_ON, path).width, probe(GO_ON, path).codec) == (320, "h264")


@pytest.mark.parametrize("words", ["trunk cam", "Sportrakete", "welste am See", "iloc stsz moov"])
def test_a_film_may_be_called_anything(words: str, tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(monsters.titled(words.encode()))

    assert probe(GO_ON, path).duration_s > 1
    assert choose(GO_ON, path, LOOK).frames == frames_of(seeds.clips()[1], path)


@pytest.mark.parametrize("number", range(len(seeds.clips())))
def test_only_what_cameras_film_in_is_decoded(number: int, tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(seeds.clips()[number])

    if number < len(seeds.clips()) - seeds.FOREIGN:
        assert probe(GO_ON, path).codec in {"h264", "hevc"}
        return
    with pytest.raises(ClipUnreadableError, match="known codec"):
        probe(GO_ON, path)


def test_a_picture_that_grows_in_mid_stream_is_decoded_as_far_as_it_may(
    child: Process, tmp_path: Path
) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(monsters.growing(4096, 2160))
    assert (1280, 675) in sizes_in(path)

    path.write_bytes(monsters.growing(8192, 4320))
    assert sizes_in(path) == {(96, 64)}
    assert opened(child, "mp4", path.read_bytes(), tmp_path / "again.mp4").startswith("ok ok")


def frames_of(clip: bytes, path: Path) -> tuple[Frame, ...]:
    """Return the frames that are taken from the clip."""
    path.write_bytes(clip)
    return choose(GO_ON, path, LOOK).frames


def sizes_in(path: Path) -> set[tuple[int, int]]:
    """Return the sizes of the frames that are taken from the clip."""
    return {Image.open(BytesIO(frame.jpeg)).size for frame in choose(GO_ON, path, LOOK).frames}
