"""Reports worked out in plain Python over all rows: nothing here is the desk's but its tables."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.models import Account, Alert, Discrepancy, Dispute, Entry, Escrow, Reconciliation, Run, Transfer

HELD, AGES = ("escrow", "pending"), (1, 3, 7, 14, 30, 90)


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


@dataclass
class Moved:
    """What a transfer did to what is held."""

    at: datetime
    escrow: int
    currency: str
    change: int
    fees: int
    released: int
    refunded: int

    @property
    def held(self) -> int:
        return self.change + self.released + self.refunded


class Oracle:
    """Everything there is, and the figures of any days of it."""

    def __init__(self, session: Session) -> None:
        self.rows: dict[Any, Sequence[Any]] = {
            model: session.scalars(select(model)).all()
            for model in (Account, Entry, Escrow, Transfer, Dispute, Run, Alert, Discrepancy, Reconciliation)
        }
        accounts = {each.id: each for each in self.rows[Account]}
        escrows = {each.id: each for each in self.rows[Escrow]}
        sides = defaultdict(list)
        for entry in self.rows[Entry]:
            sides[entry.transfer_id].append((accounts[entry.account_id], entry.amount))
        transfers = {each.id: each for each in self.rows[Transfer]}
        self.moved = [
            _moved(each, transfers, sides, escrows[each.escrow_id]) for each in transfers.values() if each.escrow_id
        ]

    def money(self, first: date, end: date) -> dict[str, tuple[int, int, int, int, int, int]]:
        """By currency: held before, newly held, released, refunded, fees, held at the end."""
        found = {}
        for currency in {each.currency for each in self.moved}:
            mine = [each for each in self.moved if each.currency == currency]
            inside = [each for each in mine if midnight(first) <= each.at < midnight(end)]
            held, released = sum(each.held for each in inside), sum(each.released for each in inside)
            refunded, fees = sum(each.refunded for each in inside), sum(each.fees for each in inside)
            before, after = (sum(each.change for each in mine if each.at < midnight(day)) for day in (first, end))
            found[currency] = (before, held, released, refunded, fees, after)
        return found

    def ageing(self, at: datetime) -> dict[str, list[int]]:
        """By currency the amounts that were held then, by age."""
        found: dict[str, list[int]] = defaultdict(lambda: [0] * (len(AGES) + 1))
        by_escrow = defaultdict(list)
        for each in sorted(self.moved, key=lambda each: each.at):
            if each.at < at:
                by_escrow[each.escrow].append(each)
        for moves in by_escrow.values():
            balance, since = 0, at
            for each in moves:
                since = each.at if balance == 0 else since
                balance += each.change
            if balance:
                age = sum(1 for days in AGES if since <= at - timedelta(days=days))
                found[moves[0].currency][age] += balance
        return dict(found)

    def disputes(self, begins: datetime, ends: datetime) -> tuple[Counter[str], dict[str, tuple[int, int, int]], int]:
        """Opened by kind, ended by outcome with average and longest time, and open at the end."""
        rows = self.rows[Dispute]
        opened = Counter(each.kind for each in rows if begins <= each.opened_at < ends)
        took = defaultdict(list)
        for each in rows:
            if each.resolved_at and begins <= each.resolved_at < ends:
                seconds = int(each.resolved_at.timestamp()) - int(each.opened_at.timestamp())
                took["withdrawn" if each.status == "withdrawn" else each.resolution].append(seconds)
        open_then = [x for x in rows if x.opened_at < ends and (x.resolved_at is None or x.resolved_at >= ends)]
        ended = {name: (len(some), sum(some) // len(some), max(some)) for name, some in took.items()}
        return opened, ended, len(open_then)

    def runs(self, begins: datetime, ends: datetime) -> Counter[tuple[str, str]]:
        """Finished runs by job and how they ended."""
        return Counter(
            (each.job, each.status)
            for each in self.rows[Run]
            if begins <= each.at < ends and not each.dry_run and each.status not in ("queued", "running", "missed")
        )

    def silence(self, job: str, begins: datetime, ends: datetime) -> int:
        """The longest time without a run that counts."""
        counted = sorted(
            each.started_at
            for each in self.rows[Run]
            if each.job == job and begins <= each.at < ends and not each.dry_run
            if each.status in ("succeeded", "partial", "skipped")
        )
        instants = [begins, *counted, ends]
        whole = [int(each.timestamp()) for each in instants]
        return max(later - earlier for earlier, later in pairwise(whole))

    def missed(self, job: str, begins: datetime, ends: datetime, hour: int) -> int:
        """Slots of a daily job at this hour in UTC within stretches that are recorded as missed."""
        count, day = 0, begins + timedelta(hours=hour)
        stretches = [(run.slot, run.missed_to) for run in self.rows[Run] if run.status == "missed" and run.job == job]
        while day < ends:
            count += sum(1 for first, last in stretches if first <= day <= last)
            day += timedelta(days=1)
        return count

    def alerts(self, begins: datetime, ends: datetime) -> dict[str, tuple[int, int, int, int]]:
        """By rule: fired, open at the end, seconds in all, the longest."""
        found: dict[str, list[tuple[bool, int]]] = defaultdict(list)
        for each in self.rows[Alert]:
            if begins <= each.fired_at < ends:
                is_open = each.resolved_at is None or each.resolved_at >= ends
                over = ends if is_open else each.resolved_at
                found[each.rule].append((is_open, int(over.timestamp()) - int(each.fired_at.timestamp())))
        return {
            rule: (len(some), sum(o for o, _ in some), sum(s for _, s in some), max(s for _, s in some))
            for rule, some in found.items()
        }

    def books(self, source: str, begins: datetime, ends: datetime) -> tuple[int, int, int, int, int]:
        """Comparisons, compared, and differences found, settled and open at the end."""
        done = [x for x in self.rows[Reconciliation] if x.source == source and begins <= x.at < ends]
        gaps = [x for x in self.rows[Discrepancy] if x.source == source]
        found = sum(1 for x in gaps if begins <= x.first_seen_at < ends)
        settled = sum(1 for x in gaps if x.resolved_at and begins <= x.resolved_at < ends)
        still = sum(1 for x in gaps if x.first_seen_at < ends and (x.resolved_at is None or x.resolved_at >= ends))
        return len(done), sum(x.matched + x.different + x.accepted for x in done), found, settled, still


def _moved(transfer: Any, transfers: dict[int, Any], sides: dict[int, Any], escrow: Any) -> Moved:
    mine = sides[transfer.id]
    change = sum(amount for account, amount in mine if account.kind in HELD)
    fees = sum(amount for account, amount in mine if account.kind == "fees")
    to_seller = sum(
        amount for account, amount in mine if account.party_id == escrow.seller_id and account.kind not in HELD
    )
    left = transfer.is_disbursement or (transfer.reverses_id and transfers[transfer.reverses_id].is_disbursement)
    released = to_seller + fees if left else 0
    refunded = -change - released if left else 0
    return Moved(transfer.at, escrow.id, transfer.currency, change, fees, released, refunded)
