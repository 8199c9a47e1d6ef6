"""The door in: a console's events and media. Knows uiprotect, not Home Assistant."""

from .access import (
    TOKEN_FILE,
    ApiKeyOnlyError,
    CameraInfo,
    CannotConnectError,
    CertificateError,
    CloudAccountError,
    ConnectError,
    ConnectionState,
    ConsoleInfo,
    Credentials,
    InvalidApiKeyError,
    InvalidAuthError,
    NoMediaAccessError,
    RateLimitedError,
    Ways,
    WayState,
)
from .clip_stream import ClipStream
from .connection import Connection
from .login_guard import LoginBudget, LoginGuard
from .media import ConsoleMedia
from .ranges import ByteRange, RangeNotSatisfiableError
from .telling import Listener

__all__ = [
    "TOKEN_FILE",
    "ApiKeyOnlyError",
    "ByteRange",
    "CameraInfo",
    "CannotConnectError",
    "CertificateError",
    "ClipStream",
    "CloudAccountError",
    "ConnectError",
    "Connection",
    "ConnectionState",
    "ConsoleInfo",
    "ConsoleMedia",
    "Credentials",
    "InvalidApiKeyError",
    "InvalidAuthError",
    "Listener",
    "LoginBudget",
    "LoginGuard",
    "NoMediaAccessError",
    "RangeNotSatisfiableError",
    "RateLimitedError",
    "WayState",
    "Ways",
]
