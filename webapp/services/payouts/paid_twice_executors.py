"""What a person decides about a payout that went through after its money had come back: who bears it."""

from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.alert_definitions import PAYOUT_CONTRADICTED, PAYOUT_FAILED
from webapp.domain.money.money import Money
from webapp.domain.outbox.event_types import PayoutClawedBack, PayoutSucceeded
from webapp.domain.payouts.payout_outcome import next_check
from webapp.domain.state_labels import in_words
from webapp.domain.states import AccountKind, PayoutStatus, ScheduleStatus, TransferKind
from webapp.domain.words import joined, phrase
from webapp.errors import Conflict, Overtaken
from webapp.models import Payout, PayoutSchedule
from webapp.services.alerts import alerts
from webapp.services.approvals.executors import Context, Payload, Posting, executor
from webapp.services.audit import trail
from webapp.services.common import events
from webapp.services.ledger import party_sides, transfers
from webapp.services.ledger.accounts import Place
from webapp.services.ledger.party_sides import Sides
from webapp.services.ledger.transfers import Draft
from webapp.services.payouts import returns
from webapp.services.payouts.executors import PayoutSubject, read_payout

_UNPAID = (PayoutStatus.FAILED, PayoutStatus.REVERSED, PayoutStatus.CANCELLED)


class ClawPayoutBack(Payload):
    """The party has it twice, and gives it back."""


class WritePayoutOff(Payload):
    """The party has it twice, and the platform bears that."""


@executor("payout.claw_back", ClawPayoutBack, read=read_payout)
def claw_payout_back(context: Context, subject: PayoutSubject, decision: ClawPayoutBack) -> Posting:
    """Out of the party's wallet; what that lacks is the party's debt."""
    payout = _contradicted(context, subject)
    if context.locked:
        party_sides.lock_accounts(context.session, [payout.party_id], payout.currency)
    sides = party_sides.from_party(context.session, payout.party_id, payout.amount, payout.currency)
    debt = sum(-amount for place, amount in sides if isinstance(place, Place) and place.kind == AccountKind.RECEIVABLE)
    taken, owed = Money(payout.amount - debt, payout.currency), Money(debt, payout.currency)
    parts = [(taken, phrase("out of the party's wallet")), (owed, phrase("added to the party's debt"))]
    how = joined(*(joined(money, where) for money, where in parts if money.amount), between=", ")
    event = PayoutClawedBack(from_wallet=taken.amount, as_debt=debt)
    return _posting(context, subject, "payout.claw_back", decision.reason, sides, how, event)


@executor("payout.write_off", WritePayoutOff, read=read_payout)
def write_payout_off(context: Context, subject: PayoutSubject, decision: WritePayoutOff) -> Posting:
    """Out of the platform's losses."""
    payout = _contradicted(context, subject)
    sides: Sides = [(Place(AccountKind.LOSSES, payout.currency), -payout.amount)]
    return _posting(
        context,
        subject,
        "payout.write_off",
        decision.reason,
        sides,
        phrase("%(amount)s out of the platform's losses", amount=subject.amount),
    )


def check_paid_after_all(payout: Payout) -> None:
    """Raise Conflict unless a person decides who bears it."""
    if payout.paid_after_all_at is None:
        raise Overtaken(
            phrase(
                "Payout %(ref)s is %(in_words)s, and was not paid after its money came back.",
                ref=payout.ref,
                in_words=in_words(payout.status),
            )
        )


def unsent_instead(session: Session, payout: Payout) -> str:
    """The payout in its place that was not sent yet: cancelled first, it needs no claw-back. Empty without one."""
    if payout.schedule_id is None:
        return ""
    others = (Payout.schedule_id == payout.schedule_id, Payout.id != payout.id, Payout.status == PayoutStatus.PENDING)
    return session.scalars(select(Payout.ref).where(*others).limit(1)).first() or ""


def _contradicted(context: Context, subject: PayoutSubject) -> Payout:
    payout = subject.payout
    check_paid_after_all(payout)
    if other := unsent_instead(context.session, payout):
        raise Conflict(
            phrase(
                "Payout %(other)s in its place is not sent yet. Cancel that one first: its money is there.", other=other
            )
        )
    return payout


def _posting(
    context: Context,
    subject: PayoutSubject,
    action: str,
    reason: str,
    sides: Sides,
    how: str,
    event: PayoutClawedBack | None = None,
) -> Posting:
    payout = subject.payout
    clearing = Place(AccountKind.CLEARING, payout.currency, owner=payout.provider)
    draft = Draft(
        reference=returns.free_reference(context.session, returns.after_all(payout)),
        kind=TransferKind.PAYOUT,
        currency=payout.currency,
        sides=[(clearing, payout.amount), *sides],
    )

    def post() -> None:
        transfers.write(context.session, [draft], at=context.at)
        _close(context, payout, action, reason)
        if event is not None:
            events.add(context.session, event, payout.id, at=context.at)

    return Posting(
        sentence=phrase(
            "payout %(ref)s over %(amount)s counts as paid: %(how)s", ref=payout.ref, amount=subject.amount, how=how
        ),
        done=phrase(
            "Payout %(ref)s over %(amount)s counts as paid: %(how)s.", ref=payout.ref, amount=subject.amount, how=how
        ),
        amount=subject.amount,
        post=post,
        legs=partial(transfers.legs, context.session, [draft]),
    )


def _close(context: Context, payout: Payout, action: str, reason: str) -> None:
    session, at, before = context.session, context.at, {"status": payout.status}
    payout.status, payout.settled_at, payout.paid_after_all_at = PayoutStatus.SUCCEEDED, payout.paid_after_all_at, None
    payout.recheck_at, payout.status_detail, payout.version = next_check(at, at), reason, payout.version + 1
    _schedule_is_paid(session, payout, context)
    session.flush()
    after, about = {"status": payout.status}, ("payout", payout.id)
    trail.record(session, context.actor, action, about, at=at, reason=reason, before=before, after=after)
    events.add(session, PayoutSucceeded(is_clawed_back=action == "payout.claw_back"), payout.id, at=at)
    for ended in (PAYOUT_CONTRADICTED, PAYOUT_FAILED):
        alerts.resolve(session, ended, f"payout {payout.ref}", at)


def _schedule_is_paid(session: Session, payout: Payout, context: Context) -> None:
    """By this one, unless another of its payouts was sent."""
    if payout.schedule_id is None:
        return
    schedule = session.get_one(PayoutSchedule, payout.schedule_id, with_for_update=True, populate_existing=True)
    present = session.get(Payout, schedule.payout_id) if schedule.payout_id else None
    if present is None or present.id == payout.id or present.status in _UNPAID:
        schedule.status, schedule.payout_id = ScheduleStatus.PROCESSED, payout.id
        schedule.processed_at = payout.settled_at
        schedule.failure_reason, schedule.version = None, schedule.version + 1
        alerts.resolve(session, PAYOUT_FAILED, f"payout schedule {schedule.ref}", context.at)
