"""What a release would do, computed and not done: the same selection and the same sums."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, case, exists, func, select
from sqlalchemy.orm import Session

from webapp.domain.escrow_policies import AFTER_COMPLETION
from webapp.domain.states import CLOSED_DISPUTES, EscrowStatus, Policy
from webapp.models import Dispute, Escrow
from webapp.models.base import BigInt
from webapp.services.common.batch_result import Outcome, Share
from webapp.services.escrows import disbursement_sql
from webapp.services.escrows.disbursement_sql import Wallet, wallet_of_seller
from webapp.services.escrows.due import is_ripe
from webapp.services.escrows.release import may_be_paid
from webapp.services.escrows.release_refusals import refusals
from webapp.sql import one_of

MOST_HELD_AGAIN = 5_000


@dataclass(frozen=True)
class ReleasePreview:
    """What a release would take: amounts and fees in minor units per currency, and what stays and why."""

    count: int = 0
    amounts: dict[str, int] = field(default_factory=dict)
    fees: dict[str, int] = field(default_factory=dict)
    excluded: list[tuple[str, str, int, int]] = field(default_factory=list)
    """(reason, currency, count, amount) with the reasons `disputed`, `frozen`, `not completed`, `no wallet`."""


def preview_all(
    session: Session, ids: Sequence[int], *, at: datetime, due_by: datetime, policy: Policy | None = None
) -> Outcome:
    """What `release_all` would answer for these escrows, nothing moved and nothing marked."""
    query = select(Escrow.id, Escrow.currency, Escrow.amount, Escrow.fee, Escrow.seller_id).join(
        Wallet, wallet_of_seller()
    )
    rows = session.execute(query.where(one_of(session, Escrow.id, ids), *may_be_paid(due_by, policy))).all()
    outcome = Outcome("escrow", done=len(rows))
    for row in rows:
        outcome.amounts[row.currency] = outcome.amounts.get(row.currency, 0) + row.amount
    outcome.shares = [Share(row.seller_id, row.currency, row.amount - row.fee) for row in rows]
    met = disbursement_sql.debts_met(session, [row.id for row in rows], disbursement_sql.RELEASE, {})
    disbursement_sql.note_met(session, outcome, met)
    outcome.refused = refusals(session, ids, [row.id for row in rows], due_by, mark=False)
    return outcome


def preview(session: Session, at: datetime, policy: Policy) -> ReleasePreview:
    """What would be paid if the policy's job ran for this instant, in one statement."""
    waits = _reason(policy).label("reason")
    query = (
        select(waits, Escrow.currency, func.count(), _sum(Escrow.amount), _sum(Escrow.fee))
        .where(Escrow.status == EscrowStatus.HELD, Escrow.policy == policy, Escrow.release_at <= at)
        .group_by(waits, Escrow.currency)
        .order_by(Escrow.currency)
    )
    found = ReleasePreview()
    count = 0
    for reason, currency, many, amount, fee in session.execute(query):
        if reason == "":
            count += many
            found.amounts[currency], found.fees[currency] = amount, fee
        else:
            found.excluded.append((reason, currency, many, amount))
    return ReleasePreview(count, found.amounts, found.fees, found.excluded)


def debts_met(session: Session, at: datetime, policy: Policy) -> dict[str, int]:
    """What of that would meet the debts of reversals instead of going into a wallet, in minor units per currency."""
    held_again = select(Escrow.id, Escrow.currency).where(*payable(at, policy), Escrow.hold_no > 1)
    currencies = dict(session.execute(held_again.order_by(Escrow.id).limit(MOST_HELD_AGAIN)).all())
    found: dict[str, int] = {}
    for met in disbursement_sql.debts_met(session, list(currencies), disbursement_sql.RELEASE, {}):
        currency = currencies[met.escrow_id]
        found[currency] = found.get(currency, 0) + met.amount
    return found


def payable(at: datetime, policy: Policy) -> list[ColumnElement[bool]]:
    """What holds for the escrows that the policy's job would pay if it ran for this instant."""
    return [Escrow.policy == policy, *may_be_paid(at, policy), exists().where(wallet_of_seller())]


def _reason(policy: Policy) -> ColumnElement[str]:
    disputed = exists().where(Dispute.escrow_id == Escrow.id, Dispute.status.not_in(CLOSED_DISPUTES))
    wallet = exists().where(wallet_of_seller())
    unripe = [(~is_ripe(), "not completed")] if policy in AFTER_COMPLETION else []
    return case((disputed, "disputed"), (Escrow.freezes > 0, "frozen"), *unripe, (~wallet, "no wallet"), else_="")


def _sum(column: Any) -> Any:
    return func.sum(column).cast(BigInt)
