"""What Home Assistant's system information says of us: how it goes, in a few words.

It is copied into public reports, so consoles are numbered where there are several.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from statistics import median
from typing import Any

from homeassistant.components.system_health import SystemHealthRegistration
from homeassistant.core import HomeAssistant, callback

from .const import DOMAIN
from .options import MEBIBYTE
from .runtime import NarratorConfigEntry, RuntimeData

# Home Assistant waits for as long.
_REACH_LIMIT_S = 5.0

_LAST = 20


@callback
def async_register(_hass: HomeAssistant, register: SystemHealthRegistration) -> None:
    """Offer it."""
    register.async_register_info(_info)


async def _info(hass: HomeAssistant) -> dict[str, Any]:
    """Return what there is to say; what takes time is awaited by Home Assistant."""
    entries: list[NarratorConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    runtimes = [entry.runtime_data for entry in entries]
    counts = [runtime.coordinator.today for runtime in runtimes]
    return {
        "consoles": len(runtimes),
        "can_reach_console": _reach_all(runtimes),
        "hears": _each(_hears(runtime) for runtime in runtimes),
        "unfinished": sum(len(runtime.ledger.unfinished) for runtime in runtimes),
        "sightings_today": sum(today.sightings for today in counts),
        "fallbacks_today": sum(today.fallbacks for today in counts),
        "pictures_kept": _each(_pictures(runtime) for runtime in runtimes),
        "last_sightings": _each(summary(runtime.recent.last(_LAST)) for runtime in runtimes),
    }


def summary(sightings: Iterable[Mapping[str, Any]]) -> str:
    """Return in a line how the last Sightings went, from their events' data."""
    told = list(sightings)
    if not told:
        return "none since the start"
    lost = Counter(fallback.partition(":")[0] for each in told for fallback in each["fallbacks"])
    # What was looked for later ended long ago, and what was asked for again even longer.
    took = [each["total_s"] for each in told if not each["late"] and each["revision"] == 1]
    parts = [f"{len(told)} Sightings"]
    if took:
        parts.append(f"median {median(took):.1f} s, longest {max(took):.1f} s")
        parts.append(", ".join(f"{name} {value:.1f} s" for name, value in _stages(told)))
    losses = ", ".join(f"{count} x {reason}" for reason, count in lost.most_common())
    parts.append(f"fallbacks: {losses or 'none'}")
    return "; ".join(parts)


def _stages(told: Iterable[Mapping[str, Any]]) -> list[tuple[str, float]]:
    """Return the median of each stage, of the Sightings in which it took place."""
    took: dict[str, list[float]] = {}
    for each in told:
        for stage in ("settle", "download", "prepare", "describe"):
            if each[f"{stage}_s"] > 0:
                took.setdefault(stage, []).append(each[f"{stage}_s"])
    return [(stage, median(values)) for stage, values in took.items()]


def _pictures(runtime: RuntimeData) -> str:
    pictures = runtime.snapshots
    return f"{pictures.count} ({pictures.size / MEBIBYTE:.1f} MB)"


def _hears(runtime: RuntimeData) -> str:
    ways = runtime.connection.ways
    return f"private {ways.private}, public {ways.public}"


async def _reach_all(runtimes: list[RuntimeData]) -> str | dict[str, str]:
    """Return whether each console takes a connection; nothing is sent over it."""
    reached = await asyncio.gather(*map(_reach, runtimes))
    if not all(reached):
        missing = [str(number) for number, well in enumerate(reached, 1) if not well]
        which = f" (console {', '.join(missing)})" if len(reached) > 1 else ""
        return {"type": "failed", "error": f"unreachable{which}"}
    return "ok"


async def _reach(runtime: RuntimeData) -> bool:
    login = runtime.login
    try:
        async with asyncio.timeout(_REACH_LIMIT_S):
            _, writer = await asyncio.open_connection(login.host, login.port)
    except OSError:  # a TimeoutError is one
        return False
    writer.close()
    return True


def _each(lines: Iterable[str]) -> str:
    """Return the one line, or all of them with their number."""
    every = list(lines)
    if len(every) < 2:
        return "".join(every)
    return " / ".join(f"{number}: {line}" for number, line in enumerate(every, 1))
