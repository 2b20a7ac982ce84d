"""Which balance of the external ledger stands for which account of ours. One process at a time makes a missing one."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.models import Account, MirrorAccount
from webapp.services.audit import trail
from webapp.sql import insert_new, one_of

_CLAIM = timedelta(minutes=3)
_BEING_MADE = ""
"""In place of a balance's id: somebody is making it, since `created_at`."""


def known(session: Session, accounts: Sequence[int]) -> dict[int, str]:
    """Balance ids by account, as far as there are any."""
    rows = select(MirrorAccount.account_id, MirrorAccount.balance_id)
    rows = rows.where(one_of(session, MirrorAccount.account_id, accounts), MirrorAccount.balance_id != _BEING_MADE)
    return dict(session.execute(rows).all())


def currencies(session: Session, accounts: Sequence[int]) -> dict[int, str]:
    """The currency of each account."""
    rows = select(Account.id, Account.currency).where(one_of(session, Account.id, accounts))
    return dict(session.execute(rows).all())


def claim(session: Session, accounts: Sequence[int], at: datetime) -> list[int]:
    """Those whose balance is ours to make now: nobody else is making it, or not any more."""
    mine: list[int] = []
    for account in sorted(accounts):
        row = insert_new(session, MirrorAccount).values(account_id=account, balance_id=_BEING_MADE, created_at=at)
        made = session.scalars(row.on_conflict_do_nothing().returning(MirrorAccount.account_id)).one_or_none()
        if made is None:
            left = (MirrorAccount.account_id == account, MirrorAccount.balance_id == _BEING_MADE)
            taken = update(MirrorAccount).where(*left, MirrorAccount.created_at < at - _CLAIM).values(created_at=at)
            made = session.scalars(taken.returning(MirrorAccount.account_id)).one_or_none()
        if made is not None:
            mine.append(made)
    return mine


def record_balances(session: Session, balances: Mapping[int, str]) -> None:
    """These balances stand for these accounts from now on."""
    for account, balance in balances.items():
        row = update(MirrorAccount).where(MirrorAccount.account_id == account).values(balance_id=balance)
        session.execute(row.execution_options(synchronize_session=False))


def page(session: Session, after: int, limit: int) -> dict[int, str]:
    """The next accounts that have a balance there, by id."""
    rows = select(MirrorAccount.account_id, MirrorAccount.balance_id)
    rows = rows.where(MirrorAccount.account_id > after, MirrorAccount.balance_id != _BEING_MADE)
    return dict(session.execute(rows.order_by(MirrorAccount.account_id).limit(limit)).all())


def of_balances(session: Session, balances: Sequence[str]) -> set[str]:
    """Those of these balances, a few hundred at most, that stand for accounts of ours."""
    return set(session.scalars(select(MirrorAccount.balance_id).where(MirrorAccount.balance_id.in_(balances))))


def forget(session: Session, lost: Mapping[int, str], *, at: datetime, actor: Actor, run_id: int | None = None) -> None:
    """The external ledger does not know these balances any more: they are made again when a transfer needs them."""
    for account, balance in sorted(lost.items()):
        mine = (MirrorAccount.account_id == account, MirrorAccount.balance_id == balance)
        gone = delete(MirrorAccount).where(*mine).returning(MirrorAccount.account_id)
        if session.scalars(gone.execution_options(synchronize_session=False)).one_or_none() is not None:
            before = {"balance": balance}
            trail.record(
                session, actor, "mirror.balance_lost", ("account", account), at=at, before=before, run_id=run_id
            )


def release_claim(session: Session, accounts: Sequence[int]) -> None:
    """They could not be made: whoever needs them next may try."""
    unmade = (one_of(session, MirrorAccount.account_id, accounts), MirrorAccount.balance_id == _BEING_MADE)
    session.execute(delete(MirrorAccount).where(*unmade).execution_options(synchronize_session=False))
