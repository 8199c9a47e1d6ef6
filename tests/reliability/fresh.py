"""Lets a run of all stories of faults begin without what an earlier one has seen."""

from pathlib import Path

import pytest

from .results import RESULTS, forget_faults

STORIES = Path(__file__).parents[1] / "story" / "faults"


def begin(config: pytest.Config, folder: Path = RESULTS) -> None:
    """Forget what was seen, if every story is to be run.

    A worker of pytest-xdist forgets nothing: others have begun to write. Nor does who picks out a
    few stories, to write their rows beside those that are there.
    """
    is_worker = hasattr(config, "workerinput")
    option = config.option
    picks = option.keyword or option.markexpr or option.collectonly
    if not is_worker and not picks and runs_all(config.args, config.invocation_params.dir):
        forget_faults(folder)


def runs_all(arguments: list[str], folder: Path) -> bool:
    """Say whether a command line with these arguments, given in that folder, runs every story."""
    return any(STORIES.is_relative_to((folder / each).resolve()) for each in arguments)
