"""Every fault that was seen, played: what the Sighting says, and what else the user sees.

``catalogue`` lists them. A story leaves in ``.cache/reliability/faults`` what it observed; that is
the table in ``docs/reliability.md``.
"""

import pytest

# What they assert shows its values, as in a test.
pytest.register_assert_rewrite("tests.story.faults.playing", "tests.story.faults.stage")
