"""Money of payouts that came back: from the provider's clearing account to where it is missing."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.domain.states import AccountKind, TransferKind
from webapp.models import Account, Entry, Payout, Transfer
from webapp.services import accounts, ledger_rows
from webapp.services.ledger_rows import Movement
from webapp.sql import one_of

_MOST = 50
"""So often a payout may come back, and be paid after all."""


def give_back(session: Session, payout_ids: Sequence[int], *, at: datetime, run_id: int | None = None) -> set[int]:
    """Post what these payouts, at most 1,000 and locked by the caller, give back; once each.

    It goes to the wallet that it came from, or to the platform when that has borne it: the wallet had it already then.
    Returns the payouts that gave it to the platform.
    """
    rows = session.scalars(select(Payout).where(one_of(session, Payout.id, payout_ids)).order_by(Payout.id)).all()
    borne = _borne_by_platform(session, rows)
    moves = [_movement(session, payout, payout.id in borne, at) for payout in rows]
    ledger_rows.post_rows(session, moves, kind=TransferKind.PAYOUT_RETURN, at=at, run_id=run_id)
    return borne


def free_reference(session: Session, first: str) -> str:
    """The next reference of this kind for one payout: it may come back, and be paid after all, more than once."""
    names = _names(first)
    taken = select(func.count()).select_from(Transfer).where(Transfer.reference.in_(names))
    return names[session.scalars(taken).one()]


def after_all(payout: Payout) -> str:
    """The reference of the first transfer that says who bears one that was paid after it had come back."""
    return f"{payout.ref}-after-all"


def borne(session: Session, payout: Payout) -> list[tuple[AccountKind, int]]:
    """What the last transfer of that kind took out of which account, the provider's apart; nothing without one."""
    return [(kind, -amount) for kind, amount in _last(session, after_all(payout))]


def is_platforms(session: Session, payout: Payout) -> bool:
    """Whether the platform got what it gave back last."""
    return any(kind == AccountKind.LOSSES for kind, _amount in _last(session, _returned(payout)))


def _last(session: Session, first: str) -> list[tuple[AccountKind, int]]:
    """The entries of the last transfer of this name, the provider's apart."""
    last = select(func.max(Transfer.id)).where(Transfer.reference.in_(_names(first))).scalar_subquery()
    rows = select(Account.kind, Entry.amount).join(Account, Account.id == Entry.account_id)
    mine = rows.where(Entry.transfer_id == last, Account.kind != AccountKind.CLEARING).order_by(Entry.id)
    return [(AccountKind(kind), amount) for kind, amount in session.execute(mine)]


def _names(first: str) -> list[str]:
    return [first, *(f"{first}-{number}" for number in range(2, _MOST + 1))]


def _movement(session: Session, payout: Payout, is_platforms: bool, at: datetime) -> Movement:
    source = accounts.pool(session, AccountKind.CLEARING, payout.currency, at=at, owner=payout.provider)
    if is_platforms:
        target = accounts.pool(session, AccountKind.LOSSES, payout.currency, at=at)
    else:
        target = accounts.open_account(session, AccountKind.WALLET, payout.party_id, payout.currency, at=at)
    return Movement(free_reference(session, _returned(payout)), payout.currency, source, target, payout.amount)


def _returned(payout: Payout) -> str:
    return f"{payout.ref}-return"


def _borne_by_platform(session: Session, payouts: Sequence[Payout]) -> set[int]:
    """Those that were written off, and did not come back since."""
    names = [after_all(each) for each in payouts]
    known = set(session.scalars(select(Transfer.reference).where(Transfer.reference.in_(names))))
    return {each.id for each in payouts if after_all(each) in known and _lost(session, each) < 0}


def _lost(session: Session, payout: Payout) -> int:
    names = _names(after_all(payout)) + _names(_returned(payout))
    mine = select(func.coalesce(func.sum(Entry.amount), 0)).join(Transfer, Transfer.id == Entry.transfer_id)
    mine = mine.join(Account, Account.id == Entry.account_id).where(Account.kind == AccountKind.LOSSES)
    return int(session.scalars(mine.where(Transfer.reference.in_(names))).one())
