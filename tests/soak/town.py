"""Two houses' worth of consoles and cameras, and which Detection happens at which of them."""

from simulator.console import Camera

CONSOLES = 2
CAMERAS = 10  # at each

_MAC = 0xF4E2C6A0B0C0


def mac_of(console: int) -> str:
    """Return the console's MAC address."""
    return f"{_MAC + console:012X}"


def cameras_of(console: int) -> list[Camera]:
    """Return its cameras; the first is a doorbell."""
    return [
        Camera.make(console * CAMERAS + number, is_doorbell=number == 0)
        for number in range(CAMERAS)
    ]


def console_of(number: int) -> int:
    """Return which console the Detection happens at."""
    return number % CONSOLES


def camera_of(number: int) -> int:
    """Return at which of its cameras."""
    return number // CONSOLES % CAMERAS


def event_id_of(number: int) -> str:
    """Return Protect's id of the Detection's one event."""
    return f"{number:024x}"


def number_of(event_id: str) -> int:
    """Return which Detection the event belongs to."""
    return int(event_id, 16)
