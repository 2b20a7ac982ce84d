"""What a person decides about a payout that does not settle: that it was paid, or that its money goes back."""

from dataclasses import dataclass
from functools import partial

from sqlalchemy.orm import Session

from webapp.domain.money.money import Money
from webapp.domain.outbox.event_types import Event, PayoutFailed, PayoutScheduleFailed, PayoutSucceeded
from webapp.domain.payouts.payout_outcome import next_check
from webapp.domain.state_labels import in_words
from webapp.domain.states import AccountKind, PayoutStatus, ScheduleStatus, TransferKind
from webapp.domain.words import phrase
from webapp.errors import Overtaken
from webapp.models import Payout, PayoutSchedule
from webapp.services.approvals.executors import Context, Payload, Posting, Reader, executor
from webapp.services.audit import trail
from webapp.services.common import events, lookup
from webapp.services.ledger import transfers
from webapp.services.ledger.accounts import Place
from webapp.services.ledger.transfers import Draft


@dataclass(frozen=True, slots=True)
class PayoutSubject:
    """The payout that is decided on."""

    payout: Payout

    @property
    def amount(self) -> Money:
        """What was sent, or was not."""
        return Money(self.payout.amount, self.payout.currency)


class MarkPayoutPaid(Payload):
    """Somebody saw at the provider, or at the bank, that it was paid."""

    known: str = "sending, in doubt"
    """What the desk knew of it when that was decided."""


class GivePayoutBack(Payload):
    """Somebody saw that it was not paid, and will not be."""

    known: str = "sending, in doubt"
    """What the desk knew of it when that was decided."""


def _fetch(session: Session, payout_id: int) -> PayoutSubject:
    """The payout as it is now. Raises NotFound."""
    return PayoutSubject(lookup.by_id(session, Payout, payout_id, "payout"))


read_payout = Reader(_fetch, guard=lambda payout_id: [payout_id], guarded_by=Payout)


@executor("payout.mark_paid", MarkPayoutPaid, read=read_payout)
def mark_payout_paid(context: Context, subject: PayoutSubject, decision: MarkPayoutPaid) -> Posting:
    """Nothing is posted: its money has left the wallet already."""
    payout = _unsettled(subject, decision.known)

    def post() -> None:
        payout.is_unconfirmed = True
        _end(context, payout, PayoutStatus.SUCCEEDED, "payout.mark_paid", decision.reason, PayoutSucceeded())
        schedule = _schedule(context.session, payout)
        if schedule is not None:
            schedule.status, schedule.processed_at = ScheduleStatus.PROCESSED, context.at
            schedule.failure_reason, schedule.version = None, schedule.version + 1
        context.session.flush()

    return Posting(
        sentence=phrase(
            "payout %(ref)s over %(amount)s counts as paid, though %(provider)s does not say so",
            ref=payout.ref,
            amount=subject.amount,
            provider=payout.provider,
        ),
        done=phrase("Payout %(ref)s over %(amount)s counts as paid.", ref=payout.ref, amount=subject.amount),
        amount=subject.amount,
        post=post,
        takes_two=True,
    )


@executor("payout.give_back", GivePayoutBack, read=read_payout)
def give_payout_back(context: Context, subject: PayoutSubject, decision: GivePayoutBack) -> Posting:
    """The wallet gets it back, and no other payout follows by itself."""
    payout = _unsettled(subject, decision.known)
    back = Draft(
        reference=f"{payout.ref}-return",
        kind=TransferKind.PAYOUT_RETURN,
        currency=payout.currency,
        sides=[
            (Place(AccountKind.CLEARING, payout.currency, owner=payout.provider), -payout.amount),
            (Place(AccountKind.WALLET, payout.currency, payout.party_id), payout.amount),
        ],
    )

    def post() -> None:
        transfers.write(context.session, [back], at=context.at)
        _end(context, payout, PayoutStatus.FAILED, "payout.give_back", decision.reason, PayoutFailed())
        schedule = _schedule(context.session, payout)
        if schedule is not None:
            schedule.status, schedule.version = ScheduleStatus.FAILED, schedule.version + 1
            schedule.retry_count, schedule.last_retry_at = schedule.retry_count + 1, context.at
            schedule.failure_reason = decision.reason
            event = PayoutScheduleFailed(reason=decision.reason)
            events.add(context.session, event, schedule.id, at=context.at)
        context.session.flush()

    return Posting(
        sentence=phrase(
            "%(amount)s of payout %(ref)s goes back to the wallet: it was not paid and will not be",
            amount=subject.amount,
            ref=payout.ref,
        ),
        done=phrase("%(amount)s of payout %(ref)s is in the wallet again.", amount=subject.amount, ref=payout.ref),
        amount=subject.amount,
        post=post,
        legs=partial(transfers.legs, context.session, [back]),
        takes_two=True,
    )


def known_of(payout: Payout) -> str:
    """What the desk knows of an unsettled payout; a decision stands only as long as that is the same."""
    return f"{payout.status}, in doubt" if payout.doubted_at is not None else payout.status


def check_unsettled(payout: Payout) -> None:
    """Raise Conflict unless it may be with its provider, and is not settled."""
    if payout.status not in (PayoutStatus.SENDING, PayoutStatus.SENT):
        raise Overtaken(
            phrase(
                "Payout %(ref)s is %(in_words)s: there is nothing to decide about it.",
                ref=payout.ref,
                in_words=in_words(payout.status),
            )
        )


def _unsettled(subject: PayoutSubject, known: str) -> Payout:
    """The payout. Raises Conflict when it is settled, or when more is known of it than when that was decided."""
    payout = subject.payout
    check_unsettled(payout)
    if known_of(payout) != known:
        raise Overtaken(
            phrase(
                "Payout %(ref)s is %(known_of)s by now: its provider told more since. Decide anew.",
                ref=payout.ref,
                known_of=known_of(payout),
            )
        )
    return payout


def _schedule(session: Session, payout: Payout) -> PayoutSchedule | None:
    """The schedule whose present payout this is, locked."""
    if payout.schedule_id is None:
        return None
    found = session.get_one(PayoutSchedule, payout.schedule_id, with_for_update=True, populate_existing=True)
    return found if found.payout_id == payout.id else None


def _end(context: Context, payout: Payout, status: PayoutStatus, action: str, reason: str, event: Event) -> None:
    session, at, about = context.session, context.at, ("payout", payout.id)
    before, after = {"status": payout.status}, {"status": str(status)}
    payout.status, payout.settled_at, payout.next_try_at = status, at, None
    payout.doubted_at, payout.needs_person, payout.status_detail = None, False, reason
    payout.recheck_at, payout.version = next_check(at, at), payout.version + 1
    session.flush()
    trail.record(session, context.actor, action, about, at=at, reason=reason, before=before, after=after)
    events.add(session, event, payout.id, at=at)
