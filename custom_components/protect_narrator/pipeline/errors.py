"""The errors that are expected, each with the stable code users see as fallback detail.

Anything that is not a NarratorError is a bug and is treated as one.
"""

from .models import FallbackDetail, FallbackReason


class NarratorError(Exception):
    """Something outside of us failed in a way that was foreseen."""

    def __init__(self, detail: FallbackDetail, message: str) -> None:
        """Keep the code beside the message for the log (no secrets, no user data)."""
        super().__init__(message)
        self.detail = detail


class MediaError(NarratorError):
    """The console did not hand over a clip or a picture."""

    def __init__(
        self,
        detail: FallbackDetail,
        message: str,
        *,
        retriable: bool = True,
        early: bool = False,
        trouble: bool = False,
        retry_after_s: float | None = None,
    ) -> None:
        """Say with ``retriable`` whether the same request may succeed later.

        ``early`` is how a console answers that has not written the recording yet. ``trouble``
        is the console's own: it fails whatever it is asked. ``retry_after_s`` is when it wants
        to be asked again, not negative; None where it does not say.
        """
        super().__init__(detail, message)
        self.retriable = retriable
        self.early = early
        self.trouble = trouble
        self.retry_after_s = retry_after_s


class StorageError(NarratorError):
    """The media folder could not take a file."""


class ClipUnreadableError(NarratorError):
    """A complete body arrived, but it is no video that can be decoded."""


class AgentError(NarratorError):
    """The agent was asked and did not answer usably."""

    def __init__(self, detail: FallbackDetail, message: str, *, remark: str = "") -> None:
        """Keep what the agent is told about it when it is asked again; nothing it said itself."""
        super().__init__(detail, message)
        self.remark = remark


class AgentUnavailableError(NarratorError):
    """There is no agent that could be asked at present."""


class NotTakenError(NarratorError):
    """What somebody asked for cannot be described now: too much is unfinished, or it is closed."""


class NoWordsError(NarratorError):
    """What was told already could not be described again: the earlier words stay."""

    def __init__(self, reason: FallbackReason, detail: FallbackDetail) -> None:
        """Keep why there are no new words."""
        super().__init__(detail, f"{reason}: the earlier words stay")
        self.reason = reason


class OverBudgetError(NarratorError):
    """The user's limit of AI calls is reached."""
