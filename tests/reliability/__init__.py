"""What runs have observed of the project's promises, and the page that tells of it.

A run leaves what it saw as JSON in ``.cache/reliability``; ``python -m tests.reliability`` puts it
between the marks of its section in ``docs/reliability.md``, or checks that it stands there.
"""
