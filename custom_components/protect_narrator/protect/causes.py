"""What uiprotect raises, and what it means."""

from http.cookies import CookieError

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
