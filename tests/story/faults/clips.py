"""Faults of a clip on its way, and of the pictures that take its place."""

from custom_components.protect_narrator.const import CONF_CLIP_MAX_MB
from simulator.console import Reply

from .fault import AGAIN, ONCE, Fault, answers, switched, together
from .stage import SHORTEST

NOT_READY = "clip_download_failed:not_ready"
HTTP_ERROR = "clip_download_failed:http_error"
TIMEOUT = "clip_download_failed:timeout"
NO_ACCESS = "clip_download_failed:no_access"
UNDECODABLE = "clip_unreadable:undecodable"

CLIPS = (
    Fault(
        name="recording not ready: 404 that names 502",
        seen="unifi-protect-backup#14, #229",
        play=answers("export", Reply.not_ready(502)),
        fallbacks=(NOT_READY,),
        medium="snapshot",
        tries=AGAIN,
    ),
    Fault(
        name="recording ready at the third try",
        seen="core#132524, LLM Vision #510, #158, #131",
        play=answers("export", Reply.not_ready(503), Reply.not_ready(504)),
        tries=range(3, 4),
    ),
    Fault(
        name="500, again and again",
        seen="core#132524",
        play=answers("export", Reply.error(500)),
        fallbacks=(HTTP_ERROR,),
        medium="snapshot",
        tries=AGAIN,
    ),
    Fault(
        name="a random 500, a reset, then the clip",
        seen="core#132524, ArgusAI",
        play=answers("export", Reply.error(500), Reply.reset()),
        # aiohttp itself asks again over a fresh connection when a kept one is torn down.
        tries=range(2, 4),
    ),
    Fault(
        name="429 with Retry-After",
        seen="uiprotect's own retries",
        play=answers("export", Reply.too_many(retry_after=1)),
        fallbacks=(HTTP_ERROR,),
        medium="snapshot",
    ),
    Fault(
        name="400, the console does not like the question",
        seen="uiprotect's BadRequest",
        play=answers("export", Reply.error(400)),
        fallbacks=(HTTP_ERROR,),
        medium="snapshot",
        tries=ONCE,
    ),
    Fault(
        name="404 without a reason: there is no recording",
        seen="unifi-protect-backup#82, #88, #169",
        play=answers("export", Reply.error(404, "Not found")),
        fallbacks=(HTTP_ERROR,),
        medium="snapshot",
        tries=ONCE,
    ),
    Fault(
        name="403, this camera's recordings are closed",
        seen="Protect's permissions",
        play=answers("export", Reply.error(403)),
        fallbacks=(NO_ACCESS,),
        medium="snapshot",
        tries=ONCE,
    ),
    Fault(
        name="a body that drips, a byte always in time",
        seen="uiprotect, which has no limit there",
        play=answers("export", Reply.drip()),
        fallbacks=(TIMEOUT,),
        medium="snapshot",
        tries=AGAIN,
        options=SHORTEST,
    ),
    Fault(
        name="hangs before the headers",
        seen="uiprotect, unifi-protect-backup#248",
        play=answers("export", Reply.hang()),
        fallbacks=(TIMEOUT,),
        medium="snapshot",
        tries=AGAIN,
        options=SHORTEST,
    ),
    Fault(
        name="hangs in the body",
        seen="uiprotect, unifi-protect-backup#248",
        play=answers("export", Reply.hang_in_body()),
        fallbacks=(TIMEOUT,),
        medium="snapshot",
        tries=AGAIN,
        options=SHORTEST,
    ),
    Fault(
        name="connection reset instead of an answer",
        seen="unifi-protect-backup#95, #202",
        play=answers("export", Reply.reset()),
        fallbacks=("clip_download_failed:connection_lost",),
        medium="snapshot",
        tries=AGAIN,
    ),
    Fault(
        name="connection reset in the body",
        seen="unifi-protect-backup#95, #202",
        play=answers("export", Reply.reset_in_body()),
        fallbacks=("clip_download_failed:truncated",),
        medium="snapshot",
        tries=AGAIN,
    ),
    Fault(
        name="truncated: fewer bytes than promised",
        seen="core#132524",
        play=answers("export", Reply.truncated()),
        fallbacks=("clip_download_failed:truncated",),
        medium="snapshot",
        tries=AGAIN,
    ),
    Fault(
        name="wrong length: half a file, declared as all of it",
        seen="core#132524",
        play=answers("export", Reply.wrong_length()),
        tries=ONCE,
    ),
    Fault(
        name="zero bytes with a good status",
        seen="unifi-protect-backup#229, uiprotect",
        play=answers("export", Reply.empty()),
        fallbacks=("clip_download_failed:empty",),
        medium="snapshot",
        tries=AGAIN,
    ),
    Fault(
        name="a clip of half the time, at every try",
        seen="core#132524",
        play=answers("export", Reply.short()),
        tries=AGAIN,
        options={"clip_before": 30},
    ),
    Fault(
        name="a blank clip: sound, and all black",
        seen="unifi-protect-backup#14",
        play=answers("export", Reply.blank()),
        tries=ONCE,
    ),
    Fault(
        name="HTML for MP4",
        seen="UniFi OS while Protect starts",
        play=answers("export", Reply.html()),
        fallbacks=(UNDECODABLE,),
        medium="snapshot",
        tries=AGAIN,
    ),
    Fault(
        name="noise for MP4",
        seen="LLM Vision #547",
        play=answers("export", Reply.garbage()),
        fallbacks=(UNDECODABLE,),
        medium="snapshot",
        tries=AGAIN,
    ),
    Fault(
        name="10 GB promised",
        seen="uiprotect, which has no limit there",
        play=answers("export", Reply.endless()),
        fallbacks=("clip_download_failed:too_large",),
        medium="snapshot",
        tries=ONCE,
        options={CONF_CLIP_MAX_MB: 5},
    ),
    Fault(
        name="a length that is not declared",
        seen="HTTP's chunked bodies",
        play=answers("export", Reply.chunked()),
        tries=ONCE,
    ),
)

