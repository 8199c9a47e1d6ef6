"""``python -m tests.soak``; see ``script/soak`` for how it is started."""

import sys

from .command_line import parse

if __name__ == "__main__":
    asked = parse()
    # Only now: this imports Home Assistant and renders films, and --help is to answer at once.
    from .tool import main

    sys.exit(main(asked))
