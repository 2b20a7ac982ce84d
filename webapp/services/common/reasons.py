"""Why something is not done yet: a sentence, what ends it and when, and where to see to it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Target:
    """The thing on whose page a reason is seen to."""

    kind: str
    """`job`, `run`, `dispute`, `payment`, `payout`, `approval`, `freeze` or `extension` (of the escrow), `wallet` or
    `destination` (of a party), `party`, or `switch`."""
    id: int = 0
    name: str = ""
    """The job, or the wallet's currency."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why money is where it is: a sentence, what ends that and when, and where to see to it."""

    sentence: str
    cure: str = ""
    target: Target | None = None
