"""What can be measured, and what is asked for."""

import argparse

AT_A_CONSOLE = ("memory", "throughput", "stalls", "own-time", "callbacks")
PATIENCE = "patience"
HISTORY = "history"
CHOOSING, CHOOSING_COST = OF_FILES = ("choosing", "choosing-cost")
EVERYTHING = (*AT_A_CONSOLE, PATIENCE, *OF_FILES, HISTORY)


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; ends the program when it makes no sense."""
    parser = argparse.ArgumentParser(
        prog="./script/bench",
        description="Measures, prints the table, and fails when a promise is not kept.",
        epilog="The first run makes clips and a database, some minutes long; they stay in .cache/.",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line")
    parser.add_argument(
        "--only", choices=EVERYTHING, help="a single measurement; all of them if not said"
    )
    return parser.parse_args(arguments)
