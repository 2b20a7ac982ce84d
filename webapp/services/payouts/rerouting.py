"""A payout whose account was changed before it was sent: a person says where it goes."""

from datetime import datetime

from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.instants import in_utc
from webapp.domain.state_labels import in_words
from webapp.domain.words import phrase
from webapp.errors import Conflict, Overtaken
from webapp.models import Payout
from webapp.services.audit import trail
from webapp.services.common import lookup
from webapp.services.payouts import destinations, stops

NO_ACCOUNT = phrase("The party has no account in use: set one, or cancel the payout.")


def keep_account(session: Session, payout_id: int, *, version: int, at: datetime, actor: Actor) -> Payout:
    """It goes to the account that it was written for, although the party has another by now."""
    payout = _stopped(session, payout_id, version, actor)
    instead = stops.in_use(session, payout)
    if instead is None:
        raise Conflict(NO_ACCOUNT)
    payout.kept_despite_id = instead.id
    return _done(session, payout, "payout.keep_account", payout.destination_id, at, actor)


def redirect(session: Session, payout_id: int, *, version: int, at: datetime, actor: Actor) -> Payout:
    """It goes to the party's present account. Raises Conflict while that waits, and once it may have been sent."""
    payout = _stopped(session, payout_id, version, actor)
    if why := redirect_disabled_reason(session, payout, at):
        raise Conflict(why)
    before, instead = payout.destination_id, stops.in_use(session, payout)
    payout.destination_id = instead.id if instead else before
    return _done(session, payout, "payout.redirect", before, at, actor)


def redirect_disabled_reason(session: Session, payout: Payout, at: datetime) -> str:
    """Why it can't go to the party's present account; empty when it can."""
    instead = stops.in_use(session, payout)
    if instead is None:
        return phrase("The party has no other account: set one, or cancel the payout.")
    if payout.sent_at is not None:
        return phrase(
            "It may have been sent to the former account. Ask its provider, and cancel it when it is not there."
        )
    if destinations.waits(instead, at):
        return phrase(
            "The account %(account)s is new: nothing is paid to it before %(until)s, unless a second person "
            "approves it on the party's page.",
            account=destinations.masked(instead),
            until=in_utc(instead.effective_at or at),
        )
    return ""


def _stopped(session: Session, payout_id: int, version: int, actor: Actor) -> Payout:
    actor.require("payout:manage")
    lookup.by_id(session, Payout, payout_id, "payout")
    payout = session.get_one(Payout, payout_id, with_for_update=True, populate_existing=True)
    lookup.require_version(payout, version, "payout")
    if not stops.is_account_changed(session, payout):
        raise Overtaken(
            phrase(
                "Payout %(ref)s is %(in_words)s, and does not wait for anybody to say where it goes.",
                ref=payout.ref,
                in_words=in_words(payout.status),
            )
        )
    return payout


def _done(session: Session, payout: Payout, action: str, before: int, at: datetime, actor: Actor) -> Payout:
    payout.next_try_at, payout.version = at, payout.version + 1
    session.flush()
    both = (before, payout.destination_id)
    accounts = [destinations.masked(destinations.get(session, each)) for each in both]
    was, now = ({"account": account} for account in accounts)
    trail.record(session, actor, action, ("payout", payout.id), at=at, before=was, after=now)
    return payout
