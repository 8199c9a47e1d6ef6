"""All labelled scenes.

As the integration's defaults have it, a clip begins 3 s before its detection and ends 2 s after it.
Keyframes are at 0, 5, 10 … seconds.
"""

from simulator.video import Scene as Camera

from .scene import Bush, Kind, LabelledScene, Mover, Point, Shape, Weather

type _Way = tuple[Point, ...]
type _Rgb = tuple[int, int, int]

_BEFORE_S, _AFTER_S = 3.0, 2.0
_GLIMPSE_S = 0.8
_OUTSIDE = (-0.2, 1.2)  # from beyond one edge to beyond the other

_RED, _BLUE, _OLIVE, _BLACK = (168, 52, 48), (48, 74, 132), (92, 98, 60), (44, 44, 50)
_WHITE, _TAN, _SILVER = (216, 216, 212), (150, 112, 74), (168, 172, 178)

_HD = Camera(1920, 1080, 10)
_FAST = Camera(1280, 720, 15)
_SILENT = Camera(1280, 720, 10, audio=False)
_HEVC = Camera(1280, 720, 10, "hevc")
_HD_HEVC = Camera(1920, 1080, 10, "hevc", audio=False)
# Noise is what costs bits: without a bitrate a night would be 30 Mbit/s.
_DARK = Camera(1280, 720, 10, bitrate=3_000_000)
_HD_DARK = Camera(1920, 1080, 10, bitrate=6_000_000)
_POOR = Camera(1280, 720, 10, bitrate=500_000)
_POOR_HEVC = Camera(1280, 720, 10, "hevc", bitrate=400_000)
_UHD = Camera(3840, 2160, 10, audio=False)
_UHD_HEVC = Camera(3840, 2160, 10, "hevc", audio=False)

_NIGHT = Weather(noise=8, light=0.32, shutter_s=1 / 30)
_RAIN = Weather(rain=180, light=0.8, clouds=0.03)
_WIND = Weather(bushes=(Bush(0.8, 0.3, 0.5, 0.012), Bush(0.9, 0.46, 0.3, 0.016, 1.3)))
_STORM = Weather(
    bushes=(
        *_WIND.bushes,
        Bush(0.68, 0.36, 0.34, 0.022, 1.1),
        Bush(0.1, 0.62, 0.3, 0.02, 0.9),
    )
)
_SLOW_SHUTTER = Weather(shutter_s=1 / 10, light=0.6, noise=3)


def _across(
    first_s: float, last_s: float, x: tuple[float, float] = _OUTSIDE, feet: float = 0.86
) -> _Way:
    return Point(first_s, x[0], feet), Point(last_s, x[1], feet)


def _person(way: _Way, height: float = 0.42, colour: _Rgb = _RED, name: str = "somebody") -> Mover:
    return Mover(name, Shape.PERSON, height, way, colour)


def _car(way: _Way, colour: _Rgb = _BLUE, name: str = "car") -> Mover:
    return Mover(name, Shape.VEHICLE, 0.26, way, colour)


def _animal(way: _Way, height: float, colour: _Rgb, name: str) -> Mover:
    return Mover(name, Shape.ANIMAL, height, way, colour)


def _peek(first_s: float, x: float, colour: _Rgb = _RED, name: str = "somebody") -> Mover:
    """Return somebody who comes out from behind something and is gone again."""
    return _person(_across(first_s, first_s + _GLIMPSE_S, (x, x + 0.12)), colour=colour, name=name)


def _scene(kind: Kind, name: str, seconds: float, *movers: Mover, **more: object) -> LabelledScene:
    whole = {"detection": (_BEFORE_S, seconds - _AFTER_S)} | more
    return LabelledScene(
        name=f"{kind}-{name}",
        kind=kind,
        seconds=seconds,
        movers=movers,
        **whole,  # type: ignore[arg-type]  # fields by name
    )


