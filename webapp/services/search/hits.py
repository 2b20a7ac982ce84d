"""What a search finds."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy.orm import Session

EACH = 5
"""How many of each kind are shown."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing that was found. `kind` and `id` say which page it has; `note` tells it from its likes."""

    kind: str
    id: int | str
    label: str
    note: str = ""
    exact: bool = False


Way = Callable[[Session, str], Iterator[Hit]]
"""One way to find what these words name: at most EACH of a kind, by an index."""
