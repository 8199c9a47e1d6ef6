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
from .connection import Connection
from .login_guard import LoginBudget, LoginGuard
from .media import ConsoleMedia
from .telling import Listener

__all__ = [
    "TOKEN_FILE",
    "ApiKeyOnlyError",
    "CameraInfo",
    "CannotConnectError",
    "CertificateError",
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
    "RateLimitedError",
    "WayState",
    "Ways",
]
