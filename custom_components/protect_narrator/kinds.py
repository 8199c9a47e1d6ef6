"""What a camera's Sightings are counted by: kinds that people ask for, not each of Protect's."""

from collections.abc import Iterable
from enum import StrEnum

from .pipeline.models import Label
from .protect import CameraInfo


class Kind(StrEnum):
    """What there is a number of Sightings for. The values are stored, and in ids of entities."""

    ANY = "sightings"
    PEOPLE = "people"
    VEHICLES = "vehicles"
    ANIMALS = "animals"
    PACKAGES = "packages"
    RINGS = "rings"
    SOUNDS = "sounds"
    MOTION = "motion"


# A face is somebody, and a plate is on a vehicle; what is neither is in the number of all.
_KIND_OF = {
    Label.PERSON: Kind.PEOPLE,
    Label.FACE: Kind.PEOPLE,
    Label.VEHICLE: Kind.VEHICLES,
    Label.LICENSE_PLATE: Kind.VEHICLES,
    Label.ANIMAL: Kind.ANIMALS,
    Label.PACKAGE: Kind.PACKAGES,
    Label.RING: Kind.RINGS,
    Label.MOTION: Kind.MOTION,
    **{label: Kind.SOUNDS for label in Label if label.value.startswith("audio_")},
}


def kinds_of(labels: Iterable[Label]) -> frozenset[Kind]:
    """Return what a Sighting with these labels counts as; always as one."""
    return frozenset({Kind.ANY, *(_KIND_OF[label] for label in labels if label in _KIND_OF)})


def told_by(camera: CameraInfo) -> frozenset[Kind]:
    """Return what Protect can tell of that camera: every one tells motion."""
    labels = {*camera.labels, Label.MOTION}
    return kinds_of(labels | {Label.RING} if camera.is_doorbell else labels)
