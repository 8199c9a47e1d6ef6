"""Faults of Home Assistant's database and of the clocks; and a bug."""

from .fault import Fault

RECORDER_OFF = Fault(name="the recorder is off", seen="users who spare their card")
LOCKED = Fault(name="the database is locked for seconds", seen="LLM Vision #550: 1,200 times")

DATABASE = (RECORDER_OFF, LOCKED)

CONSOLE_AHEAD = Fault(name="the console's clock is 6 h ahead", seen="unifi-protect-backup#248")
CONSOLE_BEHIND = Fault(name="the console's clock is 6 h behind", seen="unifi-protect-backup#248")
JUMP_AHEAD = Fault(
    name="Home Assistant's clock jumps 6 h ahead during a Detection", seen="boards without a clock"
)
JUMP_BACK = Fault(
    name="Home Assistant's clock jumps 6 h back during a Detection", seen="boards without a clock"
)

CLOCKS = (CONSOLE_AHEAD, CONSOLE_BEHIND, JUMP_AHEAD, JUMP_BACK)

CHANGED_CALL = Fault(
    name="the client library's calls have changed: TypeError",
    seen="ArgusAI: approved and green, then silently dead",
)

BUGS = (CHANGED_CALL,)
