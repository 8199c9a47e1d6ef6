"""Faults of what Protect tells of an event, and of the cameras it tells it of."""

from custom_components.protect_narrator.const import CONF_LONGEST_OPEN
from simulator.console import Channel, Ends

from .fault import Fault, switched
from .stage import Stage


async def _tells_strange_things(stage: Stage) -> None:
    """Send what no client knows: models, types and fields of other releases, and noise."""
    console, strange = stage.console, "f" * 24
    await console.send_noise()
    await console.send_private("add", "smartDetectObject", strange, {"event": strange})
    await console.send_private("update", "tomorrowsModel", strange, {"what": [1, {"x": None}]})
    event = {"type": "tomorrowsEvent", "start": 1, "end": None, "camera": stage.camera.id}
    await console.send_private("add", "event", strange, {"id": strange, **event})
    await console.send_public(
        "add",
        {"id": strange, "modelKey": "event", "device": stage.camera.id, **event},
    )
    await console.send_public("rename", {"id": strange, "modelKey": "tomorrowsModel"})


NEWS = (
    Fault(
        name="every frame comes twice",
        seen="uiprotect, measured",
        play=switched(repeat_frames=True),
    ),
    Fault(
        name="frames come out of order: an end before its beginning",
        seen="uiprotect, after a reconnect",
        play=switched(reorder=True),
        options={CONF_LONGEST_OPEN: 1},
    ),
    Fault(
        name="what was seen is said only with the end",
        seen="core#124967",
        play=switched(late_labels=True),
    ),
    Fault(
        name="an end that the console knows, and the websockets do not tell",
        seen="core#166166",
        play=switched(ends=Ends.UNTOLD),
        options={CONF_LONGEST_OPEN: 1},
    ),
    Fault(
        name="an end that never comes",
        seen="core#166166",
        play=switched(ends=Ends.NEVER),
        options={CONF_LONGEST_OPEN: 1},
    ),
    Fault(
        name="ids with the camera's id at their end",
        seen="users of Protect 7",
        play=switched(suffixed_ids=frozenset(Channel)),
    ),
    Fault(
        name="unknown models, types and noise on the websockets",
        seen="uiprotect#875",
        play=_tells_strange_things,
    ),
)

LATE_END = Fault(name="an end that comes minutes late", seen="core#166166")
PACKAGE = Fault(name="a package, over before it is told", seen="uiprotect#875")
ONE_VISIT = Fault(
    name="one visit told as several events at once",
    seen="core's users; cooldowns that blind a camera (LLM Vision)",
)
SAME_ID = Fault(name="one id again over zone, line and loitering", seen="core")
LATE_PLATE = Fault(name="a plate that is read after the end", seen="core, which waits 3 s")
REMOVED = Fault(name="the camera is removed during a Detection", seen="uiprotect's KeyError")
RENAMED = Fault(name="the camera is renamed during a Detection", seen="users")

ODD_NEWS = (LATE_END, PACKAGE, ONE_VISIT, SAME_ID, LATE_PLATE, REMOVED, RENAMED)
