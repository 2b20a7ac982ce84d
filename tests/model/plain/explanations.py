"""Why an escrow is not paid, or where its money went: a word for each reason, the answer first."""

from tests.model.plain.desk import Desk, Escrow
from tests.model.plain.facts import JOBS

_UNDER_WAY = ("waiting", "needs_review", "failed")
Reasons = list[tuple[str, object]]
"""Each with whose or which it is."""


def reasons(desk: Desk, number: int) -> Reasons:
    """All that stands in the way now, in the order in which a person reads it."""
    escrow = desk.escrows[number]
    if escrow.status == "pending_payment":
        under_way = any(each.escrow == number and each.status == "pending" for each in desk.payments)
        return [("unpaid", "asks" if under_way else "declines")]
    if escrow.status != "held":
        return [(escrow.status, None), *_borne(desk, number), *_refunds(desk, number), *_taken(desk, number)]
    found: Reasons = [("stopped", None)] if desk.is_stopped else []
    found += sorted((f"frozen by {cause}", None if cause == "chargeback" else which) for cause, which in escrow.freezes)
    found += _not_due(desk, escrow)
    if (escrow.seller, escrow.currency) not in desk.books.wallets:
        found.append(("no wallet", "by a job" if escrow.seller in desk.verified else "by hand"))
    return [*(found or _only_time(desk, escrow)), *_refunds(desk, number), *_debts(desk, number)]


def _not_due(desk: Desk, escrow: Escrow) -> Reasons:
    found: Reasons = []
    is_awaited = escrow.policy in ("completion", "buffer") and escrow.order != "completed"
    if is_awaited:
        found.append(("not completed", None))
    elif escrow.due is None:
        found.append(("no date", None))
    if escrow.due is not None and escrow.due > desk.now:
        found.append(("too early", None))
    return found


def _only_time(desk: Desk, escrow: Escrow) -> Reasons:
    """Nothing but the next run; none comes while its job is paused."""
    job = next(name for name, (policy, *_) in JOBS.items() if policy == escrow.policy)
    return [("paused" if job in desk.paused else "nothing", job)]


def _borne(desk: Desk, number: int) -> Reasons:
    """Who bears what a bank took after it had gone."""
    is_borne = any(each.escrow == number and each.is_borne_outside for each in desk.payments)
    return [("borne", None)] if is_borne else []


def _taken(desk: Desk, number: int) -> Reasons:
    """What a bank took of it, and somebody has to say who bears that."""
    return [("taken", payment) for payment in desk.undecided_of(number)]


def _refunds(desk: Desk, number: int) -> Reasons:
    """What goes back through a provider, and is not there, newest first."""
    mine = [(n, each) for n, each in enumerate(desk.payments) if each.escrow == number]
    return sorted((f"refund {each.refund}", n) for n, each in mine if each.refund in _UNDER_WAY)


def _debts(desk: Desk, number: int) -> Reasons:
    """A debt that its own reversal left is met before its seller's wallet gets anything."""
    escrow = desk.escrows[number]
    owed = desk.books.debts.get((escrow.seller, escrow.currency), [])
    is_met = any(debt.left for debt in owed if debt.source == number)
    return [("debt", escrow.seller)] if is_met and escrow.amount > escrow.fee else []
