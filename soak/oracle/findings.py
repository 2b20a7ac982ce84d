"""What the oracle says: each thing that is wrong, and what it counts as."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg

LOST, DOUBLED, UNSERVED, WRONG = "lost", "doubled", "unserved", "wrong"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong. `counts_as` is `lost`, `doubled`, `unserved`, or `wrong`: books that don't agree."""

    rule: str
    counts_as: str
    sentence: str


@dataclass(frozen=True)
class Rule:
    """A question whose every row is a finding; its columns are the sentence."""

    name: str
    counts_as: str
    sql: LiteralString

    def ask(self, connection: psycopg.Connection, values: Mapping[str, Any] | None = None) -> list[Finding]:
        """What is wrong by this rule."""
        return [
            Finding(self.name, self.counts_as, " ".join(str(part) for part in row))
            for row in connection.execute(self.sql, values).fetchall()
        ]


def ask_all(
    connection: psycopg.Connection, rules: Sequence[Rule], values: Mapping[str, Any] | None = None
) -> list[Finding]:
    """What is wrong by any of the rules."""
    return [finding for rule in rules for finding in rule.ask(connection, values)]
