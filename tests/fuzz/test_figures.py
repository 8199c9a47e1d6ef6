"""The page has a row for each kind, beside its bounds."""

from .figures import ENOUGH, lacking, section
from .kinds import KINDS
from .runner import Finding, Tally


def test_the_worst_of_a_kind_stands_beside_what_is_allowed() -> None:
    harm = Finding(kind="mp4", seed="7/mp4/3", what="hangs", file="x")
    tally = Tally(
        kind="mp4",
        cases=5_000,
        findings=[harm],
        seconds=120.0,
        slowest=(1.234, "7/mp4/1"),
        most_kib=(20_480, "7/mp4/2"),
    )
    page = section([tally], seed=7)
    cpu, memory = f"{KINDS['mp4'].most_cpu_s:g} s", f"{KINDS['mp4'].most_mib} MiB"
    assert page.tables[0].rows == [("`mp4`", "5,000", "7", "1.23 s", cpu, "20 MiB", memory, "1")]
    assert page.said.endswith("In 2 minutes.")


def test_the_page_takes_no_small_run_and_no_single_kind() -> None:
    full = [Tally(kind=kind, cases=ENOUGH) for kind in KINDS]
    assert lacking(full) == ""
    assert lacking([*full[1:], Tally(kind=full[0].kind, cases=ENOUGH - 1)])
    assert lacking(full[1:]) == "5,000 cases of each kind"
