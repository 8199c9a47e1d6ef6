"""What can go wrong with a model, as a small vocabulary."""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Self


class Failure(Enum):
    """The ways in which an answer is not what was asked for."""

    ERROR = auto()
    """An HTTP error with Ollama's JSON body."""

    ERROR_MIDWAY = auto()
    """Status 200, half of the answer, then a line that says ``error``: out of memory, say."""

    CUT_OFF = auto()
    """Status 200, half of the answer, then the connection is closed."""

    BROKEN = auto()
    """Status 200 and a body that is no JSON: a proxy's page in front of the server."""

    LEFT = auto()
    """No answer: the connection is closed, as by a server that is killed while it thinks."""

    UNFINISHED = auto()
    """An answer that ends in the middle of its JSON, in good order: out of tokens."""

    HANG = auto()
    """No answer until the client gives up."""

    SLOW = auto()
    """The right answer, late."""

    EMPTY = auto()
    """An answer without a word."""

    GARBAGE = auto()
    """Words that are neither JSON nor sense."""

    UNFIT = auto()
    """A JSON object with none of the fields that were asked for."""

    REFUSAL = auto()
    """A polite no: plain text, or a JSON string where JSON was asked for."""


@dataclass(frozen=True, slots=True)
class ModelFault:
    """One failure of ``POST /api/chat``, for the first ``calls`` calls or (None) for ever."""

    failure: Failure
    calls: int | None = None
    status: int = 500
    """HTTP status of ERROR."""

    seconds: float = 0.0
    """How late SLOW is."""

    @classmethod
    def error(cls, status: int = 500, *, calls: int | None = None) -> Self:
        """Answer with that HTTP status."""
        return cls(Failure.ERROR, calls, status=status)

    @classmethod
    def error_midway(cls, *, calls: int | None = None) -> Self:
        """Begin an answer and then report an error in it."""
        return cls(Failure.ERROR_MIDWAY, calls)

    @classmethod
    def cut_off(cls, *, calls: int | None = None) -> Self:
        """Begin an answer and close the connection."""
        return cls(Failure.CUT_OFF, calls)

    @classmethod
    def broken(cls, *, calls: int | None = None) -> Self:
        """Answer with what is not Ollama's protocol."""
        return cls(Failure.BROKEN, calls)

    @classmethod
    def left(cls, *, calls: int | None = None) -> Self:
        """Close the connection instead of answering."""
        return cls(Failure.LEFT, calls)

    @classmethod
    def unfinished(cls, *, calls: int | None = None) -> Self:
        """Answer with half of the words, as if that were all."""
        return cls(Failure.UNFINISHED, calls)

    @classmethod
    def hang(cls, *, calls: int | None = None) -> Self:
        """Never answer."""
        return cls(Failure.HANG, calls)

    @classmethod
    def slow(cls, seconds: float, *, calls: int | None = None) -> Self:
        """Answer rightly, but so many seconds late."""
        return cls(Failure.SLOW, calls, seconds=seconds)

    @classmethod
    def empty(cls, *, calls: int | None = None) -> Self:
        """Answer without a word."""
        return cls(Failure.EMPTY, calls)

    @classmethod
    def garbage(cls, *, calls: int | None = None) -> Self:
        """Answer with nonsense."""
        return cls(Failure.GARBAGE, calls)

    @classmethod
    def unfit(cls, *, calls: int | None = None) -> Self:
        """Answer with valid JSON that fits no structure."""
        return cls(Failure.UNFIT, calls)

    @classmethod
    def refusal(cls, *, calls: int | None = None) -> Self:
        """Decline to answer."""
        return cls(Failure.REFUSAL, calls)
