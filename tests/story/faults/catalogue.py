"""All faults, in the order of the table."""

from tests.reliability.results import Expected

from .clips import CLIPS, PICTURES
from .fault import Fault
from .lines import LIFE, LINES
from .news import NEWS, ODD_NEWS

FAMILIES: dict[str, tuple[Fault, ...]] = {
    "The clip": CLIPS,
    "The pictures that take its place": PICTURES,
    "The console and the lines to it": (*LINES, *LIFE),
    "What Protect tells": (*NEWS, *ODD_NEWS),
}

GROUPS = [Expected(title, [fault.slug for fault in faults]) for title, faults in FAMILIES.items()]
