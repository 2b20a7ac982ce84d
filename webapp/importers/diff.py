"""What the desk has of an order, and what a line of a file says of it: the same, more than before, or something else.

Only what the file says is compared. What may change: an unpaid order is paid, an order is completed, a release is put
off. Everything else stays as the desk has it, and the line is refused with both values.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from webapp.domain.escrow_policies import AFTER_COMPLETION
from webapp.domain.instants import format_instant, parse_instant
from webapp.domain.money.money import Money
from webapp.domain.states import EscrowStatus, OrderStatus
from webapp.importers.order_fields import stored
from webapp.importers.order_records import OrderRecord
from webapp.services.imports.order_updates import Changes

_ADVICE = "Mend the line, or change the order on the desk."
_STAND = (EscrowStatus.PENDING_PAYMENT, EscrowStatus.HELD)


class OrderDiff(NamedTuple):
    """What came of it: a reason to refuse the line, or the line with what changes; neither when it is the same."""

    problem: str = ""
    paid: bool = False
    completed: bool = False
    release_at: str | None = None

    @property
    def is_update(self) -> bool:
        """Whether the file knows more than the desk."""
        return bool(not self.problem and (self.paid or self.completed or self.release_at))


def compare(line: OrderRecord, known: Any) -> OrderDiff:
    """Hold a line against the order that the desk has under its reference."""
    wrong = [_both(name, here, there) for name, here, there in _fixed(line, known) if here != there]
    paid = completed = False
    if line.paid_at and _minute(line.paid_at) != _minute(stored(known.paid_at)):
        paid = _may_be_paid(known)
        wrong += [] if paid else [_both("paid_at", _time(known.paid_at), _time(_instant(line.paid_at)))]
    if line.completed_at and _minute(line.completed_at) != _minute(stored(known.completed_at)):
        completed = _may_be_completed(known, paid)
        wrong += (
            [] if completed else [_both("completed_at", _time(known.completed_at), _time(_instant(line.completed_at)))]
        )
    release, refused = _release(line, known, completed)
    wrong += refused
    if wrong:
        there = f"order_ref {line.ref!r} is there already: {'; '.join(wrong)}{_meanwhile(known)}"
        return OrderDiff(f"{there}. {_ADVICE}"[:-1])
    return OrderDiff("", paid, completed, release)


def plan(lines: Sequence[OrderRecord], known: Mapping[str, Any]) -> Changes:
    """What the lines change about orders that are there, as they are now."""
    changes = Changes()
    for line in lines:
        found = compare(line, known[line.ref]) if line.ref in known else OrderDiff()
        if not found.is_update:
            continue
        changed = line._replace(release_at=found.release_at or line.release_at)
        changes.lines[line.line] = changed
        for kind, wanted in ((changes.paid, found.paid), (changes.completed, found.completed)):
            if wanted:
                kind.append(changed)
        if found.release_at:
            changes.put_off.append(changed)
    return changes


def _fixed(line: OrderRecord, known: Any) -> list[tuple[str, str, str]]:
    """What never changes once the order is there: name, the desk's value, the file's."""
    pairs = [
        ("buyer_ref", known.buyer, line.buyer),
        ("seller_ref", known.seller, line.seller),
        ("amount", str(Money(known.amount, known.currency)), str(Money(line.amount, line.currency))),
    ]
    if line.tenant is not None:
        pairs.append(("tenant_ref", str(known.tenant or "none"), line.tenant))
    if "p" in line.given:
        pairs.append(("policy", known.policy, line.policy))
    if "f" in line.given and known.escrow_amount == known.amount:  # What a bank took had its share of the fee.
        pairs.append(("fee", str(Money(known.fee, known.currency)), str(Money(line.fee, line.currency))))
    if "c" in line.given:
        pairs.append(("created_at", _time(known.created_at), _time(_instant(line.created_at))))
    return pairs


def _may_be_paid(known: Any) -> bool:
    waits = known.status == OrderStatus.AWAITING_PAYMENT and known.escrow_status == EscrowStatus.PENDING_PAYMENT
    return known.paid_at is None and waits and not known.payments


def _may_be_completed(known: Any, paid: bool) -> bool:
    """While its money is held, or has gone to the seller: then it changes nothing about the money."""
    under_way = known.status == OrderStatus.IN_PROGRESS and known.escrow_status in (
        EscrowStatus.HELD,
        EscrowStatus.RELEASED,
    )
    return known.completed_at is None and (paid or under_way)


def _release(line: OrderRecord, known: Any, completed: bool) -> tuple[str | None, list[str]]:
    """The date that the escrow gets; or why not. A date is only put off, and one that people put off stands."""
    by_completion = completed and known.policy in AFTER_COMPLETION
    if line.release_at is None or not ("r" in line.given or by_completion):
        return None, []
    here = stored(known.release_at)
    if here is None or line.release_at > here:
        # What was released and is completed by the file has its date too: a reversal may bring the money back.
        if known.escrow_status in _STAND or (by_completion and "r" not in line.given):
            return line.release_at, []
    elif line.release_at == here or known.version > 1 or by_completion:
        return None, []
    return None, [_both("release_at", _time(known.release_at), _time(_instant(line.release_at)))]


def _minute(text: str | None) -> str | None:
    """As exact as it is said: files write whole minutes, and what a provider collected has seconds."""
    return text[:16] if text else None


def _both(name: str, here: str, there: str) -> str:
    return f"{name} is {here} on the desk and {there} in the file"


def _meanwhile(known: Any) -> str:
    """What the desk did with it."""
    changes = [f"it was {known.escrow_status} on {_time(known.closed_at)}"] if known.closed_at else []
    if known.status in (OrderStatus.DECLINED, OrderStatus.CANCELLED):
        changes.append(f"the order was {known.status}")
    if known.escrow_status == EscrowStatus.HELD:
        changes.append(f"it is held since {_time(known.held_at)}")
    if known.freezes:
        changes.append("it is frozen")
    if known.payments:
        changes.append("the desk has a payment of it")
    return f"; {', '.join(changes)}" if changes else ""


def _time(at: datetime | None) -> str:
    return format_instant(at, UTC) if at else "not there"


def _instant(text: str) -> datetime:
    return parse_instant(f"{text}Z")
