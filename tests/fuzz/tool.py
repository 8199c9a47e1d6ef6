"""Break, open, and tell what did harm."""

import argparse
from dataclasses import asdict
import json
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.reliability.results import keep

from .figures import lacking, section
from .kinds import KINDS
from .runner import Process, Tally, harm, process, run

_TELL_EVERY = 500


def main(asked: argparse.Namespace) -> int:
    """Return 0 when nothing did harm."""
    with TemporaryDirectory() as scratch, process(Path(scratch)) as child:
        if asked.open is not None:
            return _open(child, asked.kind, asked.open)
        tallies = []
        for kind in (asked.kind,) if asked.kind else KINDS:
            numbers = range(asked.first, asked.first + asked.each)
            for tally in run(child, kind, numbers, asked.seed, asked.keep):
                if tally.cases % _TELL_EVERY == 0:
                    print(_line(tally), flush=True)
            _show(tally)
            tallies.append(tally)
    if asked.json is not None:
        asked.json.write_text(json.dumps([asdict(tally) for tally in tallies], indent=1))
    print(keep({"hostile": section(tallies, asked.seed)}, lacking(tallies)))
    return 1 if any(tally.findings for tally in tallies) else 0


def _open(child: Process, kind: str, path: Path) -> int:
    result = child.open({"kind": kind, "seed": path.name, "file": str(path.absolute())})
    print(json.dumps(result, indent=1))
    what = harm(kind, result)
    print(what or "no harm")
    return 1 if what else 0


def _line(tally: Tally) -> str:
    return (
        f"{tally.kind}: {tally.cases} cases in {tally.seconds:.0f} s, "
        f"{len(tally.findings)} did harm; slowest {tally.slowest[0]:.2f} s "
        f"({tally.slowest[1]}), most {tally.most_kib[0] / 1024:.0f} MiB ({tally.most_kib[1]})"
    )


def _show(tally: Tally) -> None:
    print(_line(tally))
    for told, count in tally.told.most_common(12):
        print(f"  {count:6} {told}")
    for finding in tally.findings:
        print(
            f"  HARM {finding.seed}: {finding.what.strip().splitlines()[-1]}\n       {finding.file}"
        )
