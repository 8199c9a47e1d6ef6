"""Who a console is, how to log in to it, and what can go wrong with that."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar, Final

from ..pipeline.models import Label

TOKEN_FILE: Final = "unifi_protect.json"  # noqa: S105 - a name
"""What the library calls the file that it keeps the log-in token in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """How to reach a console; its representation holds no secret."""

    host: str
    port: int = 443
    username: str = field(repr=False)
    password: str = field(repr=False)
    api_key: str | None = field(default=None, repr=False)
    verify_ssl: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraInfo:
    """One camera of a console."""

    id: str
    """Protect's id, the same on both APIs."""

    name: str
    mac: str
    """Twelve upper-case hex digits."""

    model: str
    is_doorbell: bool
    labels: frozenset[Label] = frozenset()
    """What Protect can tell of what it sees and hears; rings and motion are not among these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleInfo:
    """A console and its cameras, as they were when it was asked."""

    mac: str
    """Twelve upper-case hex digits."""

    name: str
    model: str
    version: str
    """Of the Protect application."""

    cameras: tuple[CameraInfo, ...]


class ConnectionState(StrEnum):
    """How the connection as a whole is."""

    CONNECTED = "connected"
    """At least one of the two websockets is open."""

    DISCONNECTED = "disconnected"
    AUTH_FAILED = "auth_failed"
    """The console refuses the user name or the password."""


class WayState(StrEnum):
    """How one of the two websockets is."""

    OPEN = "open"
    CLOSED = "closed"
    REFUSED = "refused"
    """The console does not accept what it is opened with."""

    UNUSED = "unused"
    """There is no API key to open it with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """How each of the two websockets is. An open one may be silent all the same."""

    private: WayState = WayState.CLOSED
    public: WayState = WayState.UNUSED

    @property
    def any_open(self) -> bool:
        """Whether anything could be told live."""
        return WayState.OPEN in {self.private, self.public}

    @property
    def all_open(self) -> bool:
        """Whether everything should be told live: no way that there is, is closed."""
        return self.private is WayState.OPEN and self.public is not WayState.CLOSED


class ConnectError(Exception):
    """The console cannot be used; ``code`` is stable and names the cause."""

    code: ClassVar[str]


class CannotConnectError(ConnectError):
    """Nobody answers there, or not as a Protect console does."""

    code = "cannot_connect"


class CertificateError(ConnectError):
    """The certificate is not trusted, or made for another host name."""

    code = "certificate_error"


class InvalidAuthError(ConnectError):
    """The user name or the password is wrong."""

    code = "invalid_auth"


class CloudAccountError(ConnectError):
    """The user is a UniFi cloud account: such a log-in ends or wants a second factor."""

    code = "cloud_account"


class ApiKeyOnlyError(ConnectError):
    """There is no user: an API key alone gives no recorded media."""

    code = "api_key_only"


class InvalidApiKeyError(ConnectError):
    """The console does not know the API key."""

    code = "invalid_api_key"


class NoMediaAccessError(ConnectError):
    """The user may not read recordings."""

    code = "no_media_access"


class RateLimitedError(ConnectError):
    """There were too many log-ins in a short time."""

    code = "rate_limited"
