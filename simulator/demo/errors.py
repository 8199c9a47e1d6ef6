"""What ends the demo."""

from collections.abc import Iterator


class DemoError(Exception):
    """The demo cannot go on; the message says why, for whoever started it."""


def flat(errors: BaseExceptionGroup[DemoError]) -> Iterator[DemoError]:
    """Yield the errors of a group, however deep they are in it."""
    for error in errors.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from flat(error)
        else:
            yield error
