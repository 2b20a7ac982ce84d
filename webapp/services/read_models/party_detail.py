"""All there is to know of one party: balances, debts, standing orders, and its history."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from webapp.domain.states import CLOSED_DISPUTES, AccountKind, ChargebackStatus
from webapp.domain.words import phrase
from webapp.errors import NotFound
from webapp.models import Account, AutoDeduct, Chargeback, Dispute, Escrow, Party, Payout, PayoutDestination
from webapp.services.common import lookup
from webapp.services.payouts import destinations as payout_destinations
from webapp.services.payouts import detail
from webapp.sql import one_of

COUNTED = 100
"""Histories are counted up to here."""
OF_PARTIES = (AccountKind.WALLET, AccountKind.PENDING, AccountKind.RECEIVABLE)


@dataclass(frozen=True, slots=True)
class History:
    """How much a party has to do with us: each number counts up to COUNTED."""

    bought: int
    sold: int
    disputes: int
    open_disputes: int
    lost: int
    """Disputes that ended against it, without those of banks that were won after all."""


@dataclass(frozen=True, slots=True)
class PartyDetail:
    """One party with its accounts, standing orders and payouts."""

    party: Party
    accounts: Sequence[Account]
    deductions: dict[str, AutoDeduct]
    """Standing orders by currency."""
    history: History
    destinations: Sequence[PayoutDestination]
    """Where its payouts go, by currency."""
    payouts: Sequence[Payout]
    """The newest."""

    @property
    def currencies(self) -> list[str]:
        """Those in which it has an account or a standing order."""
        return sorted({account.currency for account in self.accounts} | self.deductions.keys())


def read(session: Session, party_id: int) -> PartyDetail:
    """One party with its accounts. Raises NotFound."""
    party = lookup.by_id(session, Party, party_id, "party")
    accounts = session.scalars(_accounts().where(Account.party_id == party_id)).all()
    orders = session.scalars(select(AutoDeduct).where(AutoDeduct.party_id == party_id))
    return PartyDetail(
        party,
        accounts,
        {order.currency: order for order in orders},
        history(session, party_id),
        payout_destinations.in_use(session, party_id),
        detail.of_party(session, party_id),
    )


def accounts_of(session: Session, party_ids: Sequence[int]) -> dict[int, list[Account]]:
    """The accounts of many parties in one statement, by party."""
    found: dict[int, list[Account]] = {}
    for account in session.scalars(_accounts().where(one_of(session, Account.party_id, party_ids))):
        found.setdefault(account.party_id or 0, []).append(account)
    return found


def account_of(session: Session, party_id: int, account_id: int) -> Account:
    """One account of this party. Raises NotFound."""
    account = session.get(Account, account_id)
    if account is None or account.party_id != party_id:
        raise NotFound(phrase("This party has no such account."))
    return account


def history(session: Session, party_id: int) -> History:
    """What a party did before, counted in one statement."""
    mine = or_(Escrow.buyer_id == party_id, Escrow.seller_id == party_id)
    disputes = select(Dispute.id).join(Escrow, Escrow.id == Dispute.escrow_id).where(mine)
    lost = or_(
        (Dispute.resolution == "release_to_seller") & (Escrow.buyer_id == party_id),
        (Dispute.resolution == "refund_to_buyer") & (Escrow.seller_id == party_id),
    )
    won = select(Chargeback.id).where(Chargeback.dispute_id == Dispute.id, Chargeback.status == ChargebackStatus.WON)
    counts = (
        _up_to(select(Escrow.id).where(Escrow.buyer_id == party_id)),
        _up_to(select(Escrow.id).where(Escrow.seller_id == party_id)),
        _up_to(disputes),
        _up_to(disputes.where(Dispute.status.not_in(CLOSED_DISPUTES))),
        _up_to(disputes.where(lost, ~won.exists())),
    )
    return History(*session.execute(select(*counts)).one())


def _accounts() -> Select[Account]:
    return (
        select(Account).where(Account.kind.in_(OF_PARTIES)).order_by(Account.currency, Account.kind.desc(), Account.id)
    )


def _up_to(rows: Select[Any]) -> Any:
    return select(func.count()).select_from(rows.limit(COUNTED + 1).subquery()).scalar_subquery()
