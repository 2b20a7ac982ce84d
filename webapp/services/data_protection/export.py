"""All that the desk keeps about a party, as one JSON document, written piece by piece."""

import json
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from webapp import clock
from webapp.domain.actors import Actor
from webapp.models import (
    Account,
    Approval,
    Audit,
    AutoDeduct,
    Chargeback,
    Delivery,
    Dispute,
    Entry,
    Escrow,
    Event,
    Evidence,
    Freeze,
    Message,
    Order,
    Payment,
    Payout,
    PayoutDestination,
    PayoutSchedule,
    Refund,
    Transfer,
)
from webapp.services.audit import trail
from webapp.services.data_protection.linked_rows import LinkedRows
from webapp.services.data_protection.personal_texts import PersonalTexts, of_party
from webapp.services.parties import parties

PERMISSION = "party:export"
FORMAT = "escrow-desk-party-1"
_PAGE = 500
LEFT_OUT = (
    {"what": "account numbers of payout destinations", "why": "They are kept encrypted; their endings are here."},
    {"what": "the content of evidence files", "why": "They are listed with size and digest, and handed over by hand."},
    {"what": "what the other party of a dispute wrote and was written", "why": "It is about the other party."},
    {"what": "who of the desk's staff did something, and from where", "why": "It is about them; the desk keeps it."},
    {"what": "bodies of providers' webhooks", "why": "What they said is in the payments, refunds and payouts here."},
    {"what": "backups and log files", "why": "Backups are copies of this and are replaced in time; logs name nobody."},
    {"what": "archives of old messages and runs", "why": "They are no part of the desk any more and go in time."},
    {"what": "what providers keep", "why": "They answer for it themselves."},
)
_STAFF = frozenset(
    {
        "by",
        "by_name",
        "actor",
        "actor_name",
        "role",
        "origin",
        "request_id",
        "created_by",
        "created_by_key",
        "approved_by",
        "assignee_id",
        "resolved_by",
        "proposed_by",
        "proposed_by_name",
        "decided_by",
        "decided_by_name",
        "lifted_by",
        "forgotten_by",
    }
)
_INTERNAL = frozenset({"account_encrypted", "stored_as", "version", "lease_until", "lane", "demo"})


class _Part(NamedTuple):
    """One list of the document."""

    name: str
    rows: Any
    """A SELECT of whole rows, whose `id` it goes by."""
    key: Any
    left_out: frozenset[str] = frozenset()


def export(session: Session, party_id: int, *, at: datetime, actor: Actor) -> Iterator[str]:
    """The document in pieces, each list page by page: constant memory, however much the party did. Raises NotFound."""
    actor.require(PERMISSION)
    party = parties.get(session, party_id)
    yield f'{{\n"format": {json.dumps(FORMAT)},\n"exported_at": {json.dumps(clock.iso(at))},\n'
    yield f'"left_out": {_text(LEFT_OUT)},\n"party": {_text(_fields(party, frozenset()))}'
    addresses = PersonalTexts(of_party(session, party)).addresses
    for part in _parts(LinkedRows(party_id), addresses):
        yield f",\n{json.dumps(part.name)}: ["
        yield from _list(session, part)
        yield "]"
    yield "\n}\n"


def record(session: Session, party_id: int, *, at: datetime, actor: Actor) -> None:
    """Record that it is exported, before it is. Raises NotFound."""
    actor.require(PERMISSION)
    parties.get(session, party_id)
    trail.record(session, actor, "party.export", ("party", party_id), at=at)


def _list(session: Session, part: _Part) -> Iterator[str]:
    after, separator = None, "\n"
    while True:
        page = part.rows.order_by(part.key).limit(_PAGE)
        rows = session.scalars(page if after is None else page.where(part.key > after)).all()
        for row in rows:
            yield separator + _text(_fields(row, part.left_out))
            separator = ",\n"
        if len(rows) < _PAGE:
            return
        after = getattr(rows[-1], part.key.key)
        session.expunge_all()


