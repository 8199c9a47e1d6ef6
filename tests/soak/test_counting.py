"""What is counted on the way: who is late without a reason, what a console was asked, whose bug."""

from array import array
import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from .book import Book, sighting_id_of
from .complaints import Complaints
from .console_process import kind_of, most_within
from .faults import FAULTS
from .run import Wanted
from .town import event_id_of

NONE = 0
UNTOLD, BOTH, PRIVATE, PUBLIC, NO_CLIP = (
    [fault.name for fault in FAULTS].index(name)
    for name in (
        "end untold",
        "both websockets drop",
        "private websocket drops",
        "public websocket drops",
        "500",
    )
)


def heard(book: Book, number: int, *, late: bool = False, reason: str | None = None) -> None:
    """Let a Sighting of that Detection come."""
    data: dict[str, Any] = {
        "sighting_id": sighting_id_of(number),
        "protect_event_id": event_id_of(number),
        "phase": "final",
        "medium": "frames",
        "fallback_reason": reason,
        "fallback_detail": None,
        "late": late,
    }
    book.note(SimpleNamespace(data=data))  # type: ignore[arg-type]  # as much of it as is read


@pytest.mark.parametrize(
    ("told", "unexplained"),
    [
        ((NONE, NONE, NONE), 1),
        ((NONE, NONE, UNTOLD), 0),
        ((BOTH, NONE, NONE), 0),
        ((PRIVATE, NONE, NONE), 1),
        ((NONE, BOTH, NONE), 1),
    ],
    ids=["well", "its end untold", "both away", "one away", "both of the other console away"],
)
def test_who_could_be_heard_is_not_late(told: tuple[int, ...], unexplained: int) -> None:
    book = Book(array("B", told))
    for number in range(3):
        book.tell(number)
    # At the first console, as the first one is.
    heard(book, 2, late=True)
    assert (book.late, book.late_unexplained) == (1, unexplained)


def test_one_websocket_after_the_other_leaves_nobody_to_tell() -> None:
    book = Book(array("B", (PRIVATE, NONE, PUBLIC, NONE, NONE)))
    for number in range(5):
        book.tell(number)
    heard(book, 4, late=True)
    assert book.late_unexplained == 0


def test_kinds_of_faults_are_judged_by_themselves_when_there_are_many_of_them() -> None:
    book = Book(array("B", [NONE] * 10 + [NO_CLIP] * 20 + [UNTOLD] * 4))
    for number in range(34):
        wrong = number in {0, 10, 30}
        right = "clip_download_failed" if 10 <= number < 30 else None
        heard(book, number, reason="agent_failed" if wrong else right)
    assert book.share_as_expected([NONE]) == 0.9
    assert book.frequent() == {"500": 0.95}
    assert book.rare() == 0.75


def test_log_ins_are_counted_within_a_minute_and_not_in_all() -> None:
    assert most_within(60, []) == 0
    assert most_within(60, [0, 1, 61, 62, 119]) == 3
    assert most_within(60, [0, 60, 120]) == 1


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/proxy/protect/api/video/export", "export"),
        ("/proxy/protect/api/events/0a1/thumbnail", "picture"),
        ("/proxy/protect/api/cameras/0a1/recording-snapshot", "picture"),
        ("/proxy/protect/api/events/0a1", "event"),
        ("/proxy/protect/api/events", "list"),
        ("/api/auth/login", "log-in"),
        ("/proxy/protect/ws/updates", "other"),
    ],
)
def test_a_request_is_known_by_its_path(path: str, kind: str) -> None:
    assert kind_of(path) == kind


@pytest.mark.parametrize(
    ("file", "count"), [("custom_components/protect_narrator/x.py", 1), ("uiprotect/x.py", 0)]
)
def test_what_the_library_catches_of_ours_is_a_complaint(file: str, count: int) -> None:
    complaints = Complaints()
    code = compile("raise KeyError", str(Path("/site") / file), "exec")
    try:
        exec(code)  # noqa: S102 - a frame of that file
    except KeyError as err:
        raised = (type(err), err, err.__traceback__)
    words = "Exception while running subscription handler"
    complaints.emit(
        logging.LogRecord("uiprotect.api", logging.ERROR, "", 0, words, None, exc_info=raised)
    )
    assert complaints.count == count


@pytest.mark.parametrize(("open_loop", "times"), [(None, 11), (100.0, 2)])
def test_a_flood_has_no_quiet_moments_but_one_to_warm_up_and_the_end(
    open_loop: float | None, times: int
) -> None:
    wanted = Wanted(detections=2_000, seed=1, minutes=40, at_once=100, open_loop=open_loop)
    assert len(wanted.quiet_after) == times
    assert {wanted.warm_after, wanted.detections} <= wanted.quiet_after
