"""What can go wrong with a console, as a small vocabulary that composes.

A `Reply` is one way to answer one request. A `Plan` says which requests get which Reply. A
`Faults` has one plan per endpoint, and switches for what is not an answer: silent websockets,
events told in an odd way, a user who may not see recordings. Where a fault was seen on real
consoles its source stands beside it.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum, auto
import json
from random import Random
from typing import TYPE_CHECKING, Self, overload

from .models import Channel

_HTML = b"<!DOCTYPE html><html><head><title>UniFi OS</title></head><body></body></html>"
_DRIP = 512  # bytes a second: a clip of 1 MB would take half an hour


def error_body(message: str) -> bytes:
    """Return the JSON that Protect sends with an error."""
    return json.dumps({"error": message, "name": "ErrorResponse"}).encode()


class Content(Enum):
    """What the body of a Reply is made of; bytes stand for themselves."""

    TRUE = auto()
    """What a healthy console would send."""

    SHORT = auto()
    """A sound clip of only the first half of what was asked."""

    BLANK = auto()
    """A sound clip of the right length in which everything is black."""

    GARBAGE = auto()
    """64 KiB of noise."""

    ENDLESS = auto()
    """10 GB, declared and sent for as long as somebody reads."""


class Ending(Enum):
    """How a Reply ends when the part of the body that it sends is out."""

    WHOLE = auto()
    CLOSE = auto()
    """The connection is closed in good order (FIN)."""

    RESET = auto()
    """The connection is torn down (RST)."""

    HANG = auto()
    """Nothing more happens until the client gives up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One way to answer a request; the default is what a healthy console does."""

    status: int = 200
    content: Content | bytes = Content.TRUE
    content_type: str | None = None
    """None: the true one."""

    headers: Mapping[str, str] = field(default_factory=dict)
    wait: float = 0.0
    """Seconds before the headers."""

    bytes_per_second: int | None = None
    """None: as fast as the client reads."""

    declared: float | None = 1.0
    """Content-Length as a share of the true length; None: none, a chunked body."""

    sent: float | None = 1.0
    """Share of the body that goes out before the ending; None: not even the headers do."""

    ending: Ending = Ending.WHOLE

    @classmethod
    def error(
        cls, status: int, message: str = "", headers: Mapping[str, str] | None = None
    ) -> Self:
        """Answer with an HTTP error and Protect's JSON body."""
        return cls(
            status=status,
            content=error_body(message or f"HTTP {status}"),
            content_type="application/json",
            headers=headers or {},
        )

    @classmethod
    def not_ready(cls, inner: int = 502) -> Self:
        """Answer 404 whose body names 502, 503 or 504 [unifi-protect-backup#14, #229]."""
        return cls.error(404, f"Unexpected status code {inner} from the recorder")

    @classmethod
    def too_many(cls, retry_after: int = 1) -> Self:
        """Answer 429 with Retry-After in seconds."""
        return cls.error(429, "Too many requests", {"Retry-After": str(retry_after)})

    @classmethod
    def second_factor(cls) -> Self:
        """Answer a log-in as UniFi OS does for an account that needs a second factor."""
        body = json.dumps({"code": "MFA_AUTH_REQUIRED", "message": "2fa required"})
        return cls(status=499, content=body.encode(), content_type="application/json")

    @classmethod
    def hang(cls) -> Self:
        """Take the request and never answer."""
        return cls(sent=None, ending=Ending.HANG)

    @classmethod
    def hang_in_body(cls) -> Self:
        """Send the headers and half of the body, and then nothing."""
        return cls(sent=0.5, ending=Ending.HANG)

    @classmethod
    def late(cls, seconds: float) -> Self:
        """Answer well, after a wait."""
        return cls(wait=seconds)

    @classmethod
    def drip(cls, bytes_per_second: int = _DRIP) -> Self:
        """Send the true body so slowly that a byte always comes in time."""
        return cls(bytes_per_second=bytes_per_second)

    @classmethod
    def reset(cls) -> Self:
        """Tear the connection down instead of answering."""
        return cls(sent=None, ending=Ending.RESET)

    @classmethod
    def reset_in_body(cls) -> Self:
        """Tear the connection down half-way through the body; what was on its way is lost."""
        return cls(sent=0.5, ending=Ending.RESET)

    @classmethod
    def truncated(cls) -> Self:
        """Declare the whole body, send half, and close in good order."""
        return cls(sent=0.5, ending=Ending.CLOSE)

    @classmethod
    def wrong_length(cls) -> Self:
        """Declare half of the body and send that: complete for HTTP, half a file."""
        return cls(declared=0.5)

    @classmethod
    def chunked(cls) -> Self:
        """Send the true body without saying how long it is."""
        return cls(declared=None)

    @classmethod
    def empty(cls) -> Self:
        """Answer 200 with zero bytes [unifi-protect-backup#229]."""
        return cls(content=b"")

    @classmethod
    def garbage(cls) -> Self:
        """Answer 200 with a complete body of noise."""
        return cls(content=Content.GARBAGE)

    @classmethod
    def html(cls) -> Self:
        """Answer 200 with a web page, as a console does whose Protect is not up yet."""
        return cls(content=_HTML, content_type="text/html")

    @classmethod
    def endless(cls) -> Self:
        """Declare 10 GB and send them."""
        return cls(content=Content.ENDLESS)

    @classmethod
    def short(cls) -> Self:
        """Answer with a sound clip of half the time that was asked."""
        return cls(content=Content.SHORT)

    @classmethod
    def blank(cls) -> Self:
        """Answer with a sound clip in which nothing can be seen."""
        return cls(content=Content.BLANK)


