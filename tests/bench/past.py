"""Ninety days of a busy home: all that was fired in them, the same in every run."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from homeassistant.core import Context, Event
from homeassistant.util.ulid import ulid_at_time

from custom_components.protect_narrator.const import EVENT_SIGHTING
from custom_components.protect_narrator.pipeline.models import (
    Description,
    Detection,
    Fallback,
    FallbackDetail,
    FallbackReason,
    Importance,
    Label,
    Medium,
    Phase,
    Sighting,
    Timings,
)
from custom_components.protect_narrator.publisher import event_data
from custom_components.protect_narrator.records import context_id

SIGHTINGS = 100_000
OTHERS = 900_000
CAMERAS = tuple(f"{number:024x}" for number in range(0x65F0C0DE, 0x65F0C0DE + 20))
SINCE = datetime(2026, 8, 3, tzinfo=UTC)
UNTIL = SINCE + timedelta(days=90)

_SEED = 4711

# Of so many in a hundred there are first words, or they are described again.
_FIRST_WORDS, _AGAIN = 30, 3

_LABELS = {
    (Label.PERSON,): 45,
    (Label.VEHICLE,): 25,
    (Label.ANIMAL,): 12,
    (Label.VEHICLE, Label.LICENSE_PLATE): 8,
    (Label.PACKAGE, Label.PERSON): 4,
    (Label.PERSON, Label.FACE): 4,
    (Label.RING, Label.PERSON): 2,
}
_IMPORTANCES = {Importance.LOW: 80, Importance.MEDIUM: 17, Importance.HIGH: 3}
_LOSSES = {
    (): 900,
    (Fallback(FallbackReason.CLIP_DOWNLOAD_FAILED, FallbackDetail.NOT_READY),): 40,
    (Fallback(FallbackReason.CLIP_DOWNLOAD_FAILED, FallbackDetail.TIMEOUT),): 18,
    (Fallback(FallbackReason.BUDGET_EXHAUSTED, FallbackDetail.OVER_BUDGET),): 15,
    (Fallback(FallbackReason.AGENT_FAILED, FallbackDetail.AGENT_TIMEOUT),): 15,
    (Fallback(FallbackReason.QUEUE_FULL, FallbackDetail.OVERLOAD),): 5,
    (Fallback(FallbackReason.CLIP_UNREADABLE, FallbackDetail.UNDECODABLE),): 3,
    (
        Fallback(FallbackReason.CLIP_DOWNLOAD_FAILED, FallbackDetail.NO_ACCESS),
        Fallback(FallbackReason.SNAPSHOT_UNAVAILABLE, FallbackDetail.HTTP_ERROR),
    ): 2,
    (Fallback(FallbackReason.AGENT_UNAVAILABLE, FallbackDetail.AGENT_MISSING),): 2,
}
_WHO = (
    *("A woman in a red coat", "A man with a rucksack", "Two children", "A courier in a vest"),
    *("A neighbour", "A grey estate car", "A white van", "A cyclist", "A dog", "A tabby cat"),
)
_DOES = (
    *("walks along the path to the front door", "waits beside the hedge", "crosses the yard"),
    *("puts a parcel on the steps", "looks into the carport", "leaves through the garden gate"),
    *("turns in the drive", "stands still for a while and looks at the camera"),
)
_MORE = (
    "It is dry, and nobody else is to be seen.",
    "The light over the door has come on, and the street behind is empty.",
    "Something long is carried under the left arm; the face cannot be made out.",
    "A second person stays at the edge of the picture and does not come nearer.",
)
_FACES = ("Anna", "Jörg", "Mrs Özdemir", "The postman")

type _Order = tuple[float, int, int]
"""When something is fired, its number, and its revision; beyond the Sightings, anything else."""


def events(sightings: int = SIGHTINGS, others: int = OTHERS) -> Iterator[Event]:
    """Yield as many in the order in which they were fired, with more than one of some Sightings."""
    for fired, number, revision in sorted(_agenda(sightings, others)):
        if number < sightings:
            yield _told(sighting(number), revision)
        else:
            yield _other(number, fired)


def sighting(number: int) -> Sighting:
    """Return the final one of that number; the cameras take turns."""
    chance = _chance(number)
    start = _start(number)
    labels = _one_of(chance, _LABELS)
    losses = _one_of(chance, _LOSSES)
    has_plate = Label.LICENSE_PLATE in labels
    return Sighting(
        detection=Detection(
            console_id="f4e2c6a0b0c0",
            camera_id=CAMERAS[number % len(CAMERAS)],
            camera_name=f"Camera {number % len(CAMERAS) + 1}",
            event_ids=tuple(f"{number:08x}{part:016x}" for part in range(chance.choice((1, 1, 3)))),
            labels=labels,
            start=start,
            end=start + timedelta(seconds=chance.uniform(3, 40)),
            score=chance.randint(55, 99),
            license_plates=(f"WÜ {chance.randint(1000, 1999)}",) if has_plate else (),
            faces=(chance.choice(_FACES),) if Label.FACE in labels else (),
            zones=("Drive",) if chance.random() < 0.3 else (),
        ),
        medium=Medium.SNAPSHOT if losses else Medium.FRAMES,
        frame_count=1 if losses else 5,
        description=_described(chance),
        fallbacks=losses,
        clip_attempts=chance.choice((1, 1, 1, 2, 3)),
        timings=Timings(
            settle_s=7.5, download_s=chance.random(), describe_s=chance.uniform(2, 9), total_s=19.5
        ),
    )


def device_of(camera_id: str) -> str:
    """Return Home Assistant's id of the camera's device."""
    return f"{int(camera_id, 16):032x}"


def _agenda(sightings: int, others: int) -> Iterator[_Order]:
    for number in range(sightings):
        chance = _chance(-1 - number)
        began = _start(number).timestamp()
        if chance.random() * 100 < _FIRST_WORDS:
            yield began + 9, number, 0
        yield began + chance.uniform(20, 60), number, 1
        if chance.random() * 100 < _AGAIN:
            yield began + chance.uniform(600, 86_400), number, 2
    chance = Random(_SEED)  # noqa: S311 - the choice is about a bench
    for number in range(sightings, sightings + others):
        yield chance.uniform(SINCE.timestamp(), UNTIL.timestamp()), number, 0


def _chance(number: int) -> Random:
    return Random(_SEED + number * 7)  # noqa: S311 - as above


def _start(number: int) -> datetime:
    """Return when it began; Protect counts milliseconds."""
    ms = int((UNTIL - SINCE) / timedelta(milliseconds=1))
    return SINCE + timedelta(milliseconds=Random(number).randrange(ms))  # noqa: S311 - as above


def _one_of[T](chance: Random, weights: dict[T, int]) -> T:
    return chance.choices(tuple(weights), tuple(weights.values()))[0]


def _described(chance: Random) -> Description:
    who, does, more = chance.choice(_WHO), chance.choice(_DOES), chance.choice(_MORE)
    return Description(
        title=f"{who} {does}"[:60],
        description=f"{who} {does}. {more} {chance.choice(_MORE)}",
        importance=_one_of(chance, _IMPORTANCES),
        importance_reason="Nobody of the house is expected at this hour.",
        people=chance.randint(0, 3),
        vehicles=chance.randint(0, 2),
        animals=0,
        packages=0,
        confidence=round(chance.uniform(0.5, 1), 2),
        agent_id="ai_task.google_ai_task",
    )


def _told(final: Sighting, revision: int) -> Event:
    told = replace(final, revision=revision, phase=Phase.FINAL if revision else Phase.FIRST)
    return Event(
        EVENT_SIGHTING,
        event_data(
            told,
            config_entry_id="01K8Z0000000000000000BENCH",
            device_id=device_of(told.detection.camera_id),
        ),
        time_fired_timestamp=told.detection.start.timestamp(),
        context=Context(id=context_id(told.sighting_id, revision)),
    )


def _other(number: int, fired: float) -> Event:
    """Return what other integrations fire: mostly the same few things, sometimes new ones."""
    chance = _chance(number)
    entity = f"light.room_{chance.randrange(60)}"
    kinds: dict[str, dict[str, Any]] = {
        "call_service": {
            "domain": "light",
            "service": chance.choice(("turn_on", "turn_off")),
            "service_data": {"entity_id": [entity], "brightness": chance.randrange(256)},
        },
        "automation_triggered": {
            "name": f"Automation {chance.randrange(80)}",
            "entity_id": f"automation.number_{chance.randrange(80)}",
            "source": f"state of {entity}",
        },
        "zha_event": {
            "device_ieee": f"{chance.randrange(40):016x}",
            "unique_id": f"{number:x}",
            "endpoint_id": 1,
            "cluster_id": 6,
            "command": "toggle",
            "args": [],
        },
        "recorder_5min_statistics_generated": {},
    }
    name = _one_of(chance, dict(zip(kinds, (60, 20, 15, 5), strict=True)))
    return Event(
        name,
        kinds[name],
        time_fired_timestamp=fired,
        context=Context(id=ulid_at_time(fired)),
    )
