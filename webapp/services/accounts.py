"""Accounts: opening them once, and finding them."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.states import AccountKind
from webapp.models import Account
from webapp.sql import insert_new

_FLOORS = {AccountKind.WALLET: 0, AccountKind.PENDING: 0}
_CEILINGS = {AccountKind.RECEIVABLE: 0}


def pool(session: Session, kind: AccountKind, currency: str, *, at: datetime, owner: str = "") -> int:
    """The id of a platform's or provider's account, opened when there is none yet."""
    return _opened(session, kind, currency, at, party_id=None, owner=owner)


def open_account(session: Session, kind: AccountKind, party_id: int, currency: str, *, at: datetime) -> int:
    """The id of a party's account, opened when there is none yet. A wallet's floor and a debt's ceiling are zero."""
    return _opened(session, kind, currency, at, party_id=party_id, owner="")


def find_account(session: Session, kind: AccountKind, party_id: int, currency: str) -> int | None:
    """The id of a party's account, if it has one."""
    where = (Account.kind == kind, Account.party_id == party_id, Account.currency == currency)
    return session.scalars(select(Account.id).where(*where)).one_or_none()


def _opened(
    session: Session, kind: AccountKind, currency: str, at: datetime, *, party_id: int | None, owner: str
) -> int:
    where = (Account.kind == kind, Account.party_id == party_id, Account.owner == owner, Account.currency == currency)
    found = session.scalars(select(Account.id).where(*where)).one_or_none()
    if found is not None:
        return found
    row = insert_new(session, Account).values(
        kind=kind,
        party_id=party_id,
        owner=owner,
        currency=currency,
        balance=0,
        floor=_FLOORS.get(kind),
        ceiling=_CEILINGS.get(kind),
        created_at=at,
    )
    session.execute(row.on_conflict_do_nothing())
    return session.scalars(select(Account.id).where(*where)).one()
