"""Whoever asks what a tool can do is answered at once, in the words that start it."""

from pathlib import Path
import re
import subprocess
import sys

import pytest

from tests.fuzz.command_line import NAMES
from tests.fuzz.kinds import KINDS

ROOT = Path(__file__).parents[2]

SCRIPTS = {"bench": "bench", "fuzz": "fuzz", "killing": "kill-test", "soak": "soak"}

# Imports that take seconds, and what says something of its own when it is imported.
SLOW = "homeassistant.components"

HELP = f"""
import runpy, sys
sys.argv[1:] = ["--help"]
try:
    runpy.run_module("MODULE", run_name="__main__")
finally:
    assert "{SLOW}" not in sys.modules, "it imports Home Assistant first"
"""


def helped(module: str) -> str:
    """Return what is printed; the rest of it would be a traceback."""
    code = HELP.replace("MODULE", module)
    done = subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize("module", SCRIPTS)
def test_help_comes_at_once_and_names_the_script(module: str) -> None:
    said = helped(f"tests.{module}")
    assert said.startswith(f"usage: ./script/{SCRIPTS[module]} ")
    assert "python -m" not in said


@pytest.mark.parametrize("module", SCRIPTS)
def test_help_says_what_a_number_is_when_it_is_not_said(module: str) -> None:
    _, _, options = helped(f"tests.{module}").partition("options:")
    for each in re.split(r"\n  (?=--)", options)[1:]:
        takes_number = re.match(r"--[\w-]+ (N|SEED|MINUTES)\b", each)
        assert not takes_number or "if not" in " ".join(each.split()), each


def test_whoever_asks_the_set_up_reads_its_head() -> None:
    done = subprocess.run(
        ["./script/setup", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("Prepare everything that the other scripts need")
    assert done.stdout.endswith("costs a moment when nothing changed.\n")
    assert done.stderr == ""


def test_every_kind_of_broken_thing_can_be_chosen() -> None:
    assert tuple(KINDS) == NAMES


@pytest.mark.parametrize("package", ["tests.bench", "tests.fuzz"])
def test_a_tool_says_nothing_of_a_library_that_it_does_not_need(package: str) -> None:
    """Home Assistant's camera component does, with a traceback, where there is no libturbojpeg."""
    code = f"import {package}.tool"
    done = subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
