"""What a broken set-up is."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass

from real.packages import Package
from real.place import Place

Break = Callable[[Place], AbstractContextManager[Mapping[str, str]]]


@dataclass(frozen=True)
class BrokenSetup:
    """One fault. `begin` brings it about, gives the variables that differ and ends it.

    `check` is the line of doctor that has to name it, with all of `names` in what it says; `verdict` is what it is.
    """

    name: str
    begin: Break
    check: str
    names: tuple[str, ...]
    verdict: str = "wrong"
    needs: Package | None = None
