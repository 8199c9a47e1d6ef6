"""A console that fails at every clip, and more Detections than can be looked at."""

from .fault import Fault

PAUSED = Fault(
    name="every clip fails, until none is asked for any more",
    seen="unifi-protect-backup#95, #202, #229: consoles that hang under exports",
)
FLOOD = Fault(
    name="more Detections wait than may (tests/story/test_flood.py: 1,000 in 10 s)",
    seen="wind, rain and headlights",
)

OVERLOAD = (PAUSED, FLOOD)
