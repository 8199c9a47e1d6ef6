"""The user's own texts for the agent: Home Assistant templates, rendered for each Detection.

What Protect says of a Detection is handed to them as variables, tidied, and never becomes
template source. A text that cannot be rendered is left out, with a repair issue that lasts
until it can be again.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import TemplateError
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.template import Template, is_template_string
from homeassistant.util import dt as dt_util
import jinja2

from .const import (
    CONF_HOUSE_NOTES,
    CONF_IMPORTANCE_GUIDE,
    CONF_INSTRUCTION,
    DOMAIN,
    SUBENTRY_CAMERA,
)
from .pipeline.models import Detection, Evidence, Label, MediaFile, Medium, Policy
from .pipeline.prompt import question
from .pipeline.text import (
    LONGEST_CAMERA,
    LONGEST_NAME,
    LONGEST_WORDING,
    MOST_NAMES,
    tidy,
    tidy_lines,
)

FIELDS: Final = (CONF_HOUSE_NOTES, CONF_INSTRUCTION, CONF_IMPORTANCE_GUIDE)
"""The options that are such texts; fields of the Policy have the same names."""

LONGEST_SOURCE: Final = 4 * LONGEST_WORDING
"""Of a template, in characters: it says what to write in several cases."""

# A text of a page renders in milliseconds, and it is rendered in the event loop later.
_SLOW_S = 1.0

# What a template's own message may add to an issue or a form, in characters.
_LONGEST_MESSAGE = 200

# What may never come to an end in a single operation, 9**9**9 or a search for (a+)+$, into which
# no time limit of Home Assistant's reaches: the interpreter's lock is held, and everything else
# stands still. None of these texts needs it.
_TOO_MUCH: Final = {
    ("operator", "**"): "Powers (**)",
    **{
        # As a string it is what select() or map() is told to use.
        (kind, name): f"Regular expressions ({name})"
        for kind in ("name", "string")
        for name in (
            "match",
            "regex_findall",
            "regex_findall_index",
            "regex_match",
            "regex_replace",
            "regex_search",
            "search",
        )
    },
}

# What Jinja calls the file of a template that comes from none (``Environment.compile``); the
# lines of its frames are those of the source.
_IN_TEMPLATE = "<template>"

# Only takes a text apart: what Home Assistant adds to Jinja changes nothing in that.
_JINJA = jinja2.Environment()  # noqa: S701 - no HTML


class WordingError(Exception):
    """A text cannot be rendered; its message, in English, says why."""

    def __init__(self, field: str, message: str, bare: str | None = None) -> None:
        """Name the field, of FIELDS, beside the message.

        A message for everybody's eyes is ``bare``, where the whole one may quote anything.
        """
        super().__init__(tidy(message, _LONGEST_MESSAGE))
        self.field = field
        self.bare = str(self) if bare is None else bare


@callback
def worded(
    hass: HomeAssistant, entry: ConfigEntry, policy: Policy, detection: Detection, mac: str | None
) -> Policy:
    """Return the policy of the camera with that MAC address, with its texts rendered.

    Of a text that cannot be rendered nothing is left, and the user is told in a repair issue.
    """
    said, problems = _said(hass, policy, detection)
    for field in FIELDS:
        _report(hass, entry, field, mac, problems.get(field))
    return said


async def async_check(hass: HomeAssistant, field: str, text: str) -> None:
    """Raise WordingError for a text that cannot be rendered, or not in time.

    It is tried with a Detection of which everything is known, and with one of which little is:
    a plate is not always read.
    """
    for detection in _plausible():
        variables = _variables(detection)
        template = _template(hass, field, text)
        begun = monotonic()
        try:
            slow = await template.async_render_will_timeout(_SLOW_S, variables, strict=True)
        except TemplateError as err:
            raise _failed(field, err) from err
        # Its clock stands still, too, while one operation holds the interpreter's lock.
        if slow or monotonic() - begun > _SLOW_S:
            raise WordingError(field, f"It takes longer than {_SLOW_S:.0f} s.")
        length = len(_rendered(hass, field, text, variables, whole=True))
        if length > LONGEST_WORDING:
            raise WordingError(
                field, f"It makes {length} characters; {LONGEST_WORDING} are the most."
            )


@callback
def preview(hass: HomeAssistant, policy: Policy) -> str:
    """Return the whole prompt as an agent would get it for a made-up Detection.

    A text that cannot be rendered is left out, as it would be.
    """
    detection, _ = _plausible()
    said, _ = _said(hass, policy, detection)
    files = tuple(
        MediaFile(Path(f"{number}"), "image/jpeg") for number in range(policy.frame_count)
    )
    evidence = Evidence(medium=Medium.FRAMES, files=files)
    length_s = (detection.end - detection.start).total_seconds()
    moments = [length_s * (number + 0.5) / len(files) for number in range(len(files))]
    return question(detection, evidence, said, moments).instructions


@callback
def async_forget(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Take back every issue of an entry that is no longer loaded."""
    issues = [
        issue_id
        for domain, issue_id in ir.async_get(hass).issues
        if domain == DOMAIN and issue_id.startswith(_prefix(entry))
    ]
    for issue_id in issues:
        ir.async_delete_issue(hass, DOMAIN, issue_id)


def texts_of_cameras(entry: ConfigEntry) -> dict[tuple[str, str], str]:
    """Return the cameras' own texts, by field and the id of the profile."""
    return {
        (field, each.subentry_id): each.data[field]
        for each in entry.get_subentries_of_type(SUBENTRY_CAMERA)
        for field in FIELDS
        if field in each.data
    }


