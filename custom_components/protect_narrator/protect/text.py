"""Names from the console, made harmless."""

# Of a plate, a person or a zone; longer ones would make the stored Sighting too large.
_LONGEST_NAME = 40


def plain(name: str) -> str:
    """Return the name on one short line and without what cannot be printed."""
    printable = "".join(char if char.isprintable() else " " for char in name)
    return " ".join(printable.split())[:_LONGEST_NAME].rstrip()
