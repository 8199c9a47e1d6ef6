"""Put into docs/reliability.md what the last run observed, or check that it stands there.

    python -m tests.reliability --check            the table of faults is what was observed
    python -m tests.reliability --write            write it
    python -m tests.reliability --write soak kill  write figures of other runs

Figures are written on request and not checked: they differ from run to run and from machine to
machine. What the faults look like to a user does not.
"""

import argparse
from difflib import unified_diff
from pathlib import Path
import sys

from tests.story.faults.catalogue import GROUPS

from .document import NoSuchSectionError, rendered, replaced
from .results import MissingResultsError, Section, faults

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
FAULTS = "faults"


def observed(name: str) -> Section:
    """Return what the last run of that name saw. Raises MissingResultsError."""
    return faults(GROUPS) if name == FAULTS else Section.load(name)


def main() -> int:
    """Return 0 when all is written, or stands there as it was observed."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.reliability",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--check", action="store_true", help="fail where the page says otherwise")
    what.add_argument("--write", nargs="*", metavar="SECTION", help="the faults, unless named")
    asked = parser.parse_args()
    names = [FAULTS] if asked.check else asked.write or [FAULTS]
    before = after = PAGE.read_text()
    try:
        for name in names:
            after = replaced(after, name, rendered(observed(name)))
    except (MissingResultsError, NoSuchSectionError) as err:
        print(f"{PAGE.name}: {err}", file=sys.stderr)
        return 1
    if asked.check:
        return _compared(before, after)
    PAGE.write_text(after)
    return 0


def _compared(committed: str, seen: str) -> int:
    if committed == seen:
        return 0
    names = (f"{PAGE.name}, as committed", f"{PAGE.name}, as observed")
    lines = unified_diff(committed.splitlines(), seen.splitlines(), *names, lineterm="", n=0)
    print("\n".join(lines), file=sys.stderr)
    print(
        "\nUsers are told something else than what happens. If what happens is right:\n"
        "python -m tests.reliability --write",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
