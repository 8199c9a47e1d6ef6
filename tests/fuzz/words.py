"""Documents in JSON, of agents and of consoles, and ways to break them."""

from collections.abc import Callable
import json
from random import Random
from typing import Any

from .noise import NUMBERS, flipped, spliced

# Texts that mean something to JSON, to regular expressions, to paths and to logs.
_LOUD = (
    "", "{", "}", "[", "]", '"', "'", "\\", "\\u", "\\ud800", "```", "//", ",", ":", "null", "NaN",
    "Infinity", "-Infinity", "1e999", "0x10", "true", "\x00", "\u2028", "\ud800", "\u202e",
    "../../etc/passwd", "http://evil.example/", "?a=b&c=d", "a\nERROR", "{{ x }}", "[x](y)",
    "<script>", "I am sorry, ", "Error: ", "no " * 50, "1" * 400, "a" * 5_000, " " * 5_000,
    "\\" * 3_000, "''" * 1_500, "{" * 3_000, '{"a":' * 500, "[[" * 2_000, "“”" * 500, "//\n" * 900,
    "1,000 " * 900, "٣", "Ⅷ", "²", "é" * 900, "👩‍🚒" * 300,
)  # fmt: skip

_ANSWER = {
    "observations": "A man in a red coat, then a van.",
    "people": 1,
    "vehicles": 0,
    "animals": "no",
    "packages": "2 parcels",
    "title": "A man rings the bell",
    "description": "A man in a red coat walks to the door. He rings and waits.",
    "importance": "medium",
    "importance_reason": "Somebody waits at the door.",
    "confidence": 0.9,
}

_CAMERA_ID, _EVENT_ID, _NOON_MS = (
    "65f0c0de0000000000000000",
    "6670a1b2c3d4e5f601234567",
    1780315200000,
)

_CUT_OUT = {
    "type": "vehicle",
    "name": "B-AB 123",
    "confidence": 80,
    "clockBestWall": _NOON_MS + 1_000,
    "cropped_id": "c",
    "group": {"id": "g", "matchedName": "B-AB 123", "confidence": 80},
    "attributes": {"zone": [1], "color": {"val": "red", "confidence": 9}},
}

_DOCUMENTS: dict[str, dict[str, Any]] = {
    "event": {
        "id": _EVENT_ID,
        "modelKey": "event",
        "type": "smartDetectZone",
        "start": _NOON_MS,
        "end": _NOON_MS + 4_000,
        "score": 81,
        "camera": _CAMERA_ID,
        "device": _CAMERA_ID,
        "smartDetectTypes": ["person", "vehicle"],
        "metadata": {"detectedThumbnails": [_CUT_OUT, _CUT_OUT | {"type": "face"}]},
    },
    "camera": {
        "id": _CAMERA_ID,
        "mac": "F4E2C6000001",
        "name": "Front door",
        "type": "UVC G5 Bullet",
        "marketName": "G5 Bullet",
        "isAdopted": True,
        "featureFlags": {"isDoorbell": True},
        "smartDetectZones": [{"id": 1, "name": "Drive"}, {"id": 2, "name": "Path"}],
        "smartDetectLines": [{"id": 1, "name": "Gate"}],
    },
}


def answer() -> bytes:
    """Return what a good agent answers."""
    return _encoded(json.dumps(_ANSWER, indent=2))


def broken_answer(random: Random) -> bytes:
    """Return what no agent should answer."""
    fields = _copy(_ANSWER)
    for _ in range(random.choice((0, 1, 2, 4))):
        random.choice(_WAYS)(random, fields)
    if random.random() < 0.1:
        _many(random, fields)
    text = json.dumps(fields, ensure_ascii=random.random() < 0.5, indent=random.choice((None, 1)))
    for _ in range(random.choice((0, 0, 1, 2, 6))):
        text = random.choice((_put_in, _cut_out, _replaced, _wrapped))(random, text)
    # More than any agent says, and little enough that reading the file is not what takes memory.
    data = _encoded(text[:4_000_000])
    return random.choice((flipped, spliced))(random, data) if random.random() < 0.2 else data


