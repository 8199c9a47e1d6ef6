"""How soon a console's own time is known, and what that spares: on a clock of its own."""

from pathlib import Path
import tempfile

from tests.pipeline.lateness import LateHome, tries, wasted_s

from .result import Result

_CONSOLES_S = (1.0, 8.0, 20.0)
_MOODY_S = 8.0
_LEARNING = 10
_CLIPS = 100
_RUNS = 3


async def learning() -> list[Result]:
    """Fetch clips from consoles that differ in nothing but when a recording is ready."""
    results: list[Result] = []
    for seconds in _CONSOLES_S:
        asked, wasted = await _fetched(seconds, 0.0)
        name = f"a console that is ready after {seconds:g} s, after {_LEARNING} clips"
        results += [
            Result(promise=f"{name}: tries a clip", runs=asked, bound=1.2, unit="tries"),
            Result(promise=f"{name}: waited too long", runs=wasted, bound=2, unit="s"),
        ]
    asked, wasted = await _fetched(_MOODY_S, 0.3)
    results.append(
        Result(
            promise=f"a console that is ready after {_MOODY_S:g} s ±30 %: tries a clip",
            runs=asked,
            bound=1.2,
            unit="tries",
            beside=f"waited too long: {max(wasted):.2f} s at most; who knew how it varies would "
            "wait 1.8 s too long for as many tries",
        )
    )
    return results


async def _fetched(seconds: float, share: float) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return average tries and seconds wasted of each run."""
    asked, wasted = [], []
    for seed in range(_RUNS):
        with tempfile.TemporaryDirectory() as folder:
            home = LateHome(Path(folder), seed=seed)
            await home.fetch_many(_LEARNING, home.around(seconds, share))
            fetched = await home.fetch_many(_CLIPS, home.around(seconds, share))
        asked.append(tries(fetched))
        wasted.append(wasted_s(fetched))
    return tuple(asked), tuple(wasted)
