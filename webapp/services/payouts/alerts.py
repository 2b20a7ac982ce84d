"""Alert rules about payouts that don't go on by themselves."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select, text
from sqlalchemy.orm import Session

from webapp import clock
from webapp.domain.money.money import Money
from webapp.domain.numbers import counted
from webapp.domain.states import PayoutStatus, ScheduleStatus
from webapp.domain.words import phrase
from webapp.models import Payout, PayoutSchedule
from webapp.services.alerts.registry import Answer, rule
from webapp.services.payouts import pauses, stops
from webapp.settings import Settings

_MOST, _NAMED = 200, 3
# Written out, so that the partial indexes fit.
_UNSETTLED = text("payout.status IN ('pending', 'sending', 'sent')")
_DOUBTED = text("payout.doubted_at IS NOT NULL")


@rule(severity="page")
def payout_unpaid(session: Session, at: datetime, settings: Settings) -> Iterator[Answer]:
    """A payout is due and could not be paid for three nights: no destination, no cover, no provider."""
    # Written out, so that the partial index fits.
    unpaid = text("payout_schedule.unpaid_days > 2"), PayoutSchedule.status == ScheduleStatus.PENDING
    query = select(PayoutSchedule).where(*unpaid).order_by(PayoutSchedule.due_at, PayoutSchedule.id)
    for each in session.scalars(query.limit(_MOST)):
        what = phrase("Payout schedule %(ref)s over %(amount)s", ref=each.ref, amount=Money(each.amount, each.currency))
        sentence = phrase(
            "%(what)s could not be paid for %(nights)s: %(failure_reason)s",
            what=what,
            nights=counted(each.unpaid_days, "night"),
            failure_reason=each.failure_reason,
        )
        yield each.ref, sentence, [each.failure_reason or ""]


@rule(severity="page")
def payout_needs_person(session: Session, at: datetime, settings: Settings) -> Iterator[Answer]:
    """Payouts wait at their provider for a one-time password that somebody has to type."""
    for provider, refs in _by_provider(session, Payout.needs_person).items():
        yield (
            provider,
            phrase(
                "%(payouts)s through %(provider)s wait for a one-time password (OTP). Type it in "
                "%(provider)s's dashboard, under Transfers, or turn the confirmation of transfers off in its "
                "settings. They go on by themselves then; nothing is sent again.",
                payouts=_counted(refs),
                provider=provider,
            ),
            _causes(refs),
        )


@rule(severity="page")
def payout_unsettled(session: Session, at: datetime, settings: Settings) -> Iterator[Answer]:
    """Payouts were sent and not settled for longer than PAYOUT_SETTLE_HOURS."""
    hours = settings.payout_settle_hours
    free = Payout.status != PayoutStatus.PENDING, stops.sendable()
    old = (
        Payout.created_at <= at - timedelta(hours=hours),
        ~Payout.needs_person,
        Payout.doubted_at.is_(None),
        or_(*free),
    )
    paused = pauses.in_force(session)
    waits = (Payout.status != PayoutStatus.PENDING) | Payout.provider.not_in(paused)
    for provider, refs in _by_provider(session, *old, waits).items():
        yield (
            provider,
            phrase(
                "%(payouts)s through %(provider)s are not settled %(hours)s after they were written. Open "
                "them: ask now; cancel what %(provider)s does not know; for the rest look into %(provider)s's "
                "dashboard, and two people say what it shows. The desk asks on and settles what it is told; "
                "nothing is sent twice.",
                payouts=_counted(refs),
                provider=provider,
                hours=counted(hours, "hour"),
            ),
            _causes(refs),
        )


@rule(severity="page")
def payout_account_changed(session: Session, at: datetime, settings: Settings) -> Iterator[Answer]:
    """Payouts were written for an account that was changed before they were sent: a person says where they go."""
    waits = (Payout.status == PayoutStatus.PENDING, stops.account_changed())
    for provider, refs in _by_provider(session, *waits).items():
        yield (
            provider,
            phrase(
                "%(payouts)s through %(provider)s wait: their accounts were changed before they were sent. "
                "Open Payouts, Account changed, and say of each where it goes, or cancel it.",
                payouts=_counted(refs),
                provider=provider,
            ),
            _causes(refs),
        )


@rule(severity="page")
def payout_in_doubt(session: Session, at: datetime, settings: Settings) -> Iterator[Answer]:
    """A provider may have a payout that it has not shown for PAYOUT_LOOKUP_HOURS: a person decides."""
    ripe = Payout.doubted_at <= at - timedelta(hours=settings.payout_lookup_hours)
    found = select(Payout).where(_DOUBTED, ripe).order_by(Payout.doubted_at, Payout.id).limit(_MOST)
    for each in session.scalars(found):
        yield (
            f"payout {each.ref}",
            phrase(
                "%(provider)s may have payout %(ref)s over %(amount)s and has not shown it for %(hours)s. Look "
                "for it in its dashboard and at the bank, then decide on the payout's page: it was paid, or "
                "its money goes back to the wallet.",
                provider=each.provider,
                ref=each.ref,
                amount=Money(each.amount, each.currency),
                hours=counted(settings.payout_lookup_hours, "hour"),
            ),
            [clock.iso(each.doubted_at)] if each.doubted_at else [],
        )


def _by_provider(session: Session, *where: Any) -> dict[str, list[str]]:
    rows = select(Payout.provider, Payout.ref).where(_UNSETTLED, *where).order_by(Payout.id).limit(_MOST)
    found: dict[str, list[str]] = defaultdict(list)
    for provider, ref in session.execute(rows):
        found[provider].append(ref)
    return found


def _causes(refs: list[str]) -> list[str]:
    """Each payout is one, as long as all of them are known."""
    return refs if len(refs) < _MOST else []


def _counted(refs: list[str]) -> str:
    named = ", ".join(refs[:_NAMED])
    if len(refs) == _MOST:
        return phrase("%(number)s or more payouts (%(named)s and others)", number=len(refs), named=named)
    if len(refs) > _NAMED:
        return phrase("%(payouts)s (%(named)s and others)", payouts=counted(len(refs), "payout"), named=named)
    return phrase("%(payouts)s (%(named)s)", payouts=counted(len(refs), "payout"), named=named)
