"""The page says what a run came to, and whether that was enough."""

from array import array
from dataclasses import replace

from .book import Book
from .faults import FAULTS
from .figures import kind, lacking, pressure, sections, soak
from .test_counting import NO_CLIP, heard
from .test_judge import GOOD


def a_book() -> Book:
    book = Book(array("B", [0, NO_CLIP, NO_CLIP]))
    for number, reason in enumerate((None, "clip_download_failed", None)):
        heard(book, number, reason=reason)
    return book


def test_each_kind_of_fault_has_a_row() -> None:
    promises, faults = soak(GOOD, a_book()).tables
    assert ("Sightings, one each", "10,000", "10,000") in promises.rows
    assert faults.rows == [
        ("none", "1", "100.0%", "nothing lost 1"),
        (FAULTS[NO_CLIP].name, "2", "50.0%", "`clip_download_failed` 1, nothing lost 1"),
    ]


def test_a_run_that_broke_a_promise_says_so_on_the_page() -> None:
    assert soak(GOOD, a_book()).said.endswith("Every promise is kept.")
    assert soak(replace(GOOD, missing=1), a_book()).said.endswith("The promise is NOT kept.")


def test_a_flood_says_what_it_was_told_from() -> None:
    rows = pressure(replace(GOOD, open_loop=True, queue_full=7), a_book()).tables[0].rows
    assert ("told from `frames`", "", "3") in rows
    assert ("of them `queue_full:overload`", "", "7") in rows


def test_what_a_console_was_asked_stands_beside_what_it_may_be() -> None:
    rows = kind(GOOD).tables[0].rows
    assert ("log-ins of a console in any 60 s", "≤ 3", "3 (20 in all)") in rows
    assert ("exports at once, at a console", "≤ 1", "1") in rows


def test_a_flood_is_a_page_of_its_own() -> None:
    assert [*sections(GOOD, a_book())] == ["soak", "kind"]
    assert [*sections(replace(GOOD, open_loop=True), a_book())] == ["pressure"]


def test_the_page_takes_no_small_run() -> None:
    assert lacking(replace(GOOD, detections=10_000)) == ""
    assert lacking(replace(GOOD, detections=9_999)) == "10,000 Detections"
    assert lacking(replace(GOOD, detections=2_000, open_loop=True)) == ""
    assert lacking(replace(GOOD, detections=1_999, open_loop=True)) == "2,000 Detections"