def _glimpses() -> tuple[LabelledScene, ...]:
    kind = Kind.GLIMPSE
    return (
        _scene(kind, "over-a-keyframe", 30, _peek(9.6, 0.5)),
        _scene(kind, "at-the-beginning", 30, _peek(3.1, 0.2, _OLIVE), backdrop="garden"),
        _scene(kind, "at-the-end", 30, _peek(27.1, 0.7), camera=_SILENT, backdrop="gate"),
        _scene(kind, "in-the-first-frames", 30, _peek(0, 0.4), detection=(0, 30), camera=_HEVC),
        _scene(kind, "in-the-last-frames", 30, _peek(29.1, 0.6, _BLUE), detection=(0, 30)),
        _scene(kind, "1080p", 30, _peek(17.3, 0.3), camera=_HD, backdrop="driveway"),
        _scene(kind, "hevc", 30, _peek(19.6, 0.55), camera=_HEVC, backdrop="gate"),
        _scene(kind, "variable-rate", 30, _peek(12.2, 0.5), irregular=True, backdrop="garden"),
        _scene(kind, "in-a-minute", 60, _peek(44.7, 0.35, _BLUE), backdrop="driveway"),
    )


def _walkers() -> tuple[LabelledScene, ...]:
    kind = Kind.WALKER
    there_and_back = (
        *_across(4, 9, (-0.1, 0.7)),
        Point(11, 0.72, 0.8),
        Point(16, -0.1, 0.9),
    )
    towards = Point(3.5, 0.45, 0.56, 0.5), Point(9.5, 0.55, 0.98, 1.7)
    return (
        _scene(kind, "1080p", 15, _person(_across(4, 12)), camera=_HD),
        _scene(kind, "there-and-back", 20, _person(there_and_back, 0.4, _BLUE), camera=_HEVC),
        _scene(kind, "towards", 12, _person(towards), backdrop="driveway", camera=_FAST),
        _scene(kind, "rotated", 12, _person(_across(4, 9), 0.3), rotation=90, backdrop="gate"),
        _scene(kind, "variable-rate", 15, _person(_across(5, 11)), irregular=True),
        _scene(kind, "4k", 10, _person(_across(3.5, 7.5), 0.4, _OLIVE), camera=_UHD),
    )


def _distant() -> tuple[LabelledScene, ...]:
    kind = Kind.DISTANT
    return (
        _scene(kind, "slow", 15, _person(_across(4, 12, (0.2, 0.45), 0.62), 0.11), camera=_HD),
        _scene(
            kind,
            "short",
            20,
            _person(_across(13, 14.4, (0.45, 0.55), 0.56), 0.12, _BLACK),
            backdrop="gate",
        ),
        _scene(
            kind,
            "4k-hevc",
            10,
            _person(_across(4, 6.5, (0.8, 0.66), 0.6), 0.1),
            camera=_UHD_HEVC,
            backdrop="garden",
        ),
    )


def _vehicles() -> tuple[LabelledScene, ...]:
    kind = Kind.VEHICLE
    drives_up = Point(4, 1.3, 0.9), Point(6.5, 0.5, 0.9), Point(20, 0.5001, 0.9)
    return (
        _scene(kind, "passing", 12, _car(_across(6, 7, (-0.3, 1.3), 0.9)), camera=_FAST),
        _scene(
            kind,
            "passing-once-in-30-s",
            30,
            _car(_across(22.4, 23.2, (1.3, -0.3), 0.9), _WHITE),
            backdrop="driveway",
        ),
        _scene(kind, "parks", 20, _car(drives_up), backdrop="driveway", camera=_HEVC),
        _scene(
            kind,
            "both-ways",
            20,
            _car(_across(4.2, 5.4, (-0.3, 1.3), 0.9), _BLACK, "first"),
            _car(_across(15, 16.2, (1.3, -0.3), 0.92), _SILVER, "second"),
            camera=_HD,
        ),
    )


def _animals() -> tuple[LabelledScene, ...]:
    kind = Kind.ANIMAL
    return (
        _scene(kind, "cat", 12, _animal(_across(4, 9, feet=0.9), 0.1, _BLACK, "cat")),
        _scene(
            kind,
            "dog-runs",
            15,
            _animal(_across(9.2, 10.4, feet=0.86), 0.16, _TAN, "dog"),
            backdrop="garden",
            camera=_FAST,
        ),
        _scene(
            kind,
            "fox-at-night",
            15,
            _animal(_across(5, 8, (0.9, 0.2), 0.82), 0.14, _WHITE, "fox"),
            weather=_NIGHT,
            camera=_DARK,
            backdrop="driveway",
        ),
    )


