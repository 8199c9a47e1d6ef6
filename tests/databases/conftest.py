"""Here the recorder stores in each database in turn."""

import pytest


@pytest.fixture
def recorder_db_url(database_url: str) -> str:
    """The database that the test runs on."""
    return database_url
