"""What a console that is asked too much says of when to come back."""

from collections.abc import Mapping

# What a console may ask for at the most: its clock, or its proxy's, may be wrong by years.
LONGEST_S = 60.0

# RFC 9110 has the header with these.
_STATUSES = {429, 503}

# More digits than any wait that is meant; Python refuses to read thousands of them.
_MOST_DIGITS = 10


def retry_after_s(status: int, headers: Mapping[str, str]) -> float | None:
    """Return the seconds that an answer asks to wait, 0 to ``LONGEST_S``; None without.

    A date is none: it could only be compared with a clock, and either may be wrong. So is
    everything else that is not a whole number.
    """
    if status not in _STATUSES:
        return None
    text = headers.get("Retry-After", "").strip()
    if not (text.isascii() and text.isdigit()):
        return None
    return min(float(text[:_MOST_DIGITS]), LONGEST_S)
