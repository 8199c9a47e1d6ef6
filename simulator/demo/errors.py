"""What ends the demo."""


class DemoError(Exception):
    """The demo cannot go on; the message says why, for whoever started it."""
