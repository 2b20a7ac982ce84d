"""What keeps a written payout from being sent until a person decides: another account, or another that was paid."""

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from webapp.domain.states import PayoutStatus
from webapp.domain.words import phrase
from webapp.models import Payout, PayoutDestination
from webapp.services.payouts import destinations
from webapp.sql import shared_alias

_INSTEAD = shared_alias(PayoutDestination)
_OTHER = shared_alias(Payout)


def account_changed() -> ColumnElement[bool]:
    """The account that it was written for is not the party's any more, and nobody said that it goes there still."""
    retired = exists().where(PayoutDestination.id == Payout.destination_id, PayoutDestination.retired_at.is_not(None))
    kept = exists().where(_INSTEAD.id == Payout.kept_despite_id, _INSTEAD.retired_at.is_(None))
    return retired & ~kept


def paid_already() -> ColumnElement[bool]:
    """Another payout of its schedule went through after all, and nobody has decided about that."""
    return exists().where(_OTHER.schedule_id == Payout.schedule_id, _OTHER.paid_after_all_at.is_not(None))


def sendable() -> ColumnElement[bool]:
    """Whether nobody has to decide first."""
    return ~account_changed() & ~paid_already()


def is_account_changed(session: Session, payout: Payout) -> bool:
    """Whether a person has to say where it goes."""
    return payout.status == PayoutStatus.PENDING and _holds(session, payout, account_changed())


def why(session: Session, payout: Payout) -> str:
    """Why it is not sent until a person decides; empty when nothing keeps it."""
    if payout.status != PayoutStatus.PENDING:
        return ""
    for condition, say in ((paid_already(), _paid_already), (account_changed(), _account_changed)):
        if _holds(session, payout, condition):
            return say(session, payout)
    return ""


def in_use(session: Session, payout: Payout) -> PayoutDestination | None:
    """Where its party's payouts in its currency go now."""
    found = destinations.in_use(session, payout.party_id)
    return next((each for each in found if each.currency == payout.currency), None)


def _holds(session: Session, payout: Payout, condition: ColumnElement[bool]) -> bool:
    return session.scalars(select(Payout.id).where(Payout.id == payout.id, condition)).one_or_none() is not None


def _account_changed(session: Session, payout: Payout) -> str:
    written_for = destinations.masked(destinations.get(session, payout.destination_id))
    now = in_use(session, payout)
    instead = (
        phrase("%(account)s is used now", account=destinations.masked(now))
        if now
        else phrase("there is no other account now")
    )
    return phrase(
        "It waits: it was written for %(written_for)s, which was changed since; %(instead)s. Say where it goes.",
        written_for=written_for,
        instead=instead,
    )


def _paid_already(session: Session, payout: Payout) -> str:
    mine = (Payout.schedule_id == payout.schedule_id, Payout.paid_after_all_at.is_not(None))
    first = session.scalars(select(Payout.ref).where(*mine).limit(1)).first()
    return phrase(
        "It waits: payout %(first)s, in whose place it was written, was paid after all. Cancel it, then decide there.",
        first=first,
    )
