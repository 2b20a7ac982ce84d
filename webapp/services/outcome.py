"""What a deed done for many says afterwards."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Refused:
    """One thing that was left as it was, and why, in a sentence."""

    id: int
    label: str
    sentence: str


@dataclass(slots=True)
class Outcome:
    """How many were done, the minor units moved per currency, and the refused by name."""

    subject_kind: str
    done: int = 0
    amounts: dict[str, int] = field(default_factory=dict)
    refused: list[Refused] = field(default_factory=list)
