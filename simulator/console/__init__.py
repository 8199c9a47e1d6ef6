"""A UniFi Protect console on loopback TLS, with a switch for everything that goes wrong.

>>> async with Console(cameras=[Camera.make(1)], recording=recorder) as console:
...     console.faults.export = [Reply.not_ready(), Reply.truncated()]
...     await console.detect(console.cameras[0].id, labels=("person",))

It speaks the wire as an unmodified ``uiprotect`` client expects it and shares no code with it.
"""

from .console import Console
from .faults import Content, Ending, Ends, Faults, Plan, Reply, Script, Socket, at_random
from .models import Camera, Channel, Event, Recording, Request
from .wire import authority_pem

__all__ = [
    "Camera",
    "Channel",
    "Console",
    "Content",
    "Ending",
    "Ends",
    "Event",
    "Faults",
    "Plan",
    "Recording",
    "Reply",
    "Request",
    "Script",
    "Socket",
    "at_random",
    "authority_pem",
]