_NO_CLIP = answers("export", Reply.error(403))

PICTURES = (
    Fault(
        name="no clip, and no thumbnail yet",
        seen="uiprotect's get_event_thumbnail",
        play=together(_NO_CLIP, answers("thumbnail", Reply.error(404))),
        fallbacks=(NO_ACCESS,),
        medium="snapshot",
    ),
    Fault(
        name="no clip, a thumbnail that is none, no recorded picture",
        seen="LLM Vision #243, #318, core#147702",
        play=together(
            _NO_CLIP,
            answers("thumbnail", Reply.html()),
            answers("recorded_snapshot", Reply.error(500)),
        ),
        fallbacks=(NO_ACCESS,),
        medium="snapshot",
    ),
    Fault(
        name="no clip, and pictures that hang",
        seen="ArgusAI, which drops the event",
        play=together(
            _NO_CLIP,
            answers("thumbnail", Reply.hang()),
            answers("recorded_snapshot", Reply.hang_in_body()),
        ),
        fallbacks=(NO_ACCESS,),
        medium="snapshot",
    ),
    Fault(
        name="no clip, and no picture of any kind",
        seen="ArgusAI, which drops the event",
        play=together(
            _NO_CLIP,
            *(
                answers(endpoint, Reply.error(500))
                for endpoint in (
                    "thumbnail",
                    "recorded_snapshot",
                    "live_snapshot",
                    "public_snapshot",
                )
            ),
        ),
        fallbacks=(NO_ACCESS, "snapshot_unavailable:http_error"),
        medium="none",
    ),
    Fault(
        name="the user may not read recordings",
        seen="Protect's permissions",
        play=switched(no_media=True),
        fallbacks=(NO_ACCESS,),
        medium="snapshot",
        tries=ONCE,
        spares_the_other=False,
    ),
)
