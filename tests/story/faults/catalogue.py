"""All faults, in the order of the table."""

from tests.reliability.results import Expected

from .agents import AGENTS, ODD_AGENTS
from .clips import CLIPS, PICTURES
from .disks import DISKS, ODD_DISKS
from .fault import Fault
from .house import BUGS, CLOCKS, DATABASE
from .lines import LIFE, LINES
from .news import NEWS, ODD_NEWS
from .overload import OVERLOAD

FAMILIES: dict[str, tuple[Fault, ...]] = {
    "The clip": CLIPS,
    "The pictures that take its place": PICTURES,
    "The console and the lines to it": (*LINES, *LIFE),
    "What Protect tells": (*NEWS, *ODD_NEWS),
    "Too much at once": OVERLOAD,
    "The AI": (*AGENTS, *ODD_AGENTS),
    "The disk": (*DISKS, *ODD_DISKS),
    "The database": DATABASE,
    "The clocks": CLOCKS,
    "Bugs": BUGS,
}

GROUPS = [Expected(title, [fault.slug for fault in faults]) for title, faults in FAMILIES.items()]
