"""What can be measured, and what is asked for."""

import argparse

AT_A_CONSOLE = ("memory", "throughput", "stalls", "own-time", "callbacks")
PATIENCE = "patience"
CHOOSING, CHOOSING_COST = OF_FILES = ("choosing", "choosing-cost")
EVERYTHING = (*AT_A_CONSOLE, PATIENCE, *OF_FILES)


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; ends the program when it makes no sense."""
    parser = argparse.ArgumentParser(
        prog="./script/bench",
        description="Measures, prints the table, and fails when a promise is not kept.",
        epilog="The first run renders its clips, which takes some minutes; they stay in .cache/.",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line")
    parser.add_argument(
        "--only", choices=EVERYTHING, help="a single measurement; all of them if not said"
    )
    return parser.parse_args(arguments)
