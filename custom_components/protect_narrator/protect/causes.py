"""What uiprotect raises, and what it means."""

from http.cookies import CookieError
import logging
import re

from aiohttp import ClientConnectorCertificateError, ClientError
from uiprotect import NotAuthorized
from uiprotect.exceptions import BadRequest, NvrError, UnifiProtectError

from .access import (
    CannotConnectError,
    CertificateError,
    CloudAccountError,
    ConnectError,
    InvalidAuthError,
    RateLimitedError,
)
from .login_guard import LoginGuard, TooManyLoginsError

_LOGGER = logging.getLogger(__name__)

# How the library words it (read in its api.py).
_STATUS = re.compile(r" - Status: (\d{3}) - ")

EXPECTED = (UnifiProtectError, ClientError, TimeoutError, OSError)
"""What any request may raise. The library wraps most of it in its own errors, but not a body
that takes too long, nor a file of its log-in tokens that cannot be written."""

RUBBISH = (AttributeError, CookieError, LookupError, OverflowError, TypeError, ValueError)
"""What comes of an answer that is JSON, but not the expected one: the library does not validate
all that it reads. To be caught around nothing but its reading, and logged with the traceback."""


def connect_error(err: Exception, guard: LoginGuard) -> ConnectError:
    """Say in our words what went wrong on connecting."""
    cause = err.__cause__
    match err:
        case _ if guard.status == 429 or isinstance(cause, TooManyLoginsError):
            return RateLimitedError("the console takes no more log-ins at the moment")
        # UniFi OS asks cloud accounts for a second factor so.
        case _ if guard.status == 499:
            return CloudAccountError("the console asks for a second factor")
        case NotAuthorized():
            return InvalidAuthError("the console refused the log-in")
        case NvrError() if isinstance(cause, ClientConnectorCertificateError):
            return CertificateError("the certificate was not accepted")
        case BadRequest() if guard.refusals:
            return InvalidAuthError("the console refused the log-in")
        case _:
            return CannotConnectError(f"no console answers: {type(err).__name__}")


def kind_of(err: BaseException) -> str:
    """Return what is wrong in words for the log: the types, and the status where there is one.

    The library's own message has the answer's words in it, and these may be anybody's.
    """
    kinds = [type(err).__name__]
    if err.__cause__ is not None:
        kinds.append(type(err.__cause__).__name__)
    if (status := _STATUS.search(str(err))) is not None:
        kinds.append(f"status {status[1]}")
    return ", ".join(kinds)


class Trouble:
    """Says once in the log that the console cannot be asked for something, and once that it can."""

    def __init__(self, what: str) -> None:
        """Start without any; ``what`` is what the console is asked for."""
        self._what = what
        self._is_there = False

    def came(self, err: Exception) -> None:
        """Learn that it could not be read."""
        if not self._is_there:
            _LOGGER.warning("The console's %s cannot be read: %s", self._what, kind_of(err))
        self._is_there = True

    def passed(self) -> None:
        """Learn that it could."""
        if self._is_there:
            _LOGGER.info("The console's %s can be read again", self._what)
        self._is_there = False
