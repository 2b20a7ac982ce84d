"""What the external ledger should say of each account: our balance less what it has not been sent."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import case, exists, func, select
from sqlalchemy.orm import Session

from webapp.domain.states import MirrorStatus
from webapp.models import Account, Entry, MirrorAccount, MirrorEntry, Transfer
from webapp.models.base import BigInt
from webapp.sql import one_of

_UNSENT = (MirrorStatus.WAITING, MirrorStatus.SENDING, MirrorStatus.DEAD, MirrorStatus.MISSING)
_MADE = MirrorAccount.balance_id != ""


@dataclass(frozen=True, slots=True)
class Expected:
    """An account, its balance there, and what that should hold. With `doubtful` something is on its way."""

    account_id: int
    balance_id: str
    currency: str
    amount: int
    doubtful: bool


def unsent(session: Session) -> int:
    """How many transfers it has not been sent yet, or was found to lack."""
    return session.scalars(select(func.count()).where(MirrorEntry.status.in_(_UNSENT))).one()


def is_whole(session: Session) -> bool:
    """Whether every transfer is noted for it, also those from before there was one."""
    lacking = select(Transfer.id).where(~exists().where(MirrorEntry.transfer_id == Transfer.id))
    return session.scalars(lacking.limit(1)).one_or_none() is None


def page(session: Session, after: int, limit: int) -> list[Expected]:
    """The next accounts that have a balance there, by id."""
    ids = select(MirrorAccount.account_id).where(_MADE, MirrorAccount.account_id > after)
    return of(session, session.scalars(ids.order_by(MirrorAccount.account_id).limit(limit)).all())


def of(session: Session, accounts: Sequence[int]) -> list[Expected]:
    """What it should say of these accounts now, by id."""
    sending = func.max(case((MirrorEntry.status == MirrorStatus.SENDING, 1), else_=0))
    total = func.sum(Entry.amount).cast(BigInt)
    left = (
        select(Entry.account_id, total.label("total"), sending.label("sending"))
        .join(MirrorEntry, MirrorEntry.transfer_id == Entry.transfer_id)
        .where(MirrorEntry.status.in_(_UNSENT), one_of(session, Entry.account_id, accounts))
        .group_by(Entry.account_id)
        .subquery()
    )
    amount = Account.balance - func.coalesce(left.c.total, 0)
    rows = (
        select(Account.id, MirrorAccount.balance_id, Account.currency, amount, func.coalesce(left.c.sending, 0))
        .join(MirrorAccount, MirrorAccount.account_id == Account.id)
        .outerjoin(left, left.c.account_id == Account.id)
        .where(one_of(session, Account.id, accounts), _MADE)
        .order_by(Account.id)
    )
    return [Expected(row[0], row[1], row[2], row[3], bool(row[4])) for row in session.execute(rows)]