type Chooser = Callable[[str | None], Reply | None]
"""Chooses by camera id (None where a request is about no camera); None: answer well."""

type Plan = Reply | Sequence[Reply | None] | Mapping[str, Plan] | Chooser | None
"""None: all is well. A Reply: for ever. A sequence: one for each request in that order, then
all is well. A mapping: a plan for each camera id. A function: asked for each request."""


def at_random(reply: Reply, share: float, seed: int = 0) -> Chooser:
    """Return a plan that gives the Reply to that share of the requests, the same each run."""
    dice = Random(seed)
    return lambda _camera_id: reply if dice.random() < share else None


class Script:
    """A Plan while it is being played."""

    def __init__(self, plan: Plan) -> None:
        """Copy the plan: the caller's sequence is not used up."""
        self._for_ever: Reply | None = None
        self._chooser: Chooser | None = None
        self._turns: deque[Reply | None] = deque()
        self._by_camera: dict[str, Script] = {}
        if isinstance(plan, Reply):
            self._for_ever = plan
        elif isinstance(plan, Mapping):
            self._by_camera = {camera_id: Script(part) for camera_id, part in plan.items()}
        elif isinstance(plan, Sequence):
            self._turns.extend(plan)
        else:
            self._chooser = plan

    @property
    def turns_left(self) -> int:
        """How many requests will still be answered from the sequences of the plan."""
        return len(self._turns) + sum(part.turns_left for part in self._by_camera.values())

    def next(self, camera_id: str | None = None) -> Reply | None:
        """Return how to answer the next request; None: well."""
        if camera_id in self._by_camera:
            return self._by_camera[camera_id].next(camera_id)
        if self._turns:
            return self._turns.popleft()
        if self._chooser is not None:
            return self._chooser(camera_id)
        return self._for_ever


