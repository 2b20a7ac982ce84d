"""Transfers with their entries, as a table for people: of one escrow, or of one run."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from webapp.domain.money.money import Money
from webapp.domain.states import AccountKind, TransferKind
from webapp.domain.words import joined, message, phrase
from webapp.errors import NotFound
from webapp.models import Account, Entry, Escrow, Party, Transfer
from webapp.sql import one_of

MOST = 50
"""Transfers of one escrow that are shown; holding and reversing more often than that is not work but an attack."""

_SHARES: dict[tuple[str, bool], str] = {
    (AccountKind.WALLET, True): message("%(amount)s into the wallet of %(owner)s"),
    (AccountKind.WALLET, False): message("%(amount)s out of the wallet of %(owner)s"),
    (AccountKind.RECEIVABLE, True): message("%(amount)s off the debt of %(owner)s"),
    (AccountKind.RECEIVABLE, False): message("%(amount)s more owed by %(owner)s"),
    (AccountKind.FEES, True): message("%(amount)s fee"),
    (AccountKind.FEES, False): message("%(amount)s of the fee given back"),
    (AccountKind.CLEARING, True): message("%(amount)s back through %(owner)s"),
    (AccountKind.LOSSES, True): message("%(amount)s back to the platform"),
    (AccountKind.LOSSES, False): message("%(amount)s borne by the platform"),
}
"""What an entry does to whose account, by its kind and whether it goes in."""


@dataclass(slots=True)
class TransferDetail:
    """One transfer with its sides, in minor units."""

    id: int
    reference: str
    kind: str
    at: datetime
    amount: int
    currency: str
    run_id: int | None
    reverses_id: int | None
    sides: list["Side"] = field(default_factory=list)

    def shares_in_words(self, *, inside: bool = False) -> str:
        """Who got or gave how much; where the money is held in between is left out, and `inside` what is outside."""
        parts = []
        for side in self.sides:
            if inside and side.kind == AccountKind.CLEARING:
                continue
            words = _SHARES.get((side.kind, side.amount > 0))
            if words:
                amount = Money(abs(side.amount), self.currency)
                parts.append(phrase(words, amount=amount, owner=side.owner))
        return joined(*parts, between=", ")


@dataclass(frozen=True, slots=True)
class Side:
    """One entry: positive goes into the account."""

    kind: str
    """The account's kind: wallet, escrow, fees…"""
    owner: str
    """The party's name, or the provider of a clearing account."""
    party_id: int | None
    amount: int


def of_escrow(session: Session, escrow_id: int) -> list[TransferDetail]:
    """The latest transfers of this escrow with their entries, oldest first."""
    return _gathered(
        session, select(Transfer).where(Transfer.escrow_id == escrow_id).order_by(Transfer.id.desc()).limit(MOST)
    )


def page_of_escrow(session: Session, escrow_id: int, *, after: int, limit: int) -> list[TransferDetail]:
    """Transfers of this escrow with their entries, oldest first, after the id of the last one seen."""
    moved = select(Transfer).where(Transfer.escrow_id == escrow_id, Transfer.id > after)
    return _gathered(session, moved.order_by(Transfer.id).limit(limit))


def of_run(session: Session, run_id: int, *, after: int = 0, limit: int = MOST) -> list[TransferDetail]:
    """Transfers that a run made, after the id of the last one seen, with their entries."""
    made = select(Transfer).where(Transfer.run_id == run_id, Transfer.id > after)
    return _gathered(session, made.order_by(Transfer.id).limit(limit))


def of_ids(session: Session, transfer_ids: Sequence[int]) -> list[TransferDetail]:
    """These transfers with their entries, oldest first, at most MOST."""
    chosen = select(Transfer).where(one_of(session, Transfer.id, transfer_ids))
    return _gathered(session, chosen.order_by(Transfer.id).limit(MOST))


def since_closed(movements: Sequence[TransferDetail], escrow: Escrow) -> list[TransferDetail]:
    """What was taken back, or came back and was given again, after the escrow had gone."""
    outside = (TransferKind.TAKEN_BACK, TransferKind.CAME_BACK)
    closed_at = escrow.closed_at
    return [each for each in movements if each.kind in outside and closed_at is not None and each.at >= closed_at]


def one(session: Session, transfer_id: int) -> TransferDetail:
    """One transfer with its entries. Raises NotFound."""
    found = _gathered(session, select(Transfer).where(Transfer.id == transfer_id))
    if not found:
        raise NotFound(phrase("There is no transfer %(transfer_id)s.", transfer_id=transfer_id))
    return found[0]


def by_reference(session: Session, reference: str) -> TransferDetail | None:
    """The transfer with this reference and its entries, if there is one."""
    found = _gathered(session, select(Transfer).where(Transfer.reference == reference))
    return found[0] if found else None


def _gathered(session: Session, transfers: Select[Any]) -> list[TransferDetail]:
    chosen = transfers.subquery()
    rows = session.execute(
        select(
            chosen,
            Account.kind.label("account"),
            Account.owner,
            Account.party_id,
            Party.name,
            Entry.amount.label("moved"),
        )
        .join(Entry, Entry.transfer_id == chosen.c.id)
        .join(Account, Account.id == Entry.account_id)
        .outerjoin(Party, Party.id == Account.party_id)
        .order_by(chosen.c.id, Entry.id)
    )
    found: dict[int, TransferDetail] = {}
    for row in rows:
        movement = found.setdefault(
            row.id,
            TransferDetail(
                row.id, row.reference, row.kind, row.at, row.amount, row.currency, row.run_id, row.reverses_id
            ),
        )
        movement.sides.append(Side(row.account, row.name or row.owner, row.party_id, row.moved))
    return list(found.values())
