"""Paying the sellers: one deed for many escrows. Releasing one is releasing a list of one."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    String,
    case,
    cast,
    exists,
    literal,
    select,
    union_all,
    update,
)
from sqlalchemy.orm import Session, aliased

from webapp.domain.actors import Actor
from webapp.domain.event_types import EscrowReleased
from webapp.domain.policies import AFTER_COMPLETION
from webapp.domain.states import (
    CLOSED_DISPUTES,
    AccountKind,
    EscrowStatus,
    Policy,
    TransferKind,
)
from webapp.models import Account, Dispute, Escrow, Transfer
from webapp.services import audit, events, ledger
from webapp.services.escrow_queries import is_ripe
from webapp.services.outcome import Outcome
from webapp.services.release_refusals import refusals
from webapp.services.stop import require_money_moves
from webapp.sql import Rows, labelled, lock, one_of

_Wallet = aliased(Account, name="wallet")
_Fees = aliased(Account, name="fees")
_BEFORE, _AFTER = '{"status":"held"}', '{"status":"released"}'


def release_all(
    session: Session,
    ids: Sequence[int],
    *,
    at: datetime,
    actor: Actor,
    reason: str,
    due_by: datetime | None = None,
    policy: Policy | None = None,
    run_id: int | None = None,
) -> Outcome:
    """Pay held escrows to their sellers, less the fee. Those that may not be paid now are refused by name, not raised.

    With `due_by`, only what is due by then is paid; `policy` is the one of all of them, when it is known. Raises
    Conflict while outgoing money is stopped.
    """
    actor.require("money:move")
    require_money_moves(session)
    lock(session, Escrow, ids)
    found = session.execute(_payable(session, ids, may_be_paid(due_by, policy))).all()
    payable = [row[0] for row in found]
    outcome = Outcome("escrow", refused=refusals(session, ids, payable, due_by))
    if payable:
        posted = ledger.post_all(
            session,
            _transfers(session, payable, at, run_id),
            _legs(session, payable),
            accounts=sorted({account for row in found for account in row[1:]}),
            kind=TransferKind.RELEASE,
            at=at,
        )
        outcome.done, outcome.amounts = posted.count, posted.amounts
        _mark_released(session, payable, at, reason)
        _tell(session, payable, at, actor, reason, run_id)
    return outcome


def may_be_paid(due_by: datetime | None, policy: Policy | None) -> list[ColumnElement[bool]]:
    """What must hold for an escrow when its row is locked: held, not frozen, not disputed, and due.

    The order is only looked at where the policy asks for its completion.
    """
    disputed = exists().where(Dispute.escrow_id == Escrow.id, Dispute.status.not_in(CLOSED_DISPUTES))
    holds = [Escrow.status == EscrowStatus.HELD, Escrow.freezes == 0, ~disputed]
    if due_by is None:
        return holds
    ripe = [] if policy and policy not in AFTER_COMPLETION else [is_ripe()]
    return [*holds, Escrow.release_at <= due_by, *ripe]


def _payable(session: Session, ids: Sequence[int], holds: Sequence[ColumnElement[bool]]) -> Rows:
    """Escrows that may be paid, with the seller's wallet and the account that they are held in."""
    found = select(Escrow.id, _Wallet.id, Escrow.held_account_id).join(_Wallet, _wallet_of_seller())
    return found.where(one_of(session, Escrow.id, ids), *holds).order_by(Escrow.id)


def _wallet_of_seller() -> ColumnElement[bool]:
    return (
        (_Wallet.party_id == Escrow.seller_id)
        & (_Wallet.kind == AccountKind.WALLET)
        & (_Wallet.currency == Escrow.currency)
    )


def _reference() -> ColumnElement[str]:
    number = cast(Escrow.id, String).concat("-").concat(cast(Escrow.hold_no, String))
    return literal("escrow-").concat(number).concat("-release")


def _kind() -> ColumnElement[str]:
    """What leaves the pending account is an earning."""
    return case((Escrow.policy == Policy.BUFFER, str(TransferKind.EARNING)), else_=str(TransferKind.RELEASE))


def _transfers(session: Session, ids: Sequence[int], at: datetime, run_id: int | None) -> Rows:
    values = {
        "key": Escrow.id,
        "reference": _reference(),
        "kind": _kind(),
        "currency": Escrow.currency,
        "amount": Escrow.amount,
        "escrow_id": Escrow.id,
        "hold_no": Escrow.hold_no,
        "leaves": True,
        "reverses_id": None,
        "run_id": run_id,
        "at": at,
    }
    return select(*labelled(Transfer, values)).where(one_of(session, Escrow.id, ids))


def _legs(session: Session, ids: Sequence[int]) -> Rows:
    chosen = one_of(session, Escrow.id, ids)
    common = (Escrow.id.label("key"),)
    sides = union_all(
        select(
            *common, Escrow.held_account_id.label("account_id"), Escrow.currency, (-Escrow.amount).label("amount")
        ).where(chosen),
        select(*common, _Wallet.id, Escrow.currency, Escrow.amount - Escrow.fee)
        .join(_Wallet, _wallet_of_seller())
        .where(chosen, Escrow.amount > Escrow.fee),
        select(*common, _Fees.id, Escrow.currency, Escrow.fee)
        .join(_Fees, (_Fees.kind == AccountKind.FEES) & (_Fees.owner == "") & (_Fees.currency == Escrow.currency))
        .where(chosen, Escrow.fee > 0, _Fees.party_id.is_(None)),
    ).subquery()
    return select(*(sides.c[name] for name in ledger.LEG_COLUMNS))


def _mark_released(session: Session, ids: Sequence[int], at: datetime, reason: str) -> None:
    session.execute(
        update(Escrow)
        .where(one_of(session, Escrow.id, ids))
        .values(status=EscrowStatus.RELEASED, left_at=at, left_reason=reason, blocked=None, version=Escrow.version + 1)
        .execution_options(synchronize_session=False)
    )


def _tell(session: Session, ids: Sequence[int], at: datetime, actor: Actor, reason: str, run_id: int | None) -> None:
    chosen = one_of(session, Escrow.id, ids)
    records = select(Escrow.id, literal(_BEFORE).label("before"), literal(_AFTER).label("after")).where(chosen)
    audit.record_all(session, actor, "escrow.release", "escrow", records, len(ids), at=at, reason=reason, run_id=run_id)
    events.add_all(session, EscrowReleased(), ids, at=at)
