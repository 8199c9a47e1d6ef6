"""Untrusted pictures in, small sound JPEGs out."""

from io import BytesIO
from threading import Event
from typing import Any

from hypothesis import given, settings, strategies as st
from PIL import Image
import pytest

from custom_components.protect_narrator.pipeline import pictures
from custom_components.protect_narrator.pipeline.errors import MediaError
from custom_components.protect_narrator.pipeline.models import FallbackDetail
from custom_components.protect_narrator.pipeline.pictures import as_jpeg

from . import clips

GO_ON = Event()

# Pillow warns of broken EXIF data; that is expected here.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")


def picture(kind: str, mode: str = "RGB", size: tuple[int, int] = (64, 36), **extra: Any) -> bytes:
    """Return a picture in some format."""
    buffer = BytesIO()
    Image.new(mode, size).save(buffer, kind, **extra)
    return buffer.getvalue()


def lying(orientation: int) -> Image.Exif:
    """Return the EXIF data of a camera that is mounted on its side, and more of it."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "A maker"
    exif[0x011A] = 72.5
    exif[0x8769] = {0x9003: "2026:03:01 12:00:00"}
    exif[0x8825] = {1: "N", 2: (1.0, 2.0, 3.0)}
    return exif


def claiming(width: int, height: int) -> bytes:
    """Return a JPEG whose header alone has that size."""
    jpeg = bytearray(picture("JPEG"))
    at = jpeg.index(b"\xff\xc0") + 5  # after the frame's marker, length and precision
    jpeg[at : at + 4] = height.to_bytes(2) + width.to_bytes(2)
    return bytes(jpeg)


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


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_other_colours_become_rgb(mode: str) -> None:
    assert Image.open(BytesIO(as_jpeg(GO_ON, picture("JPEG", mode), 1280))).mode == "RGB"


# Where the white corner of a picture ends up, as its camera was mounted.
@pytest.mark.parametrize(
    ("orientation", "size", "corner"),
    [
        (1, (64, 36), "top left"),
        (2, (64, 36), "top right"),
        (3, (64, 36), "bottom right"),
        (4, (64, 36), "bottom left"),
        (5, (36, 64), "top left"),
        (6, (36, 64), "top right"),
        (7, (36, 64), "bottom right"),
        (8, (36, 64), "bottom left"),
        (9, (64, 36), "top left"),
    ],
)
def test_a_still_that_lies_on_its_side_is_put_upright(
    orientation: int, size: tuple[int, int], corner: str
) -> None:
    image, buffer = Image.new("RGB", (64, 36)), BytesIO()
    image.paste("white", (0, 0, 16, 16))
    image.save(buffer, "JPEG", exif=lying(orientation))

    upright = Image.open(BytesIO(as_jpeg(GO_ON, buffer.getvalue(), 1280))).convert("L")

    assert upright.size == size
    places = {
        f"{side} {end}": upright.getpixel((x, y))
        for side, y in (("top", 4), ("bottom", upright.height - 5))
        for end, x in (("left", 4), ("right", upright.width - 5))
    }
    assert [place for place, grey in places.items() if grey == 255] == [corner]


@pytest.mark.parametrize(
    "exif",
    [b"", b"Exif\0\0", b"Exif\0\0II*\0", b"Exif\0\0no header", b"Exif\0\0MM\0+\0\x08\0\0"],
    ids=["nothing", "empty", "cut off", "no header", "a large one"],
)
def test_a_still_with_broken_exif_data_is_taken_as_it_lies(exif: bytes) -> None:
    # Where the file tells its density, Pillow has not looked at the EXIF data before.
    jpeg = picture("JPEG", exif=exif, dpi=(72, 72))

    assert clips.size_of(as_jpeg(GO_ON, jpeg, 1280)) == (64, 36)


def test_what_a_file_carries_besides_its_picture_is_left_behind() -> None:
    mark = b"MARK" * 8
    data = picture("JPEG", comment=mark, xmp=mark, icc_profile=mark, exif=lying(6))

    clean = as_jpeg(GO_ON, data, 1280)

    assert mark not in clean
    assert b"A maker" not in clean
    assert set(Image.open(BytesIO(clean)).info) == set(Image.open(BytesIO(picture("JPEG"))).info)


# The EXIF data come first in the file: half of the changes hit them, half hit anything.
_LYING = picture("JPEG", exif=lying(6), dpi=(72, 72))
_CHANGES = st.lists(
    st.tuples(
        st.integers(0, 300) | st.integers(0, len(_LYING) - 1),
        st.integers(0, 12) | st.integers(0, 255),
    ),
    min_size=1,
    max_size=8,
)


@given(_CHANGES)
@settings(max_examples=500)
def test_whatever_is_broken_in_a_picture_is_a_picture_or_a_typed_error(
    changes: list[tuple[int, int]],
) -> None:
    data = bytearray(_LYING)
    for place, value in changes:
        data[place] = value

    try:
        taken = as_jpeg(GO_ON, bytes(data), 1280)
    except MediaError:
        return
    assert max(clips.size_of(taken)) <= 1280


@pytest.mark.parametrize(
    "data",
    [
        b"<html>404</html>",
        clips.jpeg()[:400],
        picture("PNG"),
        picture("WEBP"),
        picture("GIF"),
    ],
    ids=["html", "cut", "png", "webp", "gif"],
)
def test_what_is_no_sound_picture_is_undecodable(data: bytes) -> None:
    assert refused(data) is FallbackDetail.UNDECODABLE


def test_nothing_is_empty() -> None:
    assert refused(b"") is FallbackDetail.EMPTY


@pytest.mark.parametrize("size", [(3840, 2160), (5312, 2988), (7680, 2160)])
def test_what_the_largest_cameras_send_is_taken(size: tuple[int, int]) -> None:
    taken = as_jpeg(GO_ON, picture("JPEG", "L", size), 1280)

    assert clips.size_of(taken) == (1280, round(1280 * size[1] / size[0]))


@pytest.mark.parametrize("size", [(7680, 4320), (65_500, 65_500)])
def test_a_header_of_more_pixels_than_any_camera_has_takes_no_memory(
    size: tuple[int, int],
) -> None:
    assert refused(claiming(*size)) is FallbackDetail.TOO_LARGE


def test_a_picture_in_countless_scans_takes_no_time() -> None:
    jpeg = picture("JPEG", progressive=True)
    scan = jpeg[jpeg.rindex(b"\xff\xda") : -2]

    assert clips.size_of(as_jpeg(GO_ON, jpeg, 1280)) == (64, 36)
    assert refused(jpeg[:-2] + scan * 1000 + jpeg[-2:]) is FallbackDetail.UNDECODABLE


def test_more_bytes_than_any_still_has_are_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "_MAX_BYTES", 99)

    assert refused(clips.jpeg()) is FallbackDetail.TOO_LARGE


def test_decoding_ends_when_it_is_told_to() -> None:
    stop = Event()
    stop.set()

    with pytest.raises(MediaError) as caught:
        as_jpeg(stop, clips.jpeg(), 1280)
    assert caught.value.detail is FallbackDetail.TIMEOUT
