"""What the log is told of an exception: types and places, and nothing that came from outside.

A traceback as Python writes it ends with the exception's message, and a message holds whatever
its author thought helpful: the plate that was no number, the prompt that was too long, the key
that was refused. What stays is what stands in source code: where it happened, of which type it
is, and of the interpreter's own messages the words of our own source; and the number of a
server's refusal, which tells a key that expired from a limit that is used up.
"""

import builtins
from collections.abc import Iterator
import dis
import inspect
import logging
import re
from types import CodeType, TracebackType

from .errors import NarratorError

# Of one exception: the outermost and the innermost frames tell the story of a recursion, too.
_FIRST_FRAMES = 10
_LAST_FRAMES = 30

# Exceptions that led to each other, and those of a group.
_MOST_LINKS = 10

# Of a message that may stay.
_LONGEST_MESSAGE = 200

_OURS = __name__.rpartition(".pipeline.")[0]

_LEFT_OUT = "(what it says is left out)"

# What the libraries of AI services, aiohttp and urllib call the HTTP status that they were given.
_STATUS = ("status_code", "status", "code")

_QUOTES = "'\""
_QUOTED = re.compile(r"'([^']*)'|\"([^\"]*)\"")

# What the interpreter says between two things that it quotes.
_BETWEEN = frozenset({" and ", ", ", ", and ", " object has no attribute ", " has no attribute "})

# Made by the interpreter of names, but for a key, which may be anything.
_OF_NAMES = (AttributeError, KeyError, NameError, TypeError)


def cautious_logger(name: str) -> logging.Logger:
    """Return the logger of that name, which writes ``frames_of`` in place of a traceback.

    For every module that logs exceptions: who is to mend one reads its frames and types in the
    message itself, where Home Assistant's list of errors shows them too.
    """
    logger = logging.getLogger(name)
    if _without_messages not in logger.filters:
        logger.addFilter(_without_messages)
    return logger


def _without_messages(record: logging.LogRecord) -> bool:
    """Turn the exception of a record into text of its message; keep the record."""
    if record.exc_info and (err := record.exc_info[1]) is not None:
        record.exc_info = record.exc_text = None
        # A single mapping as the arguments is a style that is not used here.
        args = record.args if isinstance(record.args, tuple) else ()
        record.msg, record.args = f"{record.msg}\n%s", (*args, frames_of(err))
    return True


def frames_of(err: BaseException) -> str:
    """Return the traceback of an exception and of those that led to it, in many lines."""
    return "\n".join(_told(err, _MOST_LINKS))


