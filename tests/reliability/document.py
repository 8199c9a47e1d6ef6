"""The page, and the marks between which a run's observations stand."""

from collections.abc import Sequence
import re

from .results import Section, Table


class NoSuchSectionError(Exception):
    """The page has no such marks."""


def _marks(name: str) -> tuple[str, str]:
    return f"<!-- observed: {name} -->", f"<!-- end: {name} -->"


def replaced(page: str, name: str, content: str) -> str:
    """Return the page with that content between the marks. Raises NoSuchSectionError."""
    begin, end = _marks(name)
    pattern = re.compile(f"{re.escape(begin)}\n.*?{re.escape(end)}", re.DOTALL)
    text = f"{begin}\n\n{content.strip()}\n\n{end}"
    changed, count = pattern.subn(lambda _: text, page)
    if count != 1:
        raise NoSuchSectionError(f"the page has {count} sections named {name}")
    return changed


def rendered(section: Section) -> str:
    """Return the section as Markdown."""
    parts = [section.said] if section.said else []
    for table in section.tables:
        if table.title:
            parts.append(f"### {table.title}")
        parts.append(_table(table))
    return "\n\n".join(parts)


def _table(table: Table) -> str:
    lines = [_row(table.columns), _row(["---"] * len(table.columns))]
    lines += [_row(row) for row in table.rows]
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(_cell(each) for each in cells)} |"


def _cell(text: str) -> str:
    """Return the text as one cell: a bar or a line's end would begin another."""
    return " ".join(text.replace("|", "\\|").split())