def documents() -> bytes:
    """Return what a console says."""
    return _encoded(json.dumps([{"event": _DOCUMENTS["event"]}, {"camera": _DOCUMENTS["camera"]}]))


def broken_documents(random: Random) -> bytes:
    """Return some events and cameras that no console should tell of."""
    told = []
    for _ in range(random.choice((1, 3, 8))):
        kind = random.choice(("event", "event", "camera"))
        document = _copy(_DOCUMENTS[kind])
        for _ in range(random.choice((0, 1, 2, 5))):
            random.choice(_WAYS)(random, document)
        if random.random() < 0.1:
            _many(random, document)
        told.append({kind: document})
    return _encoded(json.dumps(told))


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Return every container in the document with each of its keys."""
    keys: list[Any] = []
    if isinstance(value, dict):
        keys = list(value)
    elif isinstance(value, list):
        keys = list(range(len(value)))
    found = [(value, key) for key in keys]
    for key in keys:
        found += _places(value[key])
    return found


def _value(random: Random, depth: int = 0) -> Any:
    """Return anything; containers hold a few of it, and no more than three levels."""
    plain = random.choice(
        (
            random.choice((None, True, False)),
            random.choice(NUMBERS) * random.choice((1, -1)),
            random.choice((0.5, -0.0, 1e308, float("nan"), float("inf"), 10**400)),
            _NOON_MS + random.choice((-1, 1)) * random.choice(NUMBERS),
            random.choice(_LOUD) * random.choice((1, 1, 1, 9)),
        )
    )
    if depth == 3 or random.random() < 0.75:
        return plain
    inside = [_value(random, depth + 1) for _ in range(random.choice((0, 1, 3, 12)))]
    return (
        inside if random.random() < 0.5 else {str(key): value for key, value in enumerate(inside)}
    )


def _other_value(random: Random, document: Any) -> None:
    container, key = random.choice(_places(document))
    container[key] = _value(random)


def _lost(random: Random, document: Any) -> None:
    if len(places := _places(document)) > 3:
        container, key = random.choice(places)
        del container[key]


def _moved(random: Random, document: Any) -> None:
    """Put one value in another's place."""
    (to, key), (container, other) = (random.choice(_places(document)) for _ in range(2))
    to[key] = _copy(container[other])


def _deep(random: Random, document: Any) -> None:
    container, key = random.choice(_places(document))
    value = container[key]
    for _ in range(random.choice((3, 9, 200))):
        value = [value] if random.random() < 0.5 else {"result": value}
    container[key] = value


def _many(random: Random, document: Any) -> None:
    """Say something a thousand times."""
    container, key = random.choice(_places(document))
    if isinstance(container, list):
        container += [_copy(container[key]) for _ in range(1_000)]
    else:
        container |= {f"{key}{number}": container[key] for number in range(1_000)}


_WAYS: tuple[Callable[[Random, Any], None], ...] = (
    _other_value, _other_value, _other_value, _lost, _moved, _deep,
)  # fmt: skip


def _put_in(random: Random, text: str) -> str:
    at = random.randrange(len(text) + 1)
    return text[:at] + random.choice(_LOUD) * random.choice((1, 1, 30)) + text[at:]


def _cut_out(random: Random, text: str) -> str:
    at, to = sorted(random.randrange(len(text) + 1) for _ in range(2))
    return text[:at] + text[to:]


def _replaced(random: Random, text: str) -> str:
    return text.replace(random.choice('"{}:,[]'), random.choice(_LOUD[:16]))


def _wrapped(random: Random, text: str) -> str:
    around = random.choice(
        (("Here it is:\n```json\n", "\n```\nBye."), ('{"result": ', "}"), ("[", "]"))
    )
    return around[0] + text + around[1]


def _copy(value: Any) -> Any:
    """Return a copy of its own, however deep it is."""
    if isinstance(value, dict):
        return {key: _copy(inner) for key, inner in value.items()}
    return [_copy(inner) for inner in value] if isinstance(value, list) else value


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
