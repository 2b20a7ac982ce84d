"""What the transfer of an event moved for each person: read from its own entries, so that a message can't differ."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import String, case, cast, func, literal, or_, select
from sqlalchemy.orm import Session

from webapp.domain.states import AccountKind, TransferKind
from webapp.models import Account, Entry, Escrow, Event, Payment, Refund, Transfer
from webapp.models.base import BigInt
from webapp.sql import Rows, one_of, shared_alias

_Earlier, _OfIt, _Before = shared_alias(Entry), shared_alias(Entry), shared_alias(Transfer)
_CLOSING_EVENTS = ("escrow.released", "escrow.refunded", "escrow.split")
_OF_PAYMENT = (TransferKind.TAKEN_BACK, TransferKind.CAME_BACK)


@dataclass(slots=True)
class Part:
    """What moved for one person, in minor units: into the wallet and onto the debt, negative out of and more owed."""

    wallet: int = 0
    debt: int = 0
    owes: int = 0
    """What the person owes after it."""


@dataclass(slots=True)
class Moved:
    """One transfer. `amount` of one that ends an escrow is what was held. Of that, `outside` goes back the way it was
    paid: `sent` by us, the rest did so without us, as what is `taken` of a payment does besides; below zero it came.
    """

    currency: str
    amount: int
    fee: int = 0
    outside: int = 0
    sent: int = 0
    taken: int = 0
    held: int = 0
    """How much more is held for the order by it, and stays held: negative when it is less."""
    left: int = 0
    """What is held for the order after it."""
    decision: str = ""
    """What was decided about the payment, if that is what moved it."""
    parts: dict[int, Part] = field(default_factory=lambda: defaultdict(Part))

    @property
    def is_outside(self) -> bool:
        """Whether all that was held went back without us."""
        return 0 < self.amount == self.gone == self.outside

    @property
    def gone(self) -> int:
        """What went back, or came, without our doing."""
        return self.outside - self.sent if self.outside else abs(self.taken)

    def shape(self, party_id: int, *, is_buyer: bool) -> str:
        """What happened to a person, in a word of the table; empty when nothing did."""
        part = self.parts.get(party_id, Part())
        if is_buyer and self.outside > 0:
            return self._went_back(part)
        if part.wallet < 0 or part.debt < 0:
            return "wallet_gave" if not part.debt else "wallet_gave_and_owes" if part.wallet else "owes"
        if part.wallet > 0 or part.debt > 0:
            paid = "kept" if self.decision == "keep" else "in_wallet"
            return paid if not part.debt else "in_wallet_and_debt_met" if part.wallet else "debt_met"
        return self._around(is_buyer=is_buyer)

    def _around(self, *, is_buyer: bool) -> str:
        """What concerns a person whose own money did not move."""
        if self.held:
            return "less_is_held" if self.held < 0 else "more_is_held"
        if is_buyer:
            return "went_back" if self.taken > 0 else "came_back" if self.taken < 0 else ""
        if self.outside > self.sent:
            return "went_back" if self.gone == self.amount else "went_back_and_rest"
        return "not_yours" if self.taken > 0 and (self.decision == "write_off" or self.parts) else ""

    def _went_back(self, part: Part) -> str:
        if part.wallet > 0:
            return "went_back_and_in_wallet"
        return "sent_back" if self.sent == self.outside else "went_back_and_sent" if self.sent else "went_back"


def of_events(session: Session, events: Sequence[Event], disputed: Mapping[int, int]) -> dict[int, Moved]:
    """By event what its transfer moved; events that moved nothing are left out. `disputed` says which escrow each
    dispute is about that was decided.
    """
    left = {event.id: event.subject_id for event in events if event.type in _CLOSING_EVENTS}
    decided = (event for event in events if event.type == "dispute.resolved" and event.subject_id in disputed)
    left |= {event.id: disputed[event.subject_id] for event in decided}
    transfers = {**_left(session, events, left), **_reversed(session, events), **_named(session, events)}
    transfers |= _of_payments(session, events)
    sent = _sent(session, set(left.values()))
    found: dict[int, Moved] = {}
    moves = _moved(session, transfers.values())
    for event in events:
        moved = moves.get(transfers.get(event.id, 0))
        if moved is not None:
            moved.sent = sent.get((left.get(event.id, 0), event.at), 0)
            moved.decision = _decision(event)
            found[event.id] = moved
    return found


def _left(session: Session, events: Sequence[Event], escrows: Mapping[int, int]) -> dict[int, int]:
    """How escrows went: at the event's own instant."""
    rows = select(Transfer.escrow_id, Transfer.at, Transfer.id)
    mine = rows.where(one_of(session, Transfer.escrow_id, sorted(set(escrows.values()))))
    at = _at(session, mine.where(Transfer.is_disbursement).order_by(Transfer.id)) if escrows else {}
    return {event.id: at.get((escrows[event.id], event.at), 0) for event in events if event.id in escrows}


