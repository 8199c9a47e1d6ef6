"""What is asked for on the command line."""

import argparse
from pathlib import Path


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; ends the program when it makes no sense."""
    parser = argparse.ArgumentParser(
        prog="./script/soak",
        description="Runs, prints the tables, and fails when a promise is not kept.",
        epilog="The page about reliability takes 10,000, or 2,000 of an open loop: a smaller run "
        "leaves its figures alone.",
    )
    parser.add_argument(
        "--detections", type=int, default=10_000, metavar="N", help="how many; 10,000 if not said"
    )
    parser.add_argument(
        "--seed", type=int, default=1, help="which faults hit which Detections; 1 if not said"
    )
    parser.add_argument(
        "--minutes", type=float, default=40, help="longer than that is a failure; 40 if not said"
    )
    parser.add_argument(
        "--at-once",
        type=int,
        default=100,
        metavar="N",
        help="Detections under way; 100 if not said",
    )
    parser.add_argument(
        "--open-loop",
        type=float,
        metavar="N",
        help="Detections a second, told in time or not; if not said, --at-once are kept under way",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="an empty folder to run in, which stays"
    )
    return parser.parse_args(arguments)
