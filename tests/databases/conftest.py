"""Here the recorder stores in each database in turn."""

from .fixtures import recorder_db_url  # noqa: F401 - a fixture
