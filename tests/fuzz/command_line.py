"""Break things from outside by the thousand; ends non-zero when one does harm.

    ./script/fuzz                               5,000 of each kind
    ./script/fuzz --kind mp4 --each 200 --seed 7
    ./script/fuzz --open FILE --kind mp4        one that was kept, again

Harm is a process that dies or hangs, an error that is none of ours, and more time or memory
than a bound. What does harm is kept in .cache/fuzz/. The page about reliability takes 5,000 of
each kind: a smaller run leaves its figures alone.
"""

import argparse
from pathlib import Path

# Those of KINDS, which knows how they are opened and imports Home Assistant for it.
NAMES = ("mp4", "jpeg", "answer", "frame")

_KEPT = Path(__file__).parents[2] / ".cache" / "fuzz"


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; ends the program when it makes no sense."""
    parser = argparse.ArgumentParser(
        prog="./script/fuzz",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--each", type=int, default=5_000, metavar="N", help="cases of each kind; 5,000 if not said"
    )
    parser.add_argument(
        "--seed", type=int, default=1, help="what all randomness comes from; 1 if not said"
    )
    parser.add_argument(
        "--first", type=int, default=0, metavar="N", help="number of the first case; 0 if not said"
    )
    parser.add_argument("--kind", choices=NAMES, help="a single kind; all if not said")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result there")
    parser.add_argument(
        "--keep",
        type=Path,
        default=_KEPT,
        metavar="DIR",
        help="where to keep what does harm; .cache/fuzz if not said",
    )
    parser.add_argument(
        "--open", type=Path, metavar="FILE", help="open this file instead; needs --kind"
    )
    asked = parser.parse_args(arguments)
    if asked.open is not None and asked.kind is None:
        parser.error("--open needs --kind")
    return asked