def _told(err: BaseException, links: int) -> Iterator[str]:
    """Yield the lines of an exception, after those of what caused it, as Python orders them."""
    earlier = err.__cause__ or (None if err.__suppress_context__ else err.__context__)
    if earlier is not None and links > 1:
        yield from _told(earlier, links - 1)
        word = "the direct cause of" if err.__cause__ else "handled during"
        yield f"\nThe above exception was {word} the following one:\n"
    if err.__traceback__ is not None:
        yield "Traceback (most recent call last):"
        yield from _frames(err.__traceback__)
    yield f"{_name_of(type(err))}: {_said(err)}{_status_of(err)}"
    if isinstance(err, BaseExceptionGroup) and links > 1:
        for number, one in enumerate(err.exceptions[:_MOST_LINKS], start=1):
            yield f"\nOf the group, number {number}:\n"
            yield from _told(one, links // 2)


def _frames(traceback: TracebackType) -> Iterator[str]:
    """Yield a line for each frame: file, line and function."""
    frames = list(_walk(traceback))
    left_out = len(frames) - _FIRST_FRAMES - _LAST_FRAMES
    for number, each in enumerate(frames):
        if left_out <= 0 or not _FIRST_FRAMES <= number < _FIRST_FRAMES + left_out:
            code = each.tb_frame.f_code
            yield f'  File "{code.co_filename}", line {each.tb_lineno}, in {code.co_name}'
        elif number == _FIRST_FRAMES:
            yield f"  ... and {left_out} more"


def _walk(traceback: TracebackType | None) -> Iterator[TracebackType]:
    while traceback is not None:
        yield traceback
        traceback = traceback.tb_next


def _status_of(err: BaseException) -> str:
    """Return the HTTP status that the exception carries, in words; empty if it has none."""
    for name in _STATUS:
        # Only what lies there: a property would be somebody else's code, run by a log line.
        status = inspect.getattr_static(err, name, None)
        if isinstance(status, int) and 100 <= status <= 599:
            return f" (HTTP status {status:d})"
    return ""


def _name_of(kind: type[BaseException]) -> str:
    return (
        kind.__qualname__
        if kind.__module__ == "builtins"
        else f"{kind.__module__}.{kind.__qualname__}"
    )


def _said(err: BaseException) -> str:
    """Return what of the message may stay.

    Our own errors are worded by us. The interpreter's words about names are needed to find a
    bug, so they stay where the innermost frame is ours and raised nothing itself; what it
    quotes has to stand in our source. All others may quote anything, an ``int('AB 123')`` too.
    """
    if isinstance(err, NarratorError):
        return str(err)[:_LONGEST_MESSAGE]
    innermost = [*_walk(err.__traceback__)][-1:]
    if not isinstance(err, _OF_NAMES) or not innermost or not _is_ours(innermost[0]):
        return _LEFT_OUT
    if _raised_itself(innermost[0]):
        return _LEFT_OUT
    words = _words(err)
    if isinstance(err, KeyError):
        key = err.args[0] if err.args else None
        return repr(key) if isinstance(key, str) and key in words else _LEFT_OUT
    return _without_strangers(str(err), words)[:_LONGEST_MESSAGE]


def _without_strangers(message: str, words: set[str]) -> str:
    """Return the message without what it quotes that is not known.

    What is quoted may have quotation marks itself, and then nobody knows where it ends: from
    where the first such thing begins, all goes up to the last mark.
    """
    begins, at = -1, 0
    for match in _QUOTED.finditer(message):
        if begins >= 0 and message[at : match.start()] not in _BETWEEN:
            break
        begins, at = match.start(), match.end()
        if (match[1] if match[1] is not None else match[2]) not in words:
            break
    else:
        if not any(mark in message[at:] for mark in _QUOTES):
            return message
    if begins < 0:
        begins = min(found for mark in _QUOTES if (found := message.find(mark)) >= 0)
    ends = max(message.rfind(mark) for mark in _QUOTES)
    return f"{message[:begins]}'…'{message[ends + 1 :]}"


def _is_ours(frame: TracebackType) -> bool:
    module = str(frame.tb_frame.f_globals.get("__name__"))
    return module == _OURS or module.startswith(f"{_OURS}.")


def _raised_itself(frame: TracebackType) -> bool:
    """Say whether a ``raise`` stands there, whose message is its author's."""
    code = frame.tb_frame.f_code.co_code
    return dis.opname[code[frame.tb_lasti]] in {"RAISE_VARARGS", "RERAISE"}


def _words(err: BaseException) -> set[str]:
    """Return names and texts of the source of those frames that are ours, and Python's own."""
    words = {*dir(builtins), "NoneType", "coroutine", "function", "module", "method"}
    for each in _walk(err.__traceback__):
        if _is_ours(each):
            words.update(each.tb_frame.f_globals)
            words.update(_words_in(each.tb_frame.f_code))
    return words


def _words_in(code: CodeType) -> Iterator[str]:
    yield from (*code.co_names, *code.co_varnames, *code.co_cellvars, *code.co_freevars)
    for constant in code.co_consts:
        if isinstance(constant, str):
            yield constant
        elif isinstance(constant, tuple):
            yield from (each for each in constant if isinstance(each, str))
