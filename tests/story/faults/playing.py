"""The story that most faults have: they come, they are told of, they go, and all is well."""

from collections.abc import Iterable, Mapping
from typing import Any

from .fault import Fault
from .stage import Stage
from .telling import Notebook


async def is_told_and_heals(fault: Fault, stage: Stage) -> None:
    """Play a fault on a stage that is set up, and write down what was seen."""
    notebook = Notebook(fault)
    assert fault.play is not None
    if (playing := fault.play(stage)) is not None:
        await playing

    told, beside = await stage.see(stage.camera, stage.neighbour)

    assert (told["medium"], tuple(told["fallbacks"])) == (fault.medium, fault.fallbacks)
    assert told["clip_attempts"] in fault.tries
    assert told["late"] is fault.late
    assert (told["fallback_reason"] is None) == (not fault.fallbacks)
    if fault.spares_the_other:
        is_well(beside)
    await stage.home.is_clean()
    await heals(stage, notebook, told, beside)
    warnings = stage.warnings()
    for beginning in fault.says_once:
        assert sum(each.startswith(beginning) for each in warnings) == 1, warnings


def is_well(*sightings: Mapping[str, Any]) -> None:
    """Make sure that these were told from frames, and lack nothing."""
    for each in sightings:
        assert (each["medium"], each["fallbacks"]) == ("frames", [])
        assert each["agent_id"] is not None


async def heals(
    stage: Stage,
    notebook: Notebook,
    told: Mapping[str, Any] | str,
    beside: Mapping[str, Any] | None = None,
    *,
    also: Iterable[str] = (),
    seen: Iterable[str] | None = None,
) -> None:
    """End the fault, see that nothing of it is left, and write down what was seen.

    ``seen`` is what the user saw beside the Sighting, if that was at an earlier moment; ``also``
    comes before it.
    """
    looked = [*also, *(stage.look() if seen is None else seen)]
    after = await stage.must_heal()
    assert stage.errors() == []
    await stage.leaves_nothing()
    notebook.write(told, looked, after, beside)
