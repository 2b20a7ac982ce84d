"""Where a walk over the books is: what is new since the last one, what that found wrong, and a share of all the rest.

It can be kept as JSON, to go on from there. `integrity_steps` looks.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.domain.instants import parse_instant
from webapp.models import Account, Audit, Entry, Escrow, Transfer
from webapp.services.ledger.account_checkpoints import Sum
from webapp.services.ledger.integrity_rules import MOST_NAMED, BookFinding
from webapp.sql import Column

WEEK, ROUND = timedelta(days=7), timedelta(days=6)
"""How often a round over everything begins, and in what time its shares are to be done."""
ENTRIES, BALANCES, TRANSFERS, RECORDS = "entries", "balances", "transfers", "records"
"""What is new: entries, the balances that they moved, and what escrows transfers and audit records are about."""
ACCOUNTS, ESCROWS = "accounts", "escrows"
WRITTEN = (Entry, Transfer, Audit)
"""The tables of which it is kept up to which id they were looked at."""
MARKS = (ENTRIES, BALANCES, TRANSFERS, RECORDS)


@dataclass(slots=True)
class Span:
    """The ids above `after`, up to `to`, are still to be looked at."""

    after: int
    to: int

    @property
    def left(self) -> int:
        """How many ids that are, at most."""
        return max(0, self.to - self.after)


@dataclass(slots=True)
class Round:
    """One look at everything that was there when it began."""

    began_at: datetime
    spans: dict[str, Span]
    entries: int
    """The newest entry when it began."""
    is_first: bool
    """Nothing was looked at before: what is new waits until this one is over."""
    makes_checkpoints: bool
    hurries: bool
    """It is to be over as soon as it can; others take their time."""
    whole: int = 0
    summed: int = 0
    """So many entries were looked at under their accounts."""
    summing: Sum | None = None
    over_at: datetime | None = None

    @property
    def is_over(self) -> bool:
        """Whether everything was looked at."""
        return self.summing is None and not any(span.left for span in self.spans.values())

    @property
    def left(self) -> int:
        """How many transfers, entries and escrows are still to be looked at, about."""
        is_summing = self.summing is not None or self.spans[ACCOUNTS].left > 0
        entries = max(1, self.entries - self.summed) if is_summing else 0
        return self.spans[TRANSFERS].left + entries + self.spans[ESCROWS].left

    def as_json(self) -> dict[str, Any]:
        """Plain values, for `from_json`."""
        over_at = self.over_at and self.over_at.isoformat()
        return asdict(self) | {"began_at": self.began_at.isoformat(), "over_at": over_at}

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> "Round":
        """The round that was kept."""
        made = {
            "began_at": parse_instant(kept["began_at"]),
            "over_at": kept["over_at"] and parse_instant(kept["over_at"]),
            "spans": _spans(kept["spans"]),
            "summing": kept["summing"] and Sum(**kept["summing"]),
        }
        return cls(**kept | made)


@dataclass(frozen=True, slots=True)
class BooksStart:
    """Where a walk ended: what was looked at up to which id, what was wrong, and its round, perhaps unfinished."""

    marks: dict[str, int]
    findings: tuple[BookFinding, ...]
    round: Round
    is_full: bool = False
    """More may be wrong than is named."""


@dataclass(slots=True)
class BooksWalk:
    """Where a walk is, and what it found wrong."""

    new: dict[str, Span]
    round: Round
    leaves: int
    """How much of the round may be left for later walks."""
    again: list[BookFinding] = field(default_factory=list)
    """What the last walk found, still to be looked at again."""
    summing: Sum | None = None
    findings: list[BookFinding] = field(default_factory=list)
    is_cut: bool = False
    """It ends early; the next one goes on."""
    checkpoint: Callable[[Session], None] | None = None
    """What the last slice leaves to be written."""

    @property
    def is_over(self) -> bool:
        """Whether everything was looked at that is this walk's to look at."""
        return self.is_cut or not (self.again or self.left)

    @property
    def left(self) -> int:
        """How much is still to be looked at, about: entries, transfers, records and escrows."""
        return sum(span.left for span in self.new.values()) + max(0, self.round.left - self.leaves)

    def add(self, some: Iterable[BookFinding]) -> None:
        """Something is wrong: once each, and at most 100 of a rule."""
        known, counts = {each[:2] for each in self.findings}, Counter(each.rule for each in self.findings)
        for each in some:
            if each[:2] not in known and counts[each.rule] < MOST_NAMED:
                self.findings.append(each)
                counts[each.rule] += 1

    def as_json(self) -> dict[str, Any]:
        """Plain values, for `from_json`."""
        return {
            "new": {name: asdict(span) for name, span in self.new.items()},
            "round": self.round.as_json(),
            "leaves": self.leaves,
            "again": [list(each) for each in self.again],
            "summing": self.summing and asdict(self.summing),
            "findings": [list(each) for each in self.findings],
            "is_cut": self.is_cut,
        }

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> "BooksWalk":
        """The walk that was kept."""
        made = {
            "new": _spans(kept["new"]),
            "round": Round.from_json(kept["round"]),
            "again": [BookFinding(*each) for each in kept["again"]],
            "summing": kept["summing"] and Sum(**kept["summing"]),
            "findings": [BookFinding(*each) for each in kept["findings"]],
        }
        return cls(**kept | made)


