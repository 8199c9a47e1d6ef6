"""What the user can ask for: a description of what just was, or another one of what is told."""

from datetime import datetime, timedelta

from homeassistant.auth.permissions.const import POLICY_CONTROL, POLICY_READ
from homeassistant.const import ATTR_ENTITY_ID
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import (
    HomeAssistantError,
    ServiceValidationError,
    Unauthorized,
    UnknownUser,
)
from homeassistant.helpers import config_validation as cv, entity_registry as er
from homeassistant.util import dt as dt_util
from homeassistant.util.ulid import ulid_now
import probatio

from .const import DOMAIN
from .kept_pictures import with_image
from .ledger import Ledger
from .mistakes import mistake
from .permissions import (
    KnownCamera,
    camera_of_entity,
    loaded_entries,
    showing_entities,
    telling_entity,
)
from .pipeline.errors import NotTakenError, NoWordsError
from .pipeline.models import Detection, Label, Phase
from .pipeline.text import LONGEST_WISH, tidy
from .reading import async_known
from .records import LAST_REVISION
from .runtime import NarratorConfigEntry
from .stored import detection_from

SERVICE_DESCRIBE_NOW = "describe_now"
SERVICE_DESCRIBE_AGAIN = "describe_again"

ATTR_SECONDS = "seconds"
ATTR_PROMPT = "prompt"
ATTR_SIGHTING_ID = "sighting_id"

# Longer than the longest clip that the options allow would be cut anyway.
_LONGEST_S = 300
_DEFAULT_S = 15

# So long after first words the full ones may still come: the longest wait for an end that the
# options allow, and some minutes for all the rest.
_GOES_ON = timedelta(minutes=15)

_DESCRIBE_NOW = probatio.Schema(
    {
        probatio.Required(ATTR_ENTITY_ID): cv.entity_id,
        probatio.Optional(ATTR_SECONDS, default=_DEFAULT_S): probatio.All(
            probatio.Coerce(float), probatio.Range(min=1, max=_LONGEST_S)
        ),
        probatio.Optional(ATTR_PROMPT, default=""): cv.string,
    }
)
_DESCRIBE_AGAIN = probatio.Schema(
    {
        probatio.Required(ATTR_SIGHTING_ID): cv.string,
        probatio.Optional(ATTR_PROMPT, default=""): cv.string,
    }
)


@callback
def async_register(hass: HomeAssistant) -> None:
    """Offer the actions, whether or not a console is set up."""
    for name, handler, schema in (
        (SERVICE_DESCRIBE_NOW, _describe_now, _DESCRIBE_NOW),
        (SERVICE_DESCRIBE_AGAIN, _describe_again, _DESCRIBE_AGAIN),
    ):
        hass.services.async_register(
            DOMAIN, name, handler, schema, supports_response=SupportsResponse.OPTIONAL
        )


async def _describe_now(call: ServiceCall) -> ServiceResponse:
    """Describe the last seconds of a camera; answer with the Sighting."""
    entity_id: str = call.data[ATTR_ENTITY_ID]
    await _require(call, [entity_id], POLICY_CONTROL)
    entry, mac = _camera_of(call.hass, entity_id)
    # Who may switch a camera's light need not be allowed to see what it sees.
    await _require(call, _showing(call.hass, [entity_id], mac), POLICY_READ)
    coordinator = entry.runtime_data.coordinator
    camera = coordinator.data.cameras[mac]
    now = _whole_ms(dt_util.utcnow())
    detection = Detection(
        console_id=coordinator.console.mac.lower(),
        camera_id=camera.id,
        camera_name=camera.name,
        event_ids=(f"requested-{ulid_now().lower()}",),
        labels=(Label.OTHER,),
        start=_whole_ms(now - timedelta(seconds=call.data[ATTR_SECONDS])),
        end=now,
        requested=True,
    )
    return await _described(entry, detection, call, revision=1)