def _standers() -> tuple[LabelledScene, ...]:
    kind = Kind.STANDER
    stays = Point(4, -0.1), Point(7, 0.36, 0.8), Point(20, 0.3601, 0.8)
    leaves = Point(4, 1.1), Point(6, 0.5), Point(12, 0.5001), Point(14, 1.1)
    far = Point(3.6, 0.7, 0.6), Point(5, 0.5, 0.6), Point(15, 0.5001, 0.6)
    return (
        _scene(kind, "at-the-door", 20, _person(stays, 0.4, _BLUE)),
        _scene(kind, "leaves", 18, _person(leaves), backdrop="garden", camera=_HEVC),
        _scene(kind, "far-away", 15, _person(far, 0.18), backdrop="gate", camera=_HD),
    )


def _pairs() -> tuple[LabelledScene, ...]:
    kind = Kind.TWO
    return (
        _scene(
            kind,
            "one-after-the-other",
            18,
            _person(_across(3.6, 6), name="first"),
            _person(_across(11, 13.4), colour=_BLUE, name="second"),
        ),
        _scene(
            kind,
            "meet",
            14,
            _person(_across(4, 10), name="first"),
            _person(_across(5, 11, (1.2, -0.2), 0.8), 0.38, _OLIVE, "second"),
            backdrop="driveway",
            camera=_HD_HEVC,
        ),
        _scene(
            kind,
            "two-glimpses",
            30,
            _peek(8.3, 0.2, name="first"),
            _peek(23.2, 0.7, _BLUE, "second"),
            backdrop="garden",
        ),
        _scene(
            kind,
            "one-waits-one-passes",
            30,
            _person((Point(3.5, -0.1), Point(6, 0.3), Point(28, 0.3001)), 0.34, name="first"),
            _peek(19.3, 0.7, _OLIVE, "second"),
        ),
        _scene(
            kind,
            "car-and-somebody-far-away",
            30,
            _car(_across(4, 6.5, (-0.3, 1.3), 0.94), name="first"),
            _person(_across(21.2, 22.2, (0.44, 0.52), 0.6), 0.14, _BLACK, "second"),
            backdrop="gate",
        ),
    )


def _nights() -> tuple[LabelledScene, ...]:
    kind = Kind.NIGHT
    return (
        _scene(kind, "walker", 15, _person(_across(4, 11)), weather=_NIGHT, camera=_HD_DARK),
        _scene(
            kind,
            "short",
            20,
            _person(_across(11.2, 12.4, (0.2, 0.5))),
            weather=_NIGHT,
            camera=_DARK,
        ),
        _scene(
            kind,
            "far-away",
            15,
            _person(_across(6, 9, (0.3, 0.7), 0.7), 0.2, _WHITE),
            weather=_NIGHT,
            camera=_DARK,
            backdrop="gate",
        ),
        _scene(
            kind,
            "hevc-few-bits",
            15,
            _person(_across(8, 9.6, (1.05, 0.6))),
            weather=_NIGHT,
            camera=_POOR_HEVC,
            backdrop="driveway",
        ),
        _scene(
            kind,
            "glimpse",
            30,
            _peek(16.8, 0.5, _SILVER),
            weather=Weather(noise=11, light=0.3),
            camera=_DARK,
            backdrop="gate",
        ),
    )


def _rains() -> tuple[LabelledScene, ...]:
    kind = Kind.RAIN
    wet_night = Weather(rain=260, light=0.4, noise=6)
    return (
        _scene(kind, "walker", 15, _person(_across(5, 10)), weather=_RAIN, camera=_HD),
        _scene(kind, "short", 20, _peek(14.2, 0.4), weather=_RAIN, backdrop="garden"),
        _scene(
            kind,
            "at-night",
            15,
            _person(_across(4.2, 6, (0.3, 0.6)), 0.36, _WHITE),
            weather=wet_night,
            camera=_DARK,
            backdrop="driveway",
        ),
    )


