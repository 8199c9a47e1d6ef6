"""A run that breaks a promise is found guilty of that one."""

from dataclasses import replace

import pytest

from .judge import Figures, broken

GOOD = Figures(
    detections=10_000,
    seed=1,
    seconds=1500.0,
    aborted=None,
    faulty=2000,
    kinds_of_fault=45,
    sightings=10_000,
    missing=0,
    duplicates=0,
    strays=0,
    rows=10_000,
    rows_missing=0,
    rows_duplicate=0,
    rows_stray=0,
    files_left=0,
    open_requests=0,
    connections_after_unload=0,
    tasks_warm=10,
    tasks_end=10,
    tasks_after_unload=0,
    files_open=0,
    sockets_leaked=0,
    descriptors_warm=28,
    descriptors_end=28,
    sockets_warm=6,
    sockets_end=6,
    rss_warm_mb=350.0,
    rss_end_mb=360.0,
    rss_peak_mb=420.0,
    database_warm_mb=10.0,
    database_end_mb=16.0,
    cpu_s_per_detection=0.03,
    console_cpu_s_per_detection=0.01,
    described_late=200,
    late_unexplained=1,
    internal_errors=0,
    queue_full=0,
    complaints=0,
    blind=0,
    most_exports_at_once=1,
    log_ins=20,
    log_ins_a_minute=3,
    exports_per_detection=1.2,
    pictures_per_detection=0.2,
    questions_per_detection=1.0,
    fault_free_well=0.99,
    worst_fault="truncated",
    worst_as_expected=0.95,
    rare_as_expected=0.95,
)


def test_a_good_run_breaks_nothing() -> None:
    assert list(broken(GOOD)) == []
    assert GOOD.as_json()["kept"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"aborted": "40 minutes are over"}, "40 minutes are over"),
        ({"missing": 1}, "1 Detections without a Sighting"),
        ({"duplicates": 1}, "1 Sightings that came twice"),
        ({"strays": 1}, "1 Sightings that nothing was detected for"),
        ({"rows_missing": 1}, "1 Detections without a row"),
        ({"rows_duplicate": 1}, "1 rows that are there twice"),
        ({"rows_stray": 1}, "1 rows that nothing was detected for"),
        ({"files_left": 1}, "1 files left"),
        ({"open_requests": 1}, "1 requests still open"),
        ({"connections_after_unload": 1}, "1 connections still open"),
        ({"tasks_after_unload": 1}, "1 tasks of ours left"),
        ({"internal_errors": 1}, "internal_error"),
        ({"complaints": 1}, "complaints in the log"),
        ({"blind": 1}, "nothing to look at"),
        ({"queue_full": 1}, "queue_full"),
        ({"tasks_end": 11}, "11 tasks at the end"),
        ({"descriptors_end": 29}, "29 descriptors at the end"),
        ({"sockets_end": 7}, "7 sockets at the end"),
        ({"most_exports_at_once": 2}, "2 exports at once"),
        ({"log_ins_a_minute": 4}, "4 log-ins within a minute"),
        ({"late_unexplained": 51}, "51 late Sightings of what a websocket told"),
        ({"files_open": 1}, "1 files of the media folder still open"),
        ({"sockets_leaked": 1}, "1 sockets still held"),
        ({"fault_free_well": 0.96}, "only 96.0% of the Sightings without a fault lack nothing"),
        ({"worst_as_expected": 0.89}, "only 89.0% say what happened: truncated"),
        ({"rare_as_expected": 0.89}, "only 89.0% say what happened, of the rare faults"),
        ({"rss_end_mb": 370.0}, "memory grew by 20.0 MB"),
    ],
)
def test_each_broken_promise_is_said(changed: dict[str, object], said: str) -> None:
    # dataclasses.replace is typed for any keyword; a wrong name raises.
    figures = replace(GOOD, **changed)  # type: ignore[arg-type]
    (complaint,) = broken(figures)
    assert said in complaint
    assert not figures.as_json()["kept"]


def test_memory_and_sockets_of_a_short_run_are_not_judged() -> None:
    assert not list(broken(replace(GOOD, detections=300, rss_end_mb=400.0, sockets_end=20)))


def test_who_tells_faster_than_can_be_told_may_fill_the_queue() -> None:
    assert not list(broken(replace(GOOD, queue_full=5, fault_free_well=0.2, open_loop=True)))


def test_the_figures_are_flat() -> None:
    for value in GOOD.as_json().values():
        assert value is None or isinstance(value, bool | int | float | str)
