"""What an escrow's page says of why it is not paid, as the words of the model."""

from datetime import datetime

from sqlalchemy.orm import Session

from tests.model.plain.explanations import Reasons
from tests.model.product import Product
from tests.model.worlds import ACTORS
from webapp.models import Freeze
from webapp.services.common.reasons import Reason, Target
from webapp.services.read_models import escrow_explanation

_FIRST_WORDS = {
    "It was released to the seller": "released",
    "It was refunded to the buyer": "refunded",
    "It was split between": "split",
    "It was voided and never paid": "voided",
    "The buyer has not paid yet": "unpaid",
    "All outgoing money is stopped": "stopped",
    "It is frozen by": "frozen",
    "The order is not completed yet": "not completed",
    "The buyer has not approved the finished work yet": "not completed",
    "It has no release date": "no date",
    "It is not due until": "too early",
    "The seller, ": "no wallet",
    "Nothing stands in the way": "nothing",
    "Only its job stands in the way": "paused",
    "The refund of ": "refund failed",
    "Run ": "run",
}


def reasons(session: Session, product: Product, number: int, at: datetime) -> Reasons:
    """The reasons in their order; which run tried it in vain is left out, for the model keeps no runs."""
    found = escrow_explanation.reasons(session, product.escrows[number], at)
    told = [_read(session, product, each) for each in found]
    rest = [each for each in told if each[0] != "run"]
    frozen = sorted(each for each in rest if each[0].startswith("frozen"))
    first = next((at for at, each in enumerate(rest) if each[0].startswith("frozen")), 0)
    rest = [each for each in rest if not each[0].startswith("frozen")]
    refunds = sorted(each for each in rest if each[0].startswith("refund "))
    since = next((at for at, each in enumerate(rest) if each[0].startswith("refund ")), len(rest))
    rest = [each for each in rest if not each[0].startswith("refund ")]
    rest[since:since] = refunds
    rest[first:first] = frozen
    return rest


def _read(session: Session, product: Product, reason: Reason) -> tuple[str, object]:
    target = reason.target or Target("")
    for words, kind in _FIRST_WORDS.items():
        if reason.sentence.startswith(words):
            return _which(session, product, kind, reason, target)
    if "goes back to the payer" in reason.sentence:
        return "refund waiting", product.payments.index(target.id)
    if " was taken back at " in reason.sentence:
        return "taken", product.payments.index(target.id)
    if " of it was taken back on " in reason.sentence:
        return "borne", None
    assert "since it was reversed" in reason.sentence, f"a reason that the model does not know: {reason.sentence}"
    return "debt", next(name for name, number in product.parties.items() if number == target.id)


def _which(session: Session, product: Product, kind: str, reason: Reason, target: Target) -> tuple[str, object]:
    if kind == "refund failed" and " waits: " in reason.sentence:
        kind = "refund waiting"
    if kind == "refund failed" and " needs a person: " in reason.sentence:
        kind = "refund needs_review"
    if kind == "frozen":
        return _frozen(session, product, reason, target)
    if kind == "unpaid":
        return kind, "declines" if reason.cure.startswith("No payment is under way") else "asks"
    if kind == "no wallet":
        return kind, "by hand" if reason.cure.startswith("The party is not verified") else "by a job"
    if kind in ("nothing", "paused"):
        return kind, target.name
    return kind, product.payments.index(target.id) if kind.startswith("refund ") and target.kind == "payment" else None


def _frozen(session: Session, product: Product, reason: Reason, target: Target) -> tuple[str, object]:
    """By whom or what: the page leads to it."""
    if target.kind == "freeze":
        person = session.get_one(Freeze, target.id).cause_id
        return "frozen by person", next(name for name, actor in ACTORS.items() if actor.id == person)
    if reason.cure.startswith("The end of the chargeback"):
        return "frozen by chargeback", None
    if target.kind == "approval":
        return "frozen by proposal", product.proposals.index(target.id)
    number = product.disputes.index(target.id)
    return f"frozen by {product.dispute_kinds[number]}", number
