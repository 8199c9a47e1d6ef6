"""Ranges: what a viewer may ask for, and what counts as an answer to it."""

from hypothesis import given, strategies as st
import pytest

from custom_components.protect_narrator.protect.ranges import (
    ByteRange,
    ContentRange,
    RangeNotSatisfiableError,
)


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("bytes=0-", ByteRange(0, None)),
        ("bytes=0-1", ByteRange(0, 1)),
        ("Bytes=7-7", ByteRange(7, 7)),
        ("bytes=-500", ByteRange(None, 500)),
        ("bytes=999999999999999-", ByteRange(999_999_999_999_999, None)),
    ],
)
def test_one_range_is_understood(text: str, asked: ByteRange) -> None:
    assert ByteRange.parse(text) == asked
    assert ByteRange.parse(asked.header) == asked


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "bytes=",
        "bytes=-",
        "bytes=-0",
        "bytes=5-4",
        "bytes=0-1,5-6",
        "bytes=0-1, 5-6",
        "bytes=+1-2",
        "bytes=--2",
        "bytes= 0-1",
        "bytes=0-1\r\nCookie: TOKEN=x",
        "bytes=0-1\n",
        "bytes=\u0661-\u0662",
        "bytes=0x1-",
        "bytes=1000000000000000-",
        "seconds=0-1",
        "0-1",
    ],
)
def test_what_is_no_single_range_is_the_whole_clip(text: str | None) -> None:
    assert ByteRange.parse(text) is None


@pytest.mark.parametrize(
    ("asked", "text", "length"),
    [
        ("bytes=0-", "bytes 0-99/100", 100),
        ("bytes=10-", "bytes 10-99/100", 90),
        ("bytes=10-", "bytes 10-49/100", 40),
        ("bytes=10-", "bytes 10-99/*", 90),
        ("bytes=10-19", "bytes 10-19/100", 10),
        ("bytes=10-500", "bytes 10-99/100", 90),
        ("bytes=-10", "bytes 90-99/100", 10),
        ("bytes=-500", "bytes 0-99/100", 100),
    ],
)
def test_an_answer_to_the_question_is_taken(asked: str, text: str, length: int) -> None:
    question = ByteRange.parse(asked)
    assert question is not None
    part = ContentRange.parse(text, question)
    assert part is not None
    assert (part.length, part.header) == (length, text)


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ("bytes=0-", None),
        ("bytes=0-", "bytes */100"),
        ("bytes=0-", "bytes 0-99"),
        ("bytes=0-", "bytes 0-100/100"),
        ("bytes=0-", "bytes 0-99/100\r\nSet-Cookie: x"),
        ("bytes=10-", "bytes 0-99/100"),
        ("bytes=10-19", "bytes 10-20/100"),
        ("bytes=10-19", "bytes 19-10/100"),
        ("bytes=-10", "bytes 90-99/*"),
        ("bytes=-10", "bytes 80-89/100"),
        ("bytes=-10", "bytes 89-99/100"),
    ],
)
def test_another_answer_is_none(asked: str, text: str | None) -> None:
    question = ByteRange.parse(asked)
    assert question is not None
    assert ContentRange.parse(text, question) is None


@pytest.mark.parametrize(
    ("text", "total"), [("bytes */100", 100), ("bytes 0-1/100", None), (None, None), ("", None)]
)
def test_how_long_a_clip_is_that_has_no_such_bytes(text: str | None, total: int | None) -> None:
    assert RangeNotSatisfiableError(text).total == total


@given(st.text())
def test_whatever_is_asked_what_is_sent_on_is_a_range(text: str) -> None:
    asked = ByteRange.parse(f"bytes={text}")
    assert asked is None or ByteRange.parse(asked.header) == asked
