"""Untrusted pictures in, small sound JPEGs out."""

from io import BytesIO
from threading import Event
from zlib import crc32

from PIL import Image
import pytest

from custom_components.protect_narrator.pipeline import pictures
from custom_components.protect_narrator.pipeline.errors import MediaError
from custom_components.protect_narrator.pipeline.models import FallbackDetail
from custom_components.protect_narrator.pipeline.pictures import as_jpeg

from . import clips

GO_ON = Event()


def picture(kind: str, mode: str = "RGB", size: tuple[int, int] = (64, 36)) -> bytes:
    """Return a picture in some format."""
    buffer = BytesIO()
    Image.new(mode, size).save(buffer, kind)
    return buffer.getvalue()


def refused(data: bytes) -> FallbackDetail:
    """Return why the picture is not taken."""
    with pytest.raises(MediaError) as caught:
        as_jpeg(GO_ON, data, 1280)
    return caught.value.detail


def test_a_large_still_becomes_small_and_still_shows_the_same() -> None:
    small = as_jpeg(GO_ON, clips.jpeg(3840, 2160, number=77), 1280)

    assert clips.size_of(small) == (1280, 720)
    assert clips.number_in(small) == 77


def test_a_small_still_is_not_blown_up() -> None:
    assert clips.size_of(as_jpeg(GO_ON, clips.jpeg(320, 180), 1280)) == (320, 180)


@pytest.mark.parametrize(
    ("kind", "mode"), [("PNG", "RGBA"), ("PNG", "P"), ("WEBP", "RGB"), ("JPEG", "CMYK")]
)
def test_other_formats_become_jpeg(kind: str, mode: str) -> None:
    assert clips.size_of(as_jpeg(GO_ON, picture(kind, mode), 1280)) == (64, 36)


def test_a_still_that_lies_on_its_side_is_put_upright() -> None:
    buffer, exif = BytesIO(), Image.Exif()
    exif[0x0112] = 6  # the tag's value for a quarter turn
    Image.new("RGB", (64, 36)).save(buffer, "JPEG", exif=exif)

    assert clips.size_of(as_jpeg(GO_ON, buffer.getvalue(), 1280)) == (36, 64)


@pytest.mark.parametrize(
    "data",
    [
        b"<html>404</html>",
        clips.jpeg()[:400],
        picture("PNG")[:60],
        picture("GIF"),
        picture("BMP"),
    ],
    ids=["html", "cut jpeg", "cut png", "gif", "bmp"],
)
def test_what_is_no_sound_picture_is_undecodable(data: bytes) -> None:
    assert refused(data) is FallbackDetail.UNDECODABLE


def test_nothing_is_empty() -> None:
    assert refused(b"") is FallbackDetail.EMPTY


def test_a_header_of_ten_thousand_million_pixels_takes_no_memory() -> None:
    png = bytearray(picture("PNG"))
    png[16:24] = (100_000).to_bytes(4) * 2

    # The checksum of the changed header is wrong, so mend it as an attacker would.

    png[29:33] = crc32(png[12:29]).to_bytes(4)
    assert refused(bytes(png)) is FallbackDetail.TOO_LARGE


def test_more_pixels_than_any_camera_has_are_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MAX_PIXELS", 64 * 36 - 1)

    assert refused(picture("PNG")) is FallbackDetail.TOO_LARGE


def test_more_bytes_than_any_still_has_are_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "_MAX_BYTES", 99)

    assert refused(clips.jpeg()) is FallbackDetail.TOO_LARGE


def test_decoding_ends_when_it_is_told_to() -> None:
    stop = Event()
    stop.set()

    with pytest.raises(MediaError) as caught:
        as_jpeg(stop, clips.jpeg(), 1280)
    assert caught.value.detail is FallbackDetail.TIMEOUT
