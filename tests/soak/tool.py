"""Run, print the tables, and fail when a promise is not kept."""

import argparse
import asyncio
import json
from pathlib import Path
import sys
import tempfile

from homeassistant.runner import create_event_loop

from tests.reliability.results import keep

from .complaints import listen
from .figures import lacking, sections
from .report import report
from .run import Outcome, Wanted, soak


def _run(asked: argparse.Namespace, folder: Path) -> Outcome:
    wanted = Wanted(
        detections=asked.detections,
        seed=asked.seed,
        minutes=asked.minutes,
        at_once=asked.at_once,
        open_loop=asked.open_loop,
    )
    complaints = listen(folder / "soak.log")
    run = soak(wanted, folder, complaints, lambda line: print(line, flush=True))
    outcome = asyncio.run(run, loop_factory=create_event_loop)
    for complaint in complaints.kept:
        print(f"complaint: {complaint}")
    return outcome


def main(asked: argparse.Namespace) -> int:
    """Return 0 when every promise is kept."""
    try:
        if asked.keep is not None:
            asked.keep.mkdir(parents=True, exist_ok=True)
            outcome = _run(asked, asked.keep.resolve())
        else:
            with tempfile.TemporaryDirectory(prefix="protect-narrator-soak-") as folder:
                outcome = _run(asked, Path(folder))
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    for line in report(outcome.figures, outcome.book):
        print(line)
    figures = outcome.figures.as_json()
    if asked.json is not None:
        asked.json.write_text(json.dumps(figures, indent=2) + "\n")
    print(keep(sections(outcome.figures, outcome.book), lacking(outcome.figures)))
    return 0 if figures["kept"] else 1