async def _describe_again(call: ServiceCall) -> ServiceResponse:
    """Describe a Sighting once more, from the recording; answer with its new revision."""
    sighting_id: str = call.data[ATTR_SIGHTING_ID]
    try:
        known = await async_known(call.hass, sighting_id)
        data = known.data
        detection = detection_from(data)
        entry = _entry_of(call.hass, detection.console_id)
    except ServiceValidationError:
        # Who may not see every camera must not learn either which Sightings there are.
        await _require(call, [], POLICY_CONTROL)
        await _require(call, [], POLICY_READ)
        raise
    runtime = entry.runtime_data
    mac = runtime.coordinator.mac_of(detection.camera_id)
    sensor = telling_entity(call.hass, mac) if mac else None
    telling = [sensor] if sensor else []
    await _require(call, telling, POLICY_CONTROL)
    # The answer tells what the camera saw.
    await _require(call, _showing(call.hass, telling, mac) if mac else [], POLICY_READ)
    if mac not in runtime.coordinator.data.cameras:
        raise mistake("camera_gone", camera=detection.camera_name)
    # What was published while we read: between here and the Runner nothing else happens.
    newest = runtime.recent.find(sighting_id) or data
    if is_to_come(newest["phase"], detection, runtime.ledger):
        raise mistake("still_going_on")
    revision = max(newest["revision"], data["revision"], 1) + 1
    if revision > LAST_REVISION:
        raise mistake("described_too_often", most=str(LAST_REVISION))
    # All revisions have the time of the first.
    runtime.recent.note(data, known.time)
    return await _described(entry, detection, call, revision=revision)


def is_to_come(phase: str, detection: Detection, ledger: Ledger) -> bool:
    """Say whether the full words are still to come: after the new ones, or then no more.

    What is unfinished may wait where the Runner knows nothing of it, as after a restart; of first
    words the Detection may go on, and not have been taken in yet.
    """
    if ledger.context_id_of(detection) is not None:
        return True
    may_go_on = dt_util.utcnow() - detection.start < _GOES_ON
    return phase == Phase.FIRST and may_go_on and not ledger.knows(detection)


async def _described(
    entry: NarratorConfigEntry, detection: Detection, call: ServiceCall, *, revision: int
) -> ServiceResponse:
    """Return the event data of the Sighting that comes of it."""
    runtime = entry.runtime_data
    wish = tidy(call.data[ATTR_PROMPT], LONGEST_WISH)
    try:
        sighting = await runtime.runner.describe(detection, revision=revision, wish=wish)
    except NotTakenError as err:
        raise HomeAssistantError(
            translation_domain=DOMAIN, translation_key="not_described"
        ) from err
    except NoWordsError as err:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="no_new_words",
            translation_placeholders={"reason": f"{err.reason}:{err.detail}"},
        ) from err
    told = runtime.recent.find(sighting.sighting_id)
    return None if told is None else with_image(call.hass, told)


def _camera_of(hass: HomeAssistant, entity_id: str) -> KnownCamera:
    """Return the camera that any of its entities names."""
    if (camera := camera_of_entity(hass, entity_id)) is None:
        raise mistake("camera_not_found", entity=entity_id)
    return camera


def _entry_of(hass: HomeAssistant, console_id: str) -> NarratorConfigEntry:
    """Return the entry of that console, which may have been added anew since."""
    for entry in loaded_entries(hass):
        if entry.runtime_data.coordinator.console.mac.lower() == console_id:
            return entry
    raise mistake("console_not_loaded")


def _showing(hass: HomeAssistant, entity_ids: list[str], mac: str) -> list[str]:
    """Return the entities in which the camera is seen, on the devices of ``entity_ids``."""
    registry = er.async_get(hass)
    named = [entity for each in entity_ids if (entity := registry.async_get(each))]
    devices = {entity.device_id for entity in named if entity.device_id}
    return showing_entities(hass, devices, mac)


async def _require(call: ServiceCall, entity_ids: list[str], policy: str) -> None:
    """Raise Unauthorized when the user who calls may not use any of these entities so.

    Where there is none by which he could have been allowed to, only one who may use all of
    them can. What is raised names no entity: it is the same for all that is kept from him.
    """
    if call.context.user_id is None:
        return
    user = await call.hass.auth.async_get_user(call.context.user_id)
    if user is None:
        raise UnknownUser(context=call.context)
    may = user.permissions
    if not may.access_all_entities(policy) and not any(
        may.check_entity(entity_id, policy) for entity_id in entity_ids
    ):
        raise Unauthorized(context=call.context, permission=policy)


def _whole_ms(moment: datetime) -> datetime:
    """Return the moment as the event stores it, so that it is the same when it is read back."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
