"""How money moves in the demo: through the ledger, at the instants of the story."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import insert, select, update

from webapp.demo.orders import Trade
from webapp.demo.parties import clearing
from webapp.demo.world import DEMO, World
from webapp.domain.money import fee_share
from webapp.domain.states import AccountKind, EscrowStatus, FreezeCause, TransferKind
from webapp.models import Escrow, Freeze
from webapp.services import accounts, audit, events, holds, ledger
from webapp.services.figures import note_figure


def hold(world: World, trade: Trade) -> None:
    """The buyer's money comes in and is held; on credit it is the platform's."""
    at = trade.paid or trade.created
    source, kind = clearing(world, trade.market), TransferKind.HOLD
    if trade.on_credit:
        buyer = trade.market.ids[trade.buyer]
        source = accounts.open_account(world.session, AccountKind.RECEIVABLE, buyer, trade.market.currency, at=at)
        kind = TransferKind.CREDIT
    world.pool(AccountKind.ESCROW, trade.market.currency)
    world.pool(AccountKind.FEES, trade.market.currency)
    escrow = world.session.get_one(Escrow, trade.escrow_id)
    holds.hold(world.session, escrow, source, at=at, actor=DEMO, kind=kind)


def refund(world: World, trade: Trade, at: datetime, by: str) -> None:
    """All of it goes back to the buyer."""
    legs = [_out(world, trade), (_wallet(world, trade, trade.buyer), trade.amount)]
    _post(world, trade, TransferKind.REFUND, "refund", legs, at)
    _leave(world, trade, EscrowStatus.REFUNDED, at, by)


def split(world: World, trade: Trade, buyer: int, at: datetime, by: str) -> None:
    """The buyer gets a part back, the seller the rest less its part of the fee."""
    seller = trade.amount - buyer
    fee = fee_share(trade.fee, seller, trade.amount)
    legs = [
        _out(world, trade),
        (_wallet(world, trade, trade.buyer), buyer),
        (_wallet(world, trade, trade.seller), seller - fee),
        (world.pool(AccountKind.FEES, trade.market.currency), fee),
    ]
    _post(world, trade, TransferKind.SPLIT, "split", legs, at)
    note_figure(world.session, "released", trade.market.currency, seller, at)
    note_figure(world.session, "refunded", trade.market.currency, buyer, at)
    _leave(world, trade, EscrowStatus.SPLIT, at, by)


def freeze(
    world: World, trade: Trade, cause: FreezeCause, cause_id: int, reason: str, at: datetime, by: tuple[str, str]
) -> None:
    """Nothing moves it until this is lifted."""
    world.session.execute(
        insert(Freeze).values(
            escrow_id=trade.escrow_id, cause=cause, cause_id=cause_id, reason=reason, by=by[0], by_name=by[1], at=at
        )
    )
    _change(world, trade, at, "escrow.freeze", reason=reason, freezes=Escrow.freezes + 1)


def lift(world: World, trade: Trade, cause: FreezeCause, cause_id: int, at: datetime, by: str) -> None:
    """The reason is gone."""
    mine = (
        Freeze.escrow_id == trade.escrow_id,
        Freeze.cause == cause,
        Freeze.cause_id == cause_id,
        Freeze.lifted_at.is_(None),
    )
    world.session.execute(update(Freeze).where(*mine).values(lifted_at=at, lifted_by=by))
    _change(world, trade, at, "escrow.unfreeze", freezes=Escrow.freezes - 1)


def due_by(world: World, slot: datetime, trades: Sequence[Trade]) -> list[int]:
    """Which of the demo's escrows a release at this slot would look at."""
    ours = [trade.escrow_id for trade in trades]
    query = select(Escrow.id).where(
        Escrow.id.in_(ours), Escrow.status == EscrowStatus.HELD, Escrow.freezes == 0, Escrow.policy == "deadline",
        Escrow.release_at <= slot,
    )
    return list(world.session.scalars(query.order_by(Escrow.release_at, Escrow.id)))


def _out(world: World, trade: Trade) -> tuple[int, int]:
    return world.pool(AccountKind.ESCROW, trade.market.currency), -trade.amount


def _wallet(world: World, trade: Trade, name: str) -> int:
    return world.wallet(trade.market.ids[name], trade.market.currency)


def _post(
    world: World,
    trade: Trade,
    kind: TransferKind,
    word: str,
    legs: list[tuple[int, int]],
    at: datetime,
    leaves: bool = True,
) -> None:
    ledger.post(
        world.session,
        reference=f"escrow-{trade.escrow_id}-1-{word}",
        kind=kind,
        currency=trade.market.currency,
        legs=legs,
        at=at,
        escrow_id=trade.escrow_id,
        hold_no=1,
        leaves=leaves,
    )


def _leave(world: World, trade: Trade, status: EscrowStatus, at: datetime, reason: str) -> None:
    _change(
        world, trade, at, f"escrow.{_VERBS[status]}", reason=reason, status=status, left_at=at, left_reason="dispute"
    )
    told = {"escrow": trade.ref, "amount": trade.amount, "currency": trade.market.currency}
    events.add(world.session, f"escrow.{status}", ("escrow", trade.escrow_id), told, at=at)


_VERBS = {EscrowStatus.REFUNDED: "refund", EscrowStatus.SPLIT: "split"}


def _change(world: World, trade: Trade, at: datetime, action: str, reason: str | None = None, **values: object) -> None:
    values["version"] = Escrow.version + 1
    changed = (
        update(Escrow).where(Escrow.id == trade.escrow_id).values(**values).execution_options(synchronize_session=False)
    )
    world.session.execute(changed)
    audit.record(world.session, DEMO, action, ("escrow", trade.escrow_id), at=at, reason=reason)
