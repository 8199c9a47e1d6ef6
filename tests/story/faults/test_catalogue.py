"""The catalogue is complete: what the simulator can do wrong, some story plays."""

from dataclasses import fields
from pathlib import Path

import pytest

from simulator.console import Ends, Faults, Reply, Socket
from simulator.model import Failure

from .catalogue import FAMILIES

FAULTS = [fault for faults in FAMILIES.values() for fault in faults]
PLAYED = " ".join(
    path.read_text()
    for path in sorted(Path(__file__).parent.glob("*.py"))
    if path.name != Path(__file__).name
)

# The answer to a log-in while setting up, which the tests of the flows play; and a mere delay.
ANSWERED_ELSEWHERE = {"second_factor", "late"}
# How a healthy console is; what setting up meets; and what is part of another.
SWITCHED_ELSEWHERE = {
    "recording_lag",
    "cloud_account",
    "bootstrap",
    "public",
    "repeat_adds",
    "serves_ranges",
}


def test_every_fault_has_a_name_of_its_own_and_says_where_it_was_seen() -> None:
    assert len({fault.slug for fault in FAULTS}) == len(FAULTS)
    assert all(fault.seen for fault in FAULTS)


@pytest.mark.parametrize("failure", Failure)
def test_every_failure_of_a_model_is_played(failure: Failure) -> None:
    assert f"ModelFault.{failure.name.lower()}(" in PLAYED


@pytest.mark.parametrize(
    "name", sorted(name for name, made in vars(Reply).items() if isinstance(made, classmethod))
)
def test_every_answer_of_a_console_is_played(name: str) -> None:
    assert (f"Reply.{name}(" in PLAYED) != (name in ANSWERED_ELSEWHERE)


@pytest.mark.parametrize("mood", [*Socket, *Ends], ids=str)
def test_every_mood_of_a_websocket_is_played(mood: Socket | Ends) -> None:
    is_healthy = mood in {Socket.OPEN, Ends.TOLD}
    assert (f"{type(mood).__name__}.{mood.name}" in PLAYED) != is_healthy


@pytest.mark.parametrize("name", [each.name for each in fields(Faults)])
def test_every_switch_of_a_console_is_played(name: str) -> None:
    is_played = any(words in PLAYED for words in (f'"{name}"', f"{name}=", f"faults.{name} ="))
    assert is_played or name in SWITCHED_ELSEWHERE
