"""Deposits, debts and repayments by people and tokens: decisions over money that names where it came from.

A person's are held to the limits above which a second person decides. A token's are held to a limit of its own per
currency and day, and never more than one person may move alone.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.references import is_own
from webapp.domain.words import phrase
from webapp.errors import Invalid
from webapp.services.approvals import approvals, executors, token_limits
from webapp.services.approvals.approvals import DecisionResult
from webapp.services.common import validation
from webapp.services.parties.executors import PartyMoney
from webapp.settings import Settings

PERMISSION = "party:money"


@dataclass(frozen=True, slots=True)
class NewMoney:
    """How much in minor units, under a reference that is used once, and where it came from: one of the two."""

    amount: int
    currency: str
    reference: str
    provider_reference: str = ""
    reason: str = ""


def decide(
    session: Session, action: str, party_id: int, new: NewMoney, *, at: datetime, actor: Actor, settings: Settings
) -> DecisionResult:
    """Book it, or propose it to a second person. Raises NotAllowed above a token's limit, Conflict or Invalid."""
    actor.require(PERMISSION)
    decision = as_decided(new)
    if actor.kind != "token":
        return approvals.decide(session, action, party_id, decision, at=at, actor=actor, settings=settings)
    posting = executors.compute(session, action, party_id, decision, at=at, actor=actor, locked=True)
    token_limits.spend(session, actor, posting.amount, at, settings)
    posting.post()
    return DecisionResult(True, None, posting.done)


def as_decided(new: NewMoney) -> PartyMoney:
    """The decision, checked. Invalid names `amount`, `reference` or `reason`."""
    validation.require_amount(new.amount, new.currency)
    reference = validation.require_text(
        new.reference, "reference", phrase("Give it a reference of its own."), longest=80
    )
    if is_own(reference):
        raise Invalid(
            phrase("The desk's own movements have such references. Choose another."), fields={"reference": "Taken."}
        )
    theirs, why = new.provider_reference.strip()[:200], new.reason.strip()[:2_000]
    if not theirs and not why:
        sentence = phrase("Say where the money came from: the provider's reference, or a reason.")
        raise Invalid(sentence, fields={"provider_reference": sentence, "reason": sentence})
    return PartyMoney(
        amount=new.amount,
        currency=new.currency,
        reference=reference,
        provider_reference=theirs or None,
        reason=why or phrase("Provider's reference %(theirs)s.", theirs=theirs),
    )