@callback
def async_forget_text(hass: HomeAssistant, entry: ConfigEntry, field: str, profile: str) -> None:
    """Take back the issue of a camera's own text, which is another now, or gone."""
    ir.async_delete_issue(hass, DOMAIN, _issue_id(entry, field, profile))


def _said(
    hass: HomeAssistant, policy: Policy, detection: Detection
) -> tuple[Policy, dict[str, str]]:
    """Return the policy with rendered texts, and by field why one of them is left out."""
    variables = _variables(detection)
    texts: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for field in FIELDS:
        try:
            texts[field] = _rendered(hass, field, getattr(policy, field), variables)
        except WordingError as err:
            texts[field], problems[field] = "", err.bare
    return replace(policy, **texts), problems


def _rendered(
    hass: HomeAssistant, field: str, text: str, variables: dict[str, Any], *, whole: bool = False
) -> str:
    """Return what the text says, tidied, and as long as is allowed unless the whole is wanted.

    Raises WordingError.
    """
    try:
        said = _template(hass, field, text).async_render(variables, parse_result=False, strict=True)
    except TemplateError as err:
        raise _failed(field, err) from err
    return str(said) if whole else tidy_lines(said)


def _template(hass: HomeAssistant, field: str, text: str) -> Template:
    """Return the template; raise WordingError where it is not even worth trying."""
    if len(text) > LONGEST_SOURCE:
        raise WordingError(field, f"It has {len(text)} characters; {LONGEST_SOURCE} are the most.")
    if is_template_string(text):
        try:
            tokens = [(kind, value.strip("'\"")) for _, kind, value in _JINJA.lex(text)]
        except jinja2.TemplateSyntaxError as err:
            raise _failed(field, err) from err
        refused = next((_TOO_MUCH[token] for token in tokens if token in _TOO_MUCH), None)
        if refused:
            raise WordingError(field, f"{refused} are not allowed.")
    return Template(text, hass)


def _failed(field: str, err: Exception) -> WordingError:
    """Return what to raise of a template's error.

    Its message may quote what was seen, a plate that is no number for example, or the text
    itself; and every user of Home Assistant can list its issues. There it is of which kind it
    is, and in which line.
    """
    cause = err.__cause__ or err
    line = cause.lineno if isinstance(cause, jinja2.TemplateSyntaxError) else _line_of(cause)
    where = f" in line {line}" if line else ""
    return WordingError(field, str(err), f"{type(cause).__name__}{where}")


def _line_of(err: BaseException) -> int | None:
    """Return the innermost line of the template that the error came by, where Jinja names it."""
    found, frame = None, err.__traceback__
    while frame is not None:
        if frame.tb_frame.f_code.co_filename == _IN_TEMPLATE:
            found = frame.tb_lineno
        frame = frame.tb_next
    return found


def _variables(detection: Detection) -> dict[str, Any]:
    """Return what a template can use: plain values, texts on one line, times local."""

    def names(texts: tuple[str, ...]) -> list[str]:
        return [tidy(text, LONGEST_NAME) for text in texts[:MOST_NAMES]]

    start, end = dt_util.as_local(detection.start), dt_util.as_local(detection.end)
    return {
        "camera": tidy(detection.camera_name, LONGEST_CAMERA),
        "labels": [label.value for label in detection.labels],
        "plates": names(detection.license_plates),
        "faces": names(detection.faces),
        "zones": names(detection.zones),
        "start": start,
        "end": end,
        "duration": max(0, round((end - start).total_seconds())),
        "score": detection.score,
        "late": detection.late,
    }


def _plausible() -> Iterator[Detection]:
    """Yield two made-up Detections: of one everything is known, of the other next to nothing."""
    now: datetime = dt_util.utcnow().replace(microsecond=0)
    bare = Detection(
        console_id="000000000000",
        camera_id="camera",
        camera_name="Front door",
        event_ids=("event",),
        labels=(Label.PERSON,),
        start=now - timedelta(seconds=12),
        end=now,
    )
    yield replace(
        bare,
        labels=(Label.PERSON, Label.VEHICLE, Label.LICENSE_PLATE),
        license_plates=("AB 123",),
        faces=("Ada",),
        zones=("Driveway",),
        score=87,
    )
    yield bare


@callback
def _report(
    hass: HomeAssistant, entry: ConfigEntry, field: str, mac: str | None, problem: str | None
) -> None:
    """Raise or take back the issue of the text, where it stands: the camera's or the console's."""
    profile = next(
        (
            each
            for each in entry.subentries.values()
            if each.subentry_type == SUBENTRY_CAMERA
            and each.unique_id == mac
            and field in each.data
        ),
        None,
    )
    issue_id = _issue_id(entry, field, profile.subentry_id if profile else "")
    if problem is None:
        ir.async_delete_issue(hass, DOMAIN, issue_id)
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id,
        is_fixable=False,
        severity=ir.IssueSeverity.WARNING,
        translation_key=f"broken_{field}",
        translation_placeholders={
            "name": profile.title if profile else entry.title,
            "problem": problem.replace("`", "'"),
        },
    )


def _issue_id(entry: ConfigEntry, field: str, profile: str = "") -> str:
    # Ids of issues are in diagnostics, which are to name no device: what is made of a MAC
    # address would, since there are few enough to try.
    return f"{_prefix(entry)}{field}_{profile}"


def _prefix(entry: ConfigEntry) -> str:
    return f"wording_{entry.entry_id}_"
