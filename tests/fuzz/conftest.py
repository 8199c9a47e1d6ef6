"""What the tests with broken things share."""

from collections.abc import Iterator

import pytest

from .runner import Process, process


@pytest.fixture(scope="package")
def child(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """Return a process that may crash, and is started anew then."""
    with process(tmp_path_factory.mktemp("child")) as made:
        yield made
