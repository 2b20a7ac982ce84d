"""What people decide about a refund in review: which of the provider's rows is ours, or that none is."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.state_labels import in_words
from webapp.domain.states import RefundStatus
from webapp.domain.words import phrase
from webapp.errors import Conflict, Invalid, Overtaken
from webapp.models import Refund
from webapp.services.audit import trail
from webapp.services.common import lookup, validation
from webapp.services.refunds import ends, refunds
from webapp.sql import lock


class Choice(StrEnum):
    """What a person may say."""

    OURS = "ours"
    NONE = "none"
    WALLET = "wallet"


@dataclass(frozen=True, slots=True)
class RefundChoice:
    """A person's words about a refund; `number` is the provider's of the row that is ours."""

    choice: Choice
    reason: str
    number: str = ""


def decide(
    session: Session, payment_id: int, decision: RefundChoice, *, version: int, at: datetime, actor: Actor
) -> Refund:
    """Go on as a person says. It decides whether money goes again, so it takes whoever may approve.

    `ours`: it is followed by that number. `none`: those rows are never ours, and it is sent again when the provider
    shows no other. `wallet`: the payer has none of it, so it goes to the wallet.
    """
    actor.require("money:approve")
    reason = validation.require_text(decision.reason, "reason", phrase("Say how you know."))
    lock(session, Refund, list(session.scalars(select(Refund.id).where(Refund.payment_id == payment_id))))
    refund = refunds.of_payment(session, payment_id)
    if refund is None:
        raise Conflict(phrase("This payment has no refund."))
    if refund.status != RefundStatus.NEEDS_REVIEW:
        raise Overtaken(
            phrase("The refund is %(in_words)s: there is nothing to decide about it.", in_words=in_words(refund.status))
        )
    lookup.require_version(refund, version, "refund")
    before = {"status": refund.status, "status_detail": refund.status_detail, "provider_id": refund.provider_id}
    _CHOICES[decision.choice](session, refund, decision, at)
    refund.status_detail = reason
    if decision.choice == Choice.WALLET:
        ends.fail(session, refund, at, actor)
    else:
        refund.rows, refund.next_try_at, refund.version = None, at, refund.version + 1
        refunds.person_is_done(session, refund, at)
    session.flush()
    after = {"status": refund.status, "provider_id": refund.provider_id}
    about, action = ("refund", refund.id), f"refund.decide_{decision.choice}"
    trail.record(session, actor, action, about, at=at, reason=reason, before=before, after=after)
    return refund


def _ours(session: Session, refund: Refund, decision: RefundChoice, at: datetime) -> None:
    if decision.number not in _numbers(refund):
        raise Invalid(
            phrase("Choose one of the refunds that are listed."), fields={"listed": phrase("Not one of those listed.")}
        )
    mine = (Refund.provider == refund.provider, Refund.provider_id == decision.number, Refund.id != refund.id)
    if session.scalars(select(Refund.id).where(*mine).limit(1)).first() is not None:
        raise Conflict(
            phrase(
                "Refund %(number)s at %(provider)s is another refund of ours.",
                number=decision.number,
                provider=refund.provider,
            )
        )
    refund.provider_id, refund.status = decision.number, RefundStatus.PENDING


def _none(session: Session, refund: Refund, decision: RefundChoice, at: datetime) -> None:
    if refund.provider_id is not None:
        raise Conflict(
            phrase(
                "%(provider)s has given it the number %(provider_id)s: it is ours.",
                provider=refund.provider,
                provider_id=refund.provider_id,
            )
        )
    refund.not_ours = sorted({*(refund.not_ours or ()), *_numbers(refund)})
    refund.status, refund.answered = RefundStatus.SENDING, None


def _wallet(session: Session, refund: Refund, decision: RefundChoice, at: datetime) -> None:
    """What is posted is `refund_ends`' part."""


def _numbers(refund: Refund) -> list[str]:
    return [str(row["id"]) for row in refund.rows or ()]


_CHOICES = {Choice.OURS: _ours, Choice.NONE: _none, Choice.WALLET: _wallet}
