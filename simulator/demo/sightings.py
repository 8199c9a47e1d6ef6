"""Prints Sightings for people."""

from datetime import datetime
import textwrap

from .client import Json

_INDENT = " " * 10


def readable(sighting: Json) -> str:
    """Return a bus event's data as a few lines of text."""
    start = datetime.fromisoformat(sighting["start"]).astimezone()
    lost = ", ".join(sighting["fallbacks"]) or "nothing"
    count = sighting["frame_count"]
    since = "its beginning (first words)" if sighting["phase"] == "first" else "its end"
    facts = (
        f"{', '.join(sighting['labels'])} · importance {sighting['importance']} · "
        f"shown to the AI: {sighting['medium']} ({count} picture{'s' if count != 1 else ''}) · "
        f"lost on the way: {lost} · {sighting['total_s']:.1f} s after {since}"
    )
    return "\n".join(
        [
            f"{start:%H:%M:%S}  {sighting['camera_name']}: {sighting['title']}",
            *_wrapped(sighting["description"]),
            *_wrapped(facts),
        ]
    )


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, 96, initial_indent=_INDENT, subsequent_indent=_INDENT)