def _parts(mine: LinkedRows, addresses: list[str]) -> Iterator[_Part]:
    of_party = mine.party_id
    yield _Part("accounts", select(Account).where(Account.id.in_(mine.accounts)), Account.id)
    yield _Part("entries", select(Entry).where(Entry.account_id.in_(mine.accounts)), Entry.id)
    moved = select(Entry.transfer_id).where(Entry.account_id.in_(mine.accounts))
    yield _Part("transfers", select(Transfer).where(Transfer.id.in_(moved)), Transfer.id)
    yield _Part("auto_deduct", select(AutoDeduct).where(AutoDeduct.party_id == of_party), AutoDeduct.id)
    yield _Part("orders", select(Order).where(Order.id.in_(mine.orders)), Order.id)
    yield _Part("escrows", select(Escrow).where(Escrow.id.in_(mine.escrows)), Escrow.id)
    yield _Part("freezes", select(Freeze).where(Freeze.id.in_(mine.freezes)), Freeze.id)
    yield from _cases(mine)
    yield _Part("payments", select(Payment).where(Payment.id.in_(mine.payments)), Payment.id)
    yield _Part("refunds", select(Refund).where(Refund.id.in_(mine.refunds)), Refund.id)
    yield _Part("chargebacks", select(Chargeback).where(Chargeback.id.in_(mine.chargebacks)), Chargeback.id)
    to = select(PayoutDestination).where(PayoutDestination.id.in_(mine.destinations))
    yield _Part("payout_destinations", to, PayoutDestination.id, frozenset({"recipient"}))
    yield _Part("payouts", select(Payout).where(Payout.id.in_(mine.payouts)), Payout.id)
    planned = select(PayoutSchedule).where(PayoutSchedule.id.in_(mine.schedules))
    yield _Part("payout_schedules", planned, PayoutSchedule.id)
    yield _Part("approvals", select(Approval).where(Approval.id.in_(mine.approvals)), Approval.id)
    yield from _notices(mine, addresses)


def _cases(mine: LinkedRows) -> Iterator[_Part]:
    yield _Part("disputes", select(Dispute).where(Dispute.id.in_(mine.disputes)), Dispute.id)
    notes = Message.audience == "internal"
    messages = select(Message).where(
        or_(mine.is_its_side(Message.dispute_id, Message.audience), _in(mine, Message, notes))
    )
    yield _Part("messages", messages, Message.id)
    desk = Evidence.side == "desk"
    brought = or_(mine.is_its_side(Evidence.dispute_id, Evidence.side), _in(mine, Evidence, desk))
    yield _Part("evidence", select(Evidence).where(brought), Evidence.id)


def _notices(mine: LinkedRows, addresses: list[str]) -> Iterator[_Part]:
    """What was sent to it by message; what other systems were told; what the audit trail has."""
    about = mine.is_subject(Delivery.subject_kind, Delivery.subject_id)
    sent = select(Delivery).where(about, Delivery.recipient.in_(addresses))
    yield _Part("messages_sent", sent, Delivery.id)
    events = select(Event).where(mine.is_subject(Event.subject_kind, Event.subject_id))
    yield _Part("events", events, Event.id)
    recorded = select(Audit).where(mine.is_subject(Audit.subject_kind, Audit.subject_id))
    yield _Part("audit_records", recorded, Audit.id)


def _in(mine: LinkedRows, model: Any, condition: Any) -> Any:
    return model.dispute_id.in_(mine.disputes) & condition


def _fields(row: Any, left_out: frozenset[str]) -> dict[str, Any]:
    names = [column.key for column in row.__table__.columns]
    hidden = _STAFF | _INTERNAL | left_out
    return {name: _plain(getattr(row, name)) for name in names if name not in hidden}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return clock.iso(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str) and value[:1] in ("{", "["):
        return _parsed(value)
    return value


def _parsed(text: str) -> Any:
    """JSON as a value; a text that only begins like it stays one."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
