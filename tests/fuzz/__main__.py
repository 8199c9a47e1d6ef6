"""Break things from outside by the thousand; ends non-zero when one does harm.

    ./script/fuzz                               5,000 of each kind
    ./script/fuzz --kind mp4 --each 200 --seed 7
    ./script/fuzz --open FILE --kind mp4        one that was kept, again

Harm is a process that dies or hangs, an error that is none of ours, and more time or memory
than a bound. What does harm is kept in .cache/fuzz/.
"""

import argparse
from dataclasses import asdict
import json
from pathlib import Path
import sys
from tempfile import TemporaryDirectory

from .figures import section
from .kinds import KINDS
from .runner import Process, Tally, harm, process, run

_KEPT = Path(__file__).parents[2] / ".cache" / "fuzz"
_TELL_EVERY = 500


def main() -> int:
    """Return 0 when nothing did harm."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--each", type=int, default=5_000, help="cases of each kind")
    parser.add_argument("--seed", type=int, default=1, help="what all randomness comes from")
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--kind", choices=KINDS, help="a single kind")
    parser.add_argument("--json", type=Path, help="write the result there")
    parser.add_argument("--keep", type=Path, default=_KEPT, help="where to keep what does harm")
    parser.add_argument("--open", type=Path, help="open this file instead; needs --kind")
    asked = parser.parse_args()
    if asked.open is not None and asked.kind is None:
        parser.error("--open needs --kind")
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
    if asked.kind is None:
        section(tallies, asked.seed).save("hostile")
    if asked.json is not None:
        asked.json.write_text(json.dumps([asdict(tally) for tally in tallies], indent=1))
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


if __name__ == "__main__":
    sys.exit(main())