def begin(session: Session, start: BooksStart | None, at: datetime, *, from_first: bool = False) -> BooksWalk:
    """A walk from where the last one ended. Without one, and `from_first`, it looks at everything.

    What is not committed yet has to be waited for: `wait_for_writers` of WRITTEN.
    """
    entries = _last(session, Entry.id)
    newest = {
        ENTRIES: entries,
        BALANCES: entries,
        TRANSFERS: _last(session, Transfer.id),
        RECORDS: _last(session, Audit.id),
    }
    if start is not None and any(newest[name] < mark for name, mark in start.marks.items()):
        start = None  # The end of something is gone: its ids may come again.
    one = _round(session, start, at, entries, from_first)
    marks = newest if start is None else start.marks
    new = {name: Span(mark, mark if _waits(start) else newest[name]) for name, mark in marks.items()}
    walk = BooksWalk(new, one, 0 if one.hurries else _leaves(one, at))
    walk.again = [] if start is None else list(start.findings)
    return walk


def ended(walk: BooksWalk) -> BooksStart:
    """Where this walk ended: for the next one."""
    marks = {name: walk.new[name].after for name in MARKS}
    known = {each[:2] for each in walk.findings}
    left = [each for each in walk.again if each[:2] not in known]
    counts = Counter(each.rule for each in walk.findings)
    return BooksStart(marks, (*walk.findings, *left), walk.round, any(count >= MOST_NAMED for count in counts.values()))


def _waits(start: BooksStart | None) -> bool:
    """While the first round goes on nothing is new: what came since it began waits."""
    return start is None or (start.round.is_first and not start.round.is_over)


def _round(session: Session, start: BooksStart | None, at: datetime, entries: int, from_first: bool) -> Round:
    if start is not None and not from_first and not start.is_full:
        # After one that hurried the next begins at once: whatever is changed is found within a week of that.
        is_due = start.round.hurries or at - start.round.began_at >= WEEK
        if not (start.round.is_over and is_due):
            return start.round
    spans = {
        TRANSFERS: Span(0, max(_last(session, Transfer.id), _last(session, Entry.transfer_id))),
        ACCOUNTS: Span(0, _last(session, Account.id)),
        ESCROWS: Span(0, _last(session, Escrow.id)),
    }
    is_first = _waits(start)
    makes = is_first or from_first
    hurries = makes or (start is not None and start.is_full)
    made = Round(at, spans, entries, is_first, makes_checkpoints=makes, hurries=hurries)
    made.whole = made.left
    return made


def _leaves(one: Round, at: datetime) -> int:
    """What of a round may be left now, so that it is over in six days from when it began."""
    passed = (at - one.began_at + timedelta(hours=1)) / ROUND
    return max(0, int(one.whole * (1 - passed)))


def _last(session: Session, column: Column) -> int:
    return session.scalars(select(func.max(column))).one() or 0


def _spans(kept: dict[str, dict[str, int]]) -> dict[str, Span]:
    return {name: Span(**each) for name, each in kept.items()}
