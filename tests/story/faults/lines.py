"""Faults of the lines to the console: its websockets, its log-in, its lists, itself."""

from custom_components.protect_narrator.const import CONF_RECONCILE_INTERVAL
from simulator.console import Reply, Socket
from tests.waiting import until

from .clips import HTTP_ERROR
from .fault import Fault, answers, switched, together
from .stage import Stage

_LOOK_OFTEN = {CONF_RECONCILE_INTERVAL: 1}
_NO_PICTURE = "snapshot_unavailable:http_error"


def _ends_sessions(stage: Stage) -> None:
    stage.console.end_sessions()


async def _revokes_the_key(stage: Stage) -> None:
    key = stage.console.api_key
    stage.others.append(lambda: setattr(stage.console, "api_key", key))
    stage.console.api_key = "another one"
    await stage.console.drop_websockets(private=False)
    await stage.has_warned("Home: The console refuses the API key")


async def _is_stale(stage: Stage) -> None:
    stage.console.faults.private_socket = Socket.STALE
    reads = len(stage.console.requests_to("/bootstrap"))
    await stage.console.drop_websockets(public=False)
    await stage.console.wait_for(lambda: len(stage.console.requests_to("/bootstrap")) > reads)


async def _refuses_websockets(stage: Stage) -> None:
    faults = stage.console.faults
    faults.private_handshake = faults.public_handshake = Reply.error(503)
    await stage.console.drop_websockets()
    await until(stage.is_unavailable)


async def _lists_are_asked_for(stage: Stage) -> None:
    asked = len(stage.console.requests_to("/api/events"))
    await stage.console.wait_for(lambda: len(stage.console.requests_to("/api/events")) > asked + 1)


LINES = (
    Fault(
        name="private websocket open and silent",
        seen="core#172164, #178286",
        play=switched(private_socket=Socket.SILENT),
    ),
    Fault(
        name="public websocket open and silent",
        seen="openhab-addons#21242",
        play=switched(public_socket=Socket.SILENT),
    ),
    Fault(
        name="both websockets open and silent",
        seen="core#172164 with openhab-addons#21242",
        play=switched(private_socket=Socket.SILENT, public_socket=Socket.SILENT),
        options=_LOOK_OFTEN,
        late=True,
    ),
    Fault(
        name="both websockets half-open: the peer has vanished",
        seen="power cuts, pulled cables",
        play=switched(private_socket=Socket.HALF_OPEN, public_socket=Socket.HALF_OPEN),
        options=_LOOK_OFTEN,
        late=True,
    ),
    Fault(
        name="the websocket's update id is stale",
        mixes=False,
        seen="uiprotect, after a console's restart",
        play=_is_stale,
    ),
    Fault(
        name="websockets are refused: 503",
        mixes=False,
        seen="core's users after an update of UniFi OS",
        play=_refuses_websockets,
        options=_LOOK_OFTEN,
        late=True,
        says_once=("The connection to the console Home is lost",),
    ),
    Fault(
        name="the session ends in mid-life: 401",
        seen="uiprotect's streamed download, which does not log in again",
        play=_ends_sessions,
    ),
    Fault(
        name="the session ends, and log-ins are answered 429",
        mixes=False,
        seen="core's users: about five log-ins a minute",
        play=together(_ends_sessions, switched(logins_per_minute=0)),
        fallbacks=("clip_download_failed:http_error",),
        medium="snapshot",
        spares_the_other=False,
    ),
    Fault(
        name="the API key is revoked",
        mixes=False,
        seen="uiprotect's AUTH_FAILED",
        play=_revokes_the_key,
        says_once=("Home: The console refuses the API key",),
    ),
    Fault(
        name="the lists of events and cameras fail",
        mixes=False,
        seen="Protect under load",
        play=together(
            answers("events", Reply.error(500)),
            answers("cameras", Reply.error(500)),
            _lists_are_asked_for,
        ),
        options=_LOOK_OFTEN,
        says_once=("The console's list of events", "The console's list of cameras"),
    ),
    Fault(
        name="the lists are a web page",
        mixes=False,
        seen="UniFi OS while Protect starts",
        play=together(
            answers("events", Reply.html()),
            answers("cameras", Reply.html()),
            _lists_are_asked_for,
        ),
        options=_LOOK_OFTEN,
        says_once=("The console's list of events", "The console's list of cameras"),
    ),
    Fault(
        name="an event cannot be read again: 500",
        seen="Protect under load",
        play=answers("event", Reply.error(500)),
    ),
    Fault(
        name="an event that is read again is a web page",
        seen="UniFi OS while Protect starts",
        play=answers("event", Reply.html()),
    ),
    Fault(
        name="an event that is read again never comes",
        seen="ArgusAI's 10 s",
        play=answers("event", Reply.hang_in_body()),
    ),
    Fault(
        name="503 to everything while Protect starts",
        mixes=False,
        seen="core's users after an update of UniFi OS",
        play=answers("everything", Reply.error(503)),
        fallbacks=("clip_download_failed:http_error", _NO_PICTURE),
        medium="none",
        spares_the_other=False,
    ),
    Fault(
        name="log-ins are answered by a web page",
        seen="UniFi OS while it starts",
        play=together(_ends_sessions, answers("login", Reply.html())),
        fallbacks=(HTTP_ERROR,),
        medium="snapshot",
        spares_the_other=False,
    ),
)

AWAY = Fault(name="the console is away when it happens", seen="updates, power cuts")
REBOOT = Fault(name="the console restarts in the middle of a download", seen="core#132524")
STORM = Fault(
    name="a reconnect storm: every websocket is torn down as soon as it is open",
    seen="consoles that run out of memory",
)
PASSWORD = Fault(name="the password is changed", seen="users")
CRASH = Fault(
    name="a second export at the same time brings the console down",
    seen="unifi-protect-backup#95, #202, #229",
)

LIFE = (AWAY, REBOOT, STORM, PASSWORD, CRASH)
