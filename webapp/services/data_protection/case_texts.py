"""What a party wrote, what was written to it, and where it was paid: these are gone as a whole."""

from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select

from webapp.domain.states import DeliveryStatus
from webapp.models import AutoDeduct, Delivery, Dispute, Evidence, Message, PayoutDestination
from webapp.services.data_protection.personal_texts import FORGOTTEN, PersonalTexts
from webapp.services.data_protection.replacement import Replacement

_SHORT = "····"


def claimed_by_it(each: Replacement) -> ColumnElement[bool]:
    """Whether a dispute's claim is the party's."""
    return each.mine.is_its_side(Dispute.id, Dispute.claimant)


def evidence_of_it(each: Replacement) -> ColumnElement[bool]:
    """Whether evidence is its own, or the desk's about its cases; what the other party brought is the other party's."""
    about = and_(Evidence.side == "desk", Evidence.dispute_id.in_(each.mine.disputes))
    return or_(about, each.mine.is_its_side(Evidence.dispute_id, Evidence.side))


def replace(each: Replacement, texts: PersonalTexts) -> dict[str, int]:
    """Replace them; returns how many of each kind. Files are named in `removed_files`, to be removed afterwards."""
    party_id = each.party.id
    each.set_all(AutoDeduct, {"enabled": False}, AutoDeduct.party_id == party_id)
    return {
        "payout destinations": _destinations(each),
        "claims": _claims(each),
        "messages of disputes": _messages(each),
        "evidence": _evidence(each),
        "messages sent": _deliveries(each, texts),
    }


def _destinations(each: Replacement) -> int:
    gone: dict[str, Any] = {
        "account_name": FORGOTTEN,
        "account_encrypted": "",
        "account_ending": _SHORT,
        "account_reference": None,
        "recipient": None,
        "retired_at": func.coalesce(PayoutDestination.retired_at, each.at),
    }
    return each.set_all(PayoutDestination, gone, PayoutDestination.party_id == each.party.id)


def _claims(each: Replacement) -> int:
    return each.set_all(Dispute, {"claim": FORGOTTEN}, claimed_by_it(each))


def _messages(each: Replacement) -> int:
    theirs = each.mine.is_its_side(Message.dispute_id, Message.audience)
    return each.set_all(Message, {"body": FORGOTTEN}, theirs)


def _evidence(each: Replacement) -> int:
    theirs = evidence_of_it(each)
    files = select(Evidence.stored_as).where(theirs, Evidence.stored_as.is_not(None))
    each.removed_files += [file for file in each.session.scalars(files) if file]
    gone = {"name": FORGOTTEN, "stored_as": None, "body": FORGOTTEN, "sha256": ""}
    return each.set_all(Evidence, gone, theirs)


def _deliveries(each: Replacement, texts: PersonalTexts) -> int:
    about = each.mine.is_subject(Delivery.subject_kind, Delivery.subject_id)
    to_it = Delivery.recipient.in_(texts.addresses)
    waiting = (about, to_it, Delivery.status == DeliveryStatus.WAITING)
    each.set_all(Delivery, {"status": DeliveryStatus.CANCELLED, "lease_until": None}, *waiting)
    gone = {"recipient": FORGOTTEN, "title": FORGOTTEN, "body": FORGOTTEN, "last_error": None}
    return each.set_all(Delivery, gone, about, to_it)