def _reversed(session: Session, events: Sequence[Event]) -> dict[int, int]:
    of = {event.subject_id: event.id for event in events if event.type == "transfer.reversed"}
    rows = select(Transfer.reverses_id, Transfer.id).where(one_of(session, Transfer.reverses_id, list(of)))
    return {of[reverses or 0]: number for reverses, number in session.execute(rows)} if of else {}


def _named(session: Session, events: Sequence[Event]) -> dict[int, int]:
    """Transfers whose reference says what they are about."""
    names = {}
    for event in events:
        if event.type == "refund.failed":
            names[f"refund-{event.subject_id}-return"] = event.id
        elif _decision(event) == "keep":
            names[f"payment-{event.subject_id}-keep"] = event.id
    rows = select(Transfer.reference, Transfer.id).where(Transfer.reference.in_(names))
    return {names[reference]: number for reference, number in session.execute(rows)} if names else {}


def _decision(event: Event) -> str:
    return str(json.loads(event.payload).get("decision", "")) if event.type == "payment.decided" else ""


def _of_payments(session: Session, events: Sequence[Event]) -> dict[int, int]:
    """What a decision about a taking moved: at the event's own instant, besides an escrow that it let go."""
    decided = [event for event in events if event.type == "payment.decided"]
    if not decided:
        return {}
    ids = [event.subject_id for event in decided]
    own = literal("payment-").concat(cast(Payment.id, String)).concat("-")
    rows = (
        select(Payment.id, Transfer.at, Transfer.id)
        .join(Escrow, Escrow.order_id == Payment.order_id)
        .join(Transfer, Transfer.escrow_id == Escrow.id)
        .where(one_of(session, Payment.id, ids), Transfer.kind.in_(_OF_PAYMENT))
        .where(Transfer.reference.startswith(own))
        .order_by(Transfer.id)
    )
    at = _at(session, rows)
    known = {event.id: at.get((event.subject_id, event.at), 0) for event in decided}
    return {event: number for event, number in known.items() if number}


def _sent(session: Session, escrows: Collection[int]) -> dict[tuple[int, datetime], int]:
    """By escrow and instant the refund of ours that was written for its buyer."""
    rows = (
        select(Escrow.id, Refund.created_at, Refund.amount)
        .join(Payment, Payment.order_id == Escrow.order_id)
        .join(Refund, Refund.payment_id == Payment.id)
        .where(one_of(session, Escrow.id, sorted(escrows)))
    )
    return _at(session, rows) if escrows else {}


def _at(session: Session, rows: Rows) -> dict[tuple[int, datetime], int]:
    return {(number, at): found for number, at, found in session.execute(rows)}


def _moved(session: Session, transfers: Iterable[int]) -> dict[int, Moved]:
    """The transfers by their entries."""
    ids = sorted({number for number in transfers if number})
    if not ids:
        return {}
    until = (_Earlier.account_id == Entry.account_id, _Earlier.id <= Entry.id)
    owed = select(func.sum(-_Earlier.amount).cast(BigInt)).where(*until).scalar_subquery()
    is_debt, is_held = Account.kind == AccountKind.RECEIVABLE, Account.id == Escrow.held_account_id
    # What an escrow holds is what its transfers put where it is held, up to this one.
    of_it = (_Before.escrow_id == Transfer.escrow_id, _OfIt.account_id == Entry.account_id, _OfIt.id <= Entry.id)
    left = select(func.sum(_OfIt.amount).cast(BigInt)).join(_Before, _Before.id == _OfIt.transfer_id).where(*of_it)
    ours = Account.kind.in_((AccountKind.FEES, AccountKind.CLEARING))
    rows: Any = (
        select(
            Transfer.id,
            Transfer.currency,
            Transfer.amount,
            Transfer.is_disbursement,
            Account.kind,
            Account.party_id,
            Entry.amount.label("moved"),
            case((is_debt, owed), else_=0).label("owes"),
            case((is_held, left.scalar_subquery()), else_=None).label("left"),
        )
        .join(Entry, Entry.transfer_id == Transfer.id)
        .join(Account, Account.id == Entry.account_id)
        .outerjoin(Escrow, Escrow.id == Transfer.escrow_id)
        .where(one_of(session, Transfer.id, ids))
        .where(or_(Account.party_id.is_not(None), ours, is_held))
    )
    found: dict[int, Moved] = {}
    for row in session.execute(rows):
        _add(found.setdefault(row.id, Moved(row.currency, row.amount)), row)
    return found


def _add(moved: Moved, row: Any) -> None:
    if row.left is not None:
        moved.held, moved.left = 0 if row.is_disbursement else row.moved, row.left
    elif row.kind == AccountKind.FEES:
        moved.fee = row.moved
    elif row.kind == AccountKind.CLEARING:
        moved.outside, moved.taken = (row.moved, 0) if row.is_disbursement else (0, row.moved)
    elif row.kind == AccountKind.WALLET:
        moved.parts[row.party_id].wallet = row.moved
    elif row.kind == AccountKind.RECEIVABLE:
        moved.parts[row.party_id].debt, moved.parts[row.party_id].owes = row.moved, row.owes
