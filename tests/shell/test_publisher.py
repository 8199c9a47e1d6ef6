"""What the bus event holds of a Sighting."""

from dataclasses import replace
import json

from custom_components.protect_narrator.protect.incident import MOST_PARTS
from custom_components.protect_narrator.publisher import event_data

from .sightings import LONGEST


def test_names_that_gather_over_many_updates_do_not_make_the_event_too_large() -> None:
    # A Detection unites the plates of all that is said of it, and a street has many.
    plates = tuple(f"AB {number}" for number in range(1000))
    crowd = replace(LONGEST.detection, license_plates=plates, faces=plates)

    data = event_data(
        replace(LONGEST, detection=crowd), config_entry_id="0" * 26, device_id="0" * 32
    )

    assert len(json.dumps(data, ensure_ascii=False).encode()) < 8 * 1024
    assert data["license_plates"] == data["faces"] == list(plates[:8])


def test_where_everything_is_long_only_the_description_gives_way() -> None:
    data = event_data(LONGEST, config_entry_id="0" * 26, device_id="0" * 32)

    assert len(json.dumps(data, ensure_ascii=False).encode()) < 8 * 1024
    assert data["protect_event_ids"] == list(LONGEST.detection.event_ids)
    assert len(data["protect_event_ids"]) == MOST_PARTS
    assert LONGEST.description.description.startswith(data["description"])
    assert len(data["description"]) > 300
