"""What the statements of a posting have written."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Written:
    """How many transfers and the newest one's id; the changes of pools still to make, by account; sums by currency."""

    count: int = 0
    last: int = 0
    pools: dict[int, int] = field(default_factory=dict)
    amounts: dict[str, int] = field(default_factory=dict)