class _Answers:
    """A dataclass field that takes a Plan and reads as the Script that plays it."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = f"_{name}"

    @overload
    def __get__(self, faults: None, owner: type) -> None: ...
    @overload
    def __get__(self, faults: object, owner: type) -> Script: ...
    def __get__(self, faults: object | None, owner: type) -> Script | None:
        # None is what the dataclass takes as the field's default.
        return None if faults is None else vars(faults)[self._name]

    def __set__(self, faults: object, plan: Plan) -> None:
        vars(faults)[self._name] = Script(plan)


class Socket(Enum):
    """What the websockets of one API do."""

    OPEN = auto()
    SILENT = auto()
    """Connected, answering pings, and never telling anything [core#172164, #178286]."""

    HALF_OPEN = auto()
    """As if the peer had vanished: no frames, no pongs, no answer to a close."""

    STALE = auto()
    """Closed at once because ``lastUpdateId`` is not known any more."""

    FLAPPING = auto()
    """Accepted and torn down at once, as by a console that restarts again and again."""


class Ends(Enum):
    """Who hears that an event has ended."""

    TOLD = auto()
    UNTOLD = auto()
    """REST knows, the websockets say nothing [core#166166]."""

    NEVER = auto()
    """Nobody."""


@dataclass(kw_only=True, eq=False)
class Faults:
    """Everything that can be wrong with one console; all of it can be changed at any time."""

    everything: _Answers = _Answers()
    """Any HTTP request or websocket handshake; asked before the endpoint's own plan."""

    login: _Answers = _Answers()
    bootstrap: _Answers = _Answers()
    cameras: _Answers = _Answers()
    """The list of cameras."""

    events: _Answers = _Answers()
    """The list of events."""

    event: _Answers = _Answers()
    """One event by its id."""

    export: _Answers = _Answers()
    thumbnail: _Answers = _Answers()
    recorded_snapshot: _Answers = _Answers()
    live_snapshot: _Answers = _Answers()
    """Of the private API."""

    public_snapshot: _Answers = _Answers()
    public: _Answers = _Answers()
    """Any other request to the public API."""

    private_handshake: _Answers = _Answers()
    public_handshake: _Answers = _Answers()

    private_socket: Socket = Socket.OPEN
    public_socket: Socket = Socket.OPEN

    repeat_adds: bool = False
    """Every ``add`` comes twice."""

    repeat_frames: bool = False
    """Every frame comes twice."""

    reorder: bool = False
    """Each frame is held back until the next one has been sent."""

    late_labels: bool = False
    """``smartDetectTypes`` is empty until the event ends [core#124967]."""

    ends: Ends = Ends.TOLD
    suffixed_ids: frozenset[Channel] = frozenset()
    """Where an event's id carries ``-<camera id>`` at its end."""

    no_media: bool = False
    """The user may not read recorded media; live pictures work."""

    cloud_account: bool = False
    """The user is a Ubiquiti cloud account."""

    logins_per_minute: int | None = None
    """More than that are answered 429; real consoles allow about five."""

    most_exports: int | None = None
    """So many exports at a time the console survives; one more, and all connections are torn
    down [unifi-protect-backup#95, #202, #229]."""

    clock_ahead: timedelta = timedelta()
    """How far its clock is ahead of the true time; negative: behind [unifi-protect-backup#248].
    Set it before anything is noticed: what was noticed keeps its times."""

    serves_ranges: bool = False
    """Exports answer one ``Range`` with 206, or with 416. Whether real consoles do was not seen:
    by default the whole clip is sent, as by a server that knows no ranges."""

    recording_lag: float | None = None
    """Seconds until a moment can be exported; None: at once, and the future too. What is asked
    too early is not ready (404), or short when its beginning is there already."""

    if not TYPE_CHECKING:  # a type checker knows the fields by itself, and sees more

        def __setattr__(self, name, value) -> None:  # noqa: ANN001
            """Refuse a switch that does not exist: a misspelt fault would be no fault."""
            if name not in type(self).__dataclass_fields__:
                raise AttributeError(f"a console has no fault named {name!r}")
            super().__setattr__(name, value)

    def unset(self) -> None:
        """Make everything well again."""
        healthy = Faults()
        for name in type(self).__dataclass_fields__:
            value = getattr(healthy, name)
            setattr(self, name, None if isinstance(value, Script) else value)

    def unplayed(self) -> int:
        """Return how many turns of sequences nobody has asked for yet."""
        scripts = (getattr(self, name) for name in type(self).__dataclass_fields__)
        return sum(script.turns_left for script in scripts if isinstance(script, Script))
