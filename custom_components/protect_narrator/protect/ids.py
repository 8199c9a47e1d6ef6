"""What a console calls things for itself: it goes into addresses and keys, and is an id only."""

import re

# Protect's are UUIDs, or 24 hex digits with or without another's behind them.
_PLAIN = re.compile(r"[0-9A-Za-z_-]{1,64}")

# Twelve hex digits; of cameras of other makers it is not known whether always.
_MAC = re.compile(r"[0-9A-Z]{1,32}")


def plain_id(value: object) -> str | None:
    """Return the id, or None for what is none: a path, an address, a text of megabytes."""
    return value if isinstance(value, str) and _PLAIN.fullmatch(value) else None


def plain_mac(value: object) -> str | None:
    """Return the MAC address without punctuation, in capitals, or None for what is none."""
    mac = value.replace(":", "").replace("-", "").upper() if isinstance(value, str) else ""
    return mac if _MAC.fullmatch(mac) else None
