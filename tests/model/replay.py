"""An order of steps taken again, and made as short as it can be while it goes wrong in the same way."""

import pprint
from collections.abc import Callable, Sequence
from typing import Any

from tests.model.machine import DeskMachine

Steps = Sequence[tuple[str, dict[str, Any]]]
_SIMPLER = {
    "which": 0,
    "who": "Divine",
    "stale": False,
    "again": False,
    "times": 1,
    "ago": 0,
    "hours": 1,
    "how": "once",
}
"""What is drawn by chance and can be this as well, mostly."""
MOST_TRIES = 400


def replay(machine: type[DeskMachine], steps: Steps) -> None:
    """Take these steps on a new desk; one that is not possible then is left out. Raises what goes wrong."""
    desk = machine()
    try:
        for name, given in steps:
            found = getattr(machine, name)
            machine.is_to_stop()
            if found.when(desk):
                found.noted(desk, **given)
    except BaseException:
        desk.open.close()
        raise
    desk.teardown()


def failure(machine: type[DeskMachine], steps: Steps) -> str:
    """What goes wrong by these steps, in its first words; empty when nothing does."""
    try:
        replay(machine, steps)
    except Exception as problem:
        return kind_of(problem)
    return ""


def kind_of(problem: BaseException) -> str:
    """The first words of what went wrong, without the figures."""
    lines = str(problem).splitlines() or [""]
    last = lines[1] if lines[0].startswith("after ") and len(lines) > 1 else lines[0]
    words = [word for word in last.replace(",", " ").split() if not any(letter.isdigit() for letter in word)]
    return " ".join([type(problem).__name__, *words[:6]])


def shortest(machine: type[DeskMachine], steps: Steps, wrong: str) -> Steps:
    """Fewer and simpler steps that go wrong in the same way."""
    tries = 0

    def still(some: Steps) -> bool:
        nonlocal tries
        tries += 1
        return tries <= MOST_TRIES and failure(machine, some) == wrong

    return _simpler(_fewer(list(steps), still), still)


def _fewer(steps: Steps, still: Callable[[Steps], bool]) -> Steps:
    """Leave out as many as can be, many at once first."""
    size = max(1, len(steps) // 2)
    while size:
        at = len(steps)
        while at > 0:
            without = [*steps[: max(0, at - size)], *steps[at:]]
            if len(without) < len(steps) and still(without):
                steps = without
            at -= size
        size //= 2
    return steps


def _simpler(steps: Steps, still: Callable[[Steps], bool]) -> Steps:
    for number, (name, given) in enumerate(steps):
        for key, simple in _SIMPLER.items():
            if key in given and given[key] != simple:
                changed = [*steps[:number], (name, given | {key: simple}), *steps[number + 1 :]]
                if still(changed):
                    steps, given = changed, given | {key: simple}
    return steps


def as_code(steps: Steps) -> str:
    """The steps as they stand in a test."""
    return pprint.pformat(list(steps), width=118, sort_dicts=False)
