"""The parties of a marketplace's backlog, created in sets."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, exists, func, null, select
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.states import AccountKind
from webapp.models import Account, Party
from webapp.services.audit import trail
from webapp.services.imports.staging import PARTIES, staged
from webapp.sql import insert_rows

_STAGED = PARTIES.c


def add_parties(
    session: Session, parties: Sequence[tuple[str, list[str]]], *, wallets: bool, at: datetime, actor: Actor
) -> int:
    """Create the parties that are new, verified, with a wallet in each of their currencies; returns how many."""
    actor.require("party:write")
    pairs = [(ref, currency) for ref, currencies in parties for currency in currencies]
    with staged(session, PARTIES, pairs):
        session.execute(delete(PARTIES).where(exists().where(Party.ref == _STAGED.ref)))
        count = session.scalars(select(func.count(_STAGED.ref.distinct()))).one()
        if count:
            _insert_parties(session, at)
            if wallets:
                _open_wallets(session, at)
            made = select(Party.id, null().label("before"), null().label("after")).where(
                Party.ref.in_(select(_STAGED.ref))
            )
            trail.record_all(session, actor, "party.create", "party", made, count, at=at, reason="import")
    return count


def _insert_parties(session: Session, at: datetime) -> None:
    fresh = select(_STAGED.ref).distinct().order_by(_STAGED.ref).subquery()
    insert_rows(
        session, Party, {"ref": fresh.c.ref, "name": fresh.c.ref, "verified_at": at, "created_at": at, "demo": False}
    )


def _open_wallets(session: Session, at: datetime) -> None:
    owners = select(Party.id, _STAGED.currency).join(PARTIES, _STAGED.ref == Party.ref).order_by(Party.id).subquery()
    insert_rows(
        session,
        Account,
        {
            "kind": str(AccountKind.WALLET),
            "party_id": owners.c.id,
            "owner": "",
            "currency": owners.c.currency,
            "balance": 0,
            "floor": 0,
            "created_at": at,
        },
    )
