"""Providers that send none of our payouts at present: all wait, one is tried now and then, until it is taken."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.alert_definitions import PAYOUTS_PAUSED
from webapp.domain.instants import in_utc
from webapp.domain.providers.provider_results import NoResponse, ProviderResponse, ProviderResult, ProviderStatus
from webapp.domain.states import PayoutStatus
from webapp.domain.words import phrase
from webapp.models import Payout, PayoutPause
from webapp.services.alerts import alerts
from webapp.services.audit import trail
from webapp.services.payouts import stops
from webapp.sql import insert_new

PROBE = timedelta(minutes=10)
"""How long after a refusal one payout is tried."""
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class Tried:
    """A payout that was spoken about, and what its provider reason."""

    id: int
    provider: str
    result: ProviderResult


def in_force(session: Session) -> dict[str, PayoutPause]:
    """What is paused at present, by provider."""
    return {each.provider: each for each in session.scalars(select(PayoutPause))}


def in_words(pause: PayoutPause) -> str:
    """What is the matter, and how it ends."""
    return phrase(
        "Payouts through %(provider)s are paused since %(since)s: %(reason)s One is tried every ten minutes, "
        "and all go on by themselves when it is taken.",
        provider=pause.provider,
        since=in_utc(pause.since),
        reason=pause.reason,
    )


def take_probes(session: Session, at: datetime, providers: Collection[str], only: list[int] | None) -> list[int]:
    """One payout of each paused provider whose time to try has come: the one that it refused, else the oldest."""
    due = (PayoutPause.provider.in_(providers), PayoutPause.probe_at <= at)
    taken = []
    for pause in session.scalars(select(PayoutPause).where(*due).with_for_update(skip_locked=True)).all():
        found = _probe(session, pause, at, only)
        if found is not None:
            pause.payout_id, pause.probe_at = found, at + PROBE
            taken.append(found)
    return taken


def learn(session: Session, tried: Collection[Tried], *, at: datetime, actor: Actor) -> None:
    """Pause what a provider sends none of; let it go on when it took the payout that was tried."""
    paused = in_force(session)
    for provider in sorted({each.provider for each in tried}):
        mine = [each for each in tried if each.provider == provider]
        refused = next((each for each in mine if isinstance(each.result, NoResponse) and each.result.pauses_all), None)
        if refused is not None:
            _pause(session, refused, at, actor)
        elif provider in paused and any(_was_taken(each, paused[provider]) for each in mine):
            _go_on(session, provider, at, actor)


def _probe(session: Session, pause: PayoutPause, at: datetime, only: list[int] | None) -> int | None:
    waiting = [Payout.status == PayoutStatus.PENDING, Payout.provider == pause.provider, Payout.next_try_at <= at]
    waiting.append(stops.sendable())
    if only is not None:
        waiting.append(Payout.id.in_(only))
    refused = func.coalesce(Payout.id == pause.payout_id, False)
    oldest = select(Payout.id).where(*waiting).order_by(refused.desc(), Payout.next_try_at, Payout.id).limit(1)
    return session.scalars(oldest.with_for_update(skip_locked=True)).one_or_none()


def _was_taken(tried: Tried, pause: PayoutPause) -> bool:
    return (
        tried.id == pause.payout_id
        and isinstance(tried.result, ProviderResponse)
        and tried.result.status != ProviderStatus.ABSENT
    )


def _pause(session: Session, refused: Tried, at: datetime, actor: Actor) -> None:
    reason = refused.result.message[:_LONGEST]
    values: Mapping[str, Any] = {"reason": reason, "payout_id": refused.id, "probe_at": at + PROBE}
    row = insert_new(session, PayoutPause).values(provider=refused.provider, since=at, **values)
    made = session.scalars(row.on_conflict_do_nothing().returning(PayoutPause.provider)).one_or_none()
    if made is None:
        known = update(PayoutPause).where(PayoutPause.provider == refused.provider)
        session.execute(known.values(**values).execution_options(synchronize_session=False))
    else:
        about = ("payout", refused.id)
        trail.record(session, actor, "payout.pause_all", about, at=at, reason=reason, after={"provider": made})
    sentence = phrase(
        "Payouts through %(provider)s are paused: %(reason)s Top up the balance there, or see to what it asks "
        "for. One payout is tried every ten minutes, and all go on by themselves.",
        provider=refused.provider,
        reason=reason,
    )
    alerts.fire(session, PAYOUTS_PAUSED, refused.provider, sentence, at)


def _go_on(session: Session, provider: str, at: datetime, actor: Actor) -> None:
    found = session.scalars(
        delete(PayoutPause).where(PayoutPause.provider == provider).returning(PayoutPause.payout_id)
    )
    for payout_id in found.all():
        about = ("payout", payout_id or 0)
        trail.record(session, actor, "payout.go_on", about, at=at, after={"provider": provider})
    alerts.resolve(session, PAYOUTS_PAUSED, provider, at)
