"""A bank's dispute in the case of ours about the same money: a note of each word, its clock, and what it claims."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.instants import in_utc
from webapp.domain.money.money import Money
from webapp.domain.payments import chargeback
from webapp.domain.payments.loss_allocation import Bearer
from webapp.domain.states import LOST_CHARGEBACKS, ChargebackStatus
from webapp.domain.words import joined, message, phrase
from webapp.models import Chargeback, Dispute, Escrow, Payment
from webapp.services.disputes import evidence, handling

MOST = 20
_GIVEN_BACK = message(
    "%(amount)s of it was booked as taken: the page of the payment says where it goes, by a decision there."
)
_WON = message("Its freeze has ended. This dispute goes on freezing the money until it is decided or withdrawn.")
_MATTERS = (ChargebackStatus.OPEN, *LOST_CHARGEBACKS)


def join(session: Session, dispute: Dispute, known: Chargeback, *, at: datetime, actor: Actor) -> None:
    """Tell the case how the bank's dispute stands. The first time its claim becomes evidence of the buyer's; while it
    is open, the case is due no later than the bank's answer.
    """
    agent = actor.entrusted_with("dispute:work")
    sentence = in_words(known)
    if known.status == ChargebackStatus.WON:
        given = phrase(_GIVEN_BACK, amount=Money(known.booked_amount, known.currency)) if known.booked_amount else ""
        sentence = joined(sentence, given, phrase(_WON))
    handling.say(session, dispute.id, "internal", sentence, at=at, actor=agent)
    if known.dispute_id != dispute.id:
        _attach_claim(session, dispute, known, at, agent)
        known.dispute_id = dispute.id
    is_open = known.status == ChargebackStatus.OPEN
    if is_open and known.due_at is not None and known.due_at > at:
        dispute.due_at = min(dispute.due_at, known.due_at)
    session.flush()


def join_all(session: Session, dispute: Dispute, escrow: Escrow, *, at: datetime, actor: Actor) -> None:
    """A dispute was opened: the bank's that are open about the same money join it."""
    for known in of_escrow(session, escrow):
        if known.status == ChargebackStatus.OPEN:
            join(session, dispute, known, at=at, actor=actor)


def of_escrow(session: Session, escrow: Escrow) -> Sequence[Chargeback]:
    """The chargebacks on what was paid for it, newest first."""
    mine = select(Chargeback).join(Payment, Payment.id == Chargeback.payment_id)
    paid = mine.where(Payment.order_id == escrow.order_id, Payment.duplicate_of_id.is_(None))
    return session.scalars(paid.order_by(Chargeback.id.desc()).limit(MOST)).all()


def warnings(session: Session, escrow: Escrow) -> list[str]:
    """What whoever gives the buyer money of this escrow has to know: what a bank wants back, or has taken, and what
    else the payer has back that the platform bears.
    """
    known = of_escrow(session, escrow)
    taken: dict[int | None, int] = defaultdict(int)
    for each in known:
        taken[each.payment_id] += each.booked_amount if each.status in LOST_CHARGEBACKS else 0
    borne = (Payment.order_id == escrow.order_id, Payment.taken_back_from == Bearer.PLATFORM)
    payments = session.scalars(select(Payment).where(*borne, Payment.duplicate_of_id.is_(None)).limit(MOST)).all()
    found = [_warning(each) for each in known if each.status in _MATTERS]
    return found + [_already(each, part) for each in payments if (part := each.taken_back_decided - taken[each.id]) > 0]


def of_reversal(session: Session, escrow: Escrow) -> list[str]:
    """What goes out of an escrow again as soon as a reversal holds it: what a bank took, and nobody booked yet."""
    taken = [each for each in of_escrow(session, escrow) if each.unbooked_amount > 0]
    return [
        phrase(
            "%(status)s %(amount)s of it is booked out of the escrow as soon as it is held again, in the same "
            "step: only what is left over waits for a decision.",
            status=in_words(each),
            amount=Money(each.unbooked_amount, each.currency),
        )
        for each in taken
    ]


def in_words(known: Chargeback) -> str:
    """How it stands, and what it costs."""
    amount = Money(known.amount, known.currency)
    status, had_taken = ChargebackStatus(known.status), known.booked_amount + known.covered_amount > 0
    return chargeback.in_words(known.provider, known.number, status, amount, had_taken=had_taken)


def _warning(known: Chargeback) -> str:
    if known.status == ChargebackStatus.OPEN:
        return phrase("%(status)s What goes to the buyer now, the bank may take once more.", status=in_words(known))
    return phrase("%(status)s What this gives the buyer comes on top of that.", status=in_words(known))


def _already(payment: Payment, part: int) -> str:
    amount = Money(part, payment.currency)
    return phrase(
        "The payer has %(amount)s of payment %(reference)s back already, and the platform bears it. What this "
        "gives the buyer comes on top of that.",
        amount=amount,
        reference=payment.reference,
    )


def _attach_claim(session: Session, dispute: Dispute, known: Chargeback, at: datetime, agent: Actor) -> None:
    amount, until = Money(known.amount, known.currency), ""
    if known.due_at is not None:
        until = phrase("The bank waits for an answer until %(due_at)s.", due_at=in_utc(known.due_at))
    what = phrase(
        "Chargeback %(number)s at %(provider)s over %(amount)s.",
        number=known.number,
        provider=known.provider,
        amount=amount,
    )
    category = phrase("Its category: %(category)s.", category=known.category or phrase("none"))
    body = joined(what, category, until)
    row = evidence.attach_text(session, dispute.id, side="buyer", body=body, at=at, actor=agent)
    evidence.submit(session, row.id, at=at, actor=agent)