def _trees() -> tuple[LabelledScene, ...]:
    kind = Kind.TREE
    return (
        _scene(kind, "walker", 15, _person(_across(6, 11, (-0.1, 0.6))), weather=_WIND),
        _scene(kind, "short", 20, _peek(7.4, 0.3), weather=_STORM, backdrop="garden", camera=_HD),
        _scene(
            kind,
            "storm",
            15,
            _person(_across(9.1, 10.6, (0.3, 0.55), 0.8), 0.3, _BLUE),
            weather=_STORM,
            camera=_HEVC,
            backdrop="driveway",
        ),
        _scene(
            kind,
            "glimpse-in-a-storm",
            30,
            _peek(21.4, 0.3, _OLIVE),
            weather=_STORM,
            camera=_FAST,
        ),
    )


def _lights() -> tuple[LabelledScene, ...]:
    kind = Kind.LIGHT
    return (
        _scene(
            kind,
            "flickers",
            15,
            _person(_across(8.2, 9.6, (0.2, 0.5))),
            weather=Weather(flicker=0.18),
        ),
        _scene(
            kind,
            "switches-to-infrared",
            20,
            _peek(14.3, 0.5),
            weather=Weather(switches_s=(7.3, 16.6), light=0.7),
            backdrop="driveway",
        ),
        _scene(
            kind,
            "clouds",
            20,
            _person(_across(11.3, 12.6, (0.7, 0.4)), 0.34, _OLIVE),
            weather=Weather(clouds=0.3),
            backdrop="garden",
            camera=_HD,
        ),
        _scene(
            kind,
            "headlights",
            15,
            _person(_across(10, 11.2, (0.3, 0.5))),
            weather=Weather(light=0.3, noise=5, flashes_s=(5.1, 7.7)),
            backdrop="gate",
            camera=_HEVC,
        ),
    )


def _blurs() -> tuple[LabelledScene, ...]:
    kind = Kind.BLUR
    sprint = Point(5, -0.15), Point(6, 0.5), Point(6.8, 0.51), Point(7.8, 1.15)
    late_sprint = Point(7, 1.15), Point(8.6, 0.3), Point(9.6, 0.29), Point(11, -0.15)
    brakes = Point(4, -0.35, 0.9), Point(5, 0.4, 0.9), Point(7, 0.46, 0.9), Point(8, 1.35, 0.9)
    return (
        _scene(kind, "sprint", 12, _person(sprint), weather=_SLOW_SHUTTER, camera=_FAST),
        _scene(
            kind,
            "sprint-at-night",
            15,
            _person(late_sprint, 0.4, _WHITE),
            weather=Weather(noise=6, light=0.4, shutter_s=1 / 10),
            camera=_DARK,
            backdrop="gate",
        ),
        _scene(
            kind,
            "searching-focus",
            14,
            _person(_across(4, 10)),
            weather=Weather(unfocused_s=((4.5, 6.6), (7.6, 10))),
            backdrop="driveway",
            camera=_HD,
        ),
        _scene(
            kind,
            "car-brakes",
            12,
            _car(brakes),
            weather=_SLOW_SHUTTER,
            camera=_HEVC,
            backdrop="driveway",
        ),
    )


def _stills() -> tuple[LabelledScene, ...]:
    kind = Kind.STILL
    return (
        _scene(kind, "day", 15, camera=_HD),
        _scene(kind, "night", 15, weather=_NIGHT, camera=_DARK, backdrop="gate"),
        _scene(kind, "rain", 15, weather=_RAIN, backdrop="garden", camera=_HEVC),
        _scene(kind, "tree", 15, weather=_WIND),
        _scene(kind, "clouds", 20, weather=Weather(clouds=0.2), backdrop="driveway"),
        _scene(kind, "few-bits", 15, weather=Weather(noise=4), camera=_POOR),
    )


SCENES: tuple[LabelledScene, ...] = (
    *_glimpses(),
    *_walkers(),
    *_distant(),
    *_vehicles(),
    *_animals(),
    *_standers(),
    *_pairs(),
    *_nights(),
    *_rains(),
    *_trees(),
    *_lights(),
    *_blurs(),
    *_stills(),
)
"""Of every kind several; those of `Kind.STILL` have no subject."""
