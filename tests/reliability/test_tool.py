"""The page says what was observed, or the check fails and shows where not."""

from pathlib import Path
import re
from types import SimpleNamespace

import pytest

from tests.story.faults.catalogue import GROUPS

from . import __main__ as tool, fresh, results
from .document import NoSuchSectionError, rendered, replaced
from .results import (
    Expected,
    MissingResultsError,
    Observation,
    Section,
    Table,
    faults,
    forget,
    keep,
)

PAGE = """# Page

<!-- observed: faults -->
old
<!-- end: faults -->

<!-- observed: soak -->
<!-- end: soak -->

after
"""


def seen(**changed: str) -> Observation:
    words = {"fault": "a | b", "seen": "c", "sighting": "d", "beside": "e", "after": "f\ng"}
    return Observation(**(words | changed))


def test_what_stands_between_the_marks_is_replaced_and_nothing_else() -> None:
    page = replaced(PAGE, "faults", "new \\1")
    assert "new \\1" in page
    assert "old" not in page
    assert page.endswith("after\n")
    assert replaced(page, "faults", "new \\1") == page


def test_a_section_that_the_page_has_not_is_refused() -> None:
    with pytest.raises(NoSuchSectionError):
        replaced(PAGE, "weather", "")


def test_a_cell_cannot_begin_another() -> None:
    section = Section([Table(["x"], [["a | b\nc"]], "Title")], "Said.")
    assert rendered(section).splitlines() == [
        "Said.",
        "",
        "### Title",
        "",
        "| x |",
        "| --- |",
        "| a \\| b c |",
    ]


def test_a_run_that_is_too_small_for_the_page_leaves_what_an_earlier_one_saw(
    tmp_path: Path,
) -> None:
    earlier = Section([], "a long one")
    assert keep({"soak": earlier, "kind": earlier}, "", tmp_path).endswith("--write soak kind")
    said = keep({"soak": Section([], "a short one")}, "10,000 Detections", tmp_path)
    assert said == "No figures for the page: that takes 10,000 Detections."
    assert Section.load("soak", tmp_path) == Section.load("kind", tmp_path) == earlier


def test_a_section_is_as_it_was_saved(tmp_path: Path) -> None:
    section = Section([Table(["x"], [["y"]], "z")], "said")
    section.save("soak", tmp_path)
    assert Section.load("soak", tmp_path) == section


def test_faults_are_in_the_order_that_is_expected(tmp_path: Path) -> None:
    for slug in ("second", "first"):
        seen(fault=slug).save(slug, tmp_path)
    (table,) = faults([Expected("All", ["first", "second"])], tmp_path).tables
    assert [row[0] for row in table.rows] == ["first", "second"]


def test_a_story_that_failed_leaves_no_row(tmp_path: Path) -> None:
    seen().save("a", tmp_path)
    forget("a", tmp_path)
    with pytest.raises(MissingResultsError, match=r"skipped, or failed, or .* run: a$"):
        faults([Expected("All", ["a"])], tmp_path)


class Config:
    """What pytest was asked for."""

    def __init__(self, *arguments: str, keyword: str = "") -> None:
        self.args = [*arguments]
        self.invocation_params = SimpleNamespace(dir=fresh.STORIES.parents[2])
        self.option = SimpleNamespace(keyword=keyword, markexpr="", collectonly=False)


@pytest.mark.parametrize("arguments", [["tests"], ["tests/pipeline", "tests/story/faults"], ["."]])
def test_a_story_that_is_skipped_has_no_row_of_an_earlier_run(
    tmp_path: Path, arguments: list[str]
) -> None:
    seen().save("a", tmp_path)
    fresh.begin(Config(*arguments), tmp_path)  # type: ignore[arg-type]  # as much of it as is used
    with pytest.raises(MissingResultsError):
        faults([Expected("All", ["a"])], tmp_path)


@pytest.mark.parametrize(
    "config",
    [
        Config("tests/pipeline"),
        Config("tests/story/faults/test_clips.py"),
        Config("tests/story/faults::test_a"),
        Config("tests", keyword="clips"),
    ],
    ids=lambda config: " ".join([*config.args, config.option.keyword]),
)
def test_who_picks_a_few_stories_keeps_the_rows_of_the_others(
    tmp_path: Path, config: Config
) -> None:
    seen().save("a", tmp_path)
    fresh.begin(config, tmp_path)  # type: ignore[arg-type]  # as above
    faults([Expected("All", ["a"])], tmp_path)


def test_a_worker_keeps_what_other_workers_have_seen(tmp_path: Path) -> None:
    seen().save("a", tmp_path)
    worker = Config("tests")
    worker.workerinput = {}  # type: ignore[attr-defined]  # which tells it apart
    fresh.begin(worker, tmp_path)  # type: ignore[arg-type]  # as above
    faults([Expected("All", ["a"])], tmp_path)


def test_figures_say_on_what_they_were_made() -> None:
    assert re.fullmatch(
        r"20\d\d-\d\d-\d\d, on \d+ cores \(\w+\), Python 3\.[.\w]+, Home Assistant 20[.\w]+\.",
        results.machine(),
    )


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A page, and a run that has observed one fault of each group."""
    path = tmp_path / "page.md"
    path.write_text(PAGE)
    monkeypatch.setattr(tool, "PAGE", path)
    monkeypatch.setattr(tool, "observed", lambda name: _observed(name, tmp_path))
    seen().save("a", tmp_path)
    return path


def _observed(name: str, folder: Path) -> Section:
    return (
        faults([Expected("All", ["a"])], folder)
        if name == tool.FAULTS
        else Section.load(name, folder)
    )


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["reliability", *arguments])
    return tool.main()


def test_a_page_that_says_something_else_fails_the_check_until_it_is_written(
    page: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "--check") == 1
    assert "+| a \\| b | c | d | e | f g |" in capsys.readouterr().err
    assert page.read_text() == PAGE

    assert run(monkeypatch, "--write") == 0
    assert run(monkeypatch, "--check") == 0
    seen(sighting="something else").save("a", page.parent)
    assert run(monkeypatch, "--check") == 1


def test_figures_are_written_when_they_are_asked_for(
    page: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(monkeypatch, "--write", "soak") == 1, "nothing was run"
    Section([Table(["n"], [["10,000"]])], "Two hours.").save("soak", page.parent)
    assert run(monkeypatch, "--write", "soak") == 0
    assert "Two hours.\n\n| n |" in page.read_text()


def test_the_real_page_has_a_section_for_everything_that_is_observed() -> None:
    page = (Path(results.__file__).parents[2] / "docs" / "reliability.md").read_text()
    for name in ("faults", "kill", "soak", "pressure", "hostile", "kind"):
        replaced(page, name, "")
    for group in GROUPS:
        assert f"### {group.title}" in page
