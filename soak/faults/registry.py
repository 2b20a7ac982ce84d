"""What is known of each kind of fault: its function, how often it comes, and which others it can't be beside."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from soak.faults.script import Planned
from soak.processes import Supervised
from soak.world import World

Fault = Callable[[World, Planned], Iterator[None]]
Picked = TypeVar("Picked")
KINDS: dict[str, Fault] = {}
WEIGHTS: dict[str, float] = {}
EXCLUSIVE: dict[str, str] = {}
"""Of kinds that would undo each other, one at a time."""


class NotDone(Exception):
    """There was nothing that could have been broken so: this is no fault."""


def kind(weight: float, *, alone: str = "") -> Callable[[Fault], Fault]:
    """Declare a kind of fault by the function's name; `weight` is how often it comes beside the others."""

    def declare(fault: Fault) -> Fault:
        name = fault.__name__
        KINDS[name], WEIGHTS[name] = fault, weight
        if alone:
            EXCLUSIVE[name] = alone
        return fault

    return declare


def picked(fault: Planned, among: Sequence[Picked], turn: int = 1) -> Picked:
    """One of them, by the script's choice; another `turn` chooses on its own."""
    return among[int(fault.pick * 7919**turn) % len(among)]


@contextmanager
def standing_still(process: Supervised) -> Iterator[None]:
    """Freeze a process and its children, until the block ends. Raises NotDone when it is not there."""
    go_on = process.freeze()
    require(go_on is not None)
    assert go_on is not None
    try:
        yield
    finally:
        go_on()


def require(done: bool, why: str = "it was down already") -> None:
    """Raise NotDone unless something was done to the running system: only that is counted."""
    if not done:
        raise NotDone(why)
