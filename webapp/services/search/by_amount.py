"""Finding money by how much it is, always by an index of amounts."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from webapp.domain.money.money import Money
from webapp.domain.money.sought_amounts import CURRENCIES_BY_DECIMALS, SoughtAmount, sought_amount
from webapp.domain.state_labels import in_words
from webapp.domain.states import ApprovalStatus
from webapp.domain.words import joined
from webapp.models import Approval, Dispute, Escrow, Payment, Payout
from webapp.services.search.hits import EACH, Hit, Way

ENOUGH = 500
"""Escrows with an amount of which disputes and payments are looked for."""


def _with_amount(kind: str, model: Any, label: Any, *conditions: ColumnElement[bool]) -> Way:
    """Rows that have an amount themselves, the newest first."""

    def way(session: Session, words: str) -> Iterator[Hit]:
        if (amount := sought_amount(words)) is not None:
            query = select(model.id, label, model.status, model.amount, model.currency)
            query = query.where(_is(amount, model), *conditions).order_by(model.id.desc()).limit(EACH)
            yield from _hits(kind, session.execute(query))

    return way


def _of_escrows(kind: str, model: Any, label: Any, link: Callable[[Any], ColumnElement[bool]]) -> Way:
    """Rows of the newest escrows with the amount."""

    def way(session: Session, words: str) -> Iterator[Hit]:
        if (amount := sought_amount(words)) is not None:
            newest = select(Escrow.id, Escrow.order_id, Escrow.amount, Escrow.currency).where(_is(amount, Escrow))
            found = newest.order_by(Escrow.id.desc()).limit(ENOUGH).subquery()
            query = select(model.id, label, model.status, found.c.amount, found.c.currency).join(found, link(found))
            yield from _hits(kind, session.execute(query.order_by(model.id.desc()).limit(EACH)))

    return way


def _hits(kind: str, rows: Iterable[Any]) -> Iterator[Hit]:
    for number, label, status, minor, currency in rows:
        note = joined(str(Money(minor, currency)), in_words(status), between=", ")
        yield Hit(kind, number, label or str(number), note)


def _is(amount: SoughtAmount, model: Any) -> ColumnElement[bool]:
    """A range of the index of currency and amount, or, where no currency was typed, one of it for each currency."""
    if amount.currency is not None:
        (minor,) = amount.minor.values()
        return and_(model.amount == minor, model.currency == amount.currency)
    ways = amount.minor.items()
    return or_(*[and_(model.amount == minor, model.currency.in_(CURRENCIES_BY_DECIMALS[n])) for n, minor in ways])


escrows = _with_amount("escrow", Escrow, Escrow.ref)
payouts = _with_amount("payout", Payout, Payout.ref)
approvals = _with_amount("approval", Approval, Approval.subject_kind, Approval.status == ApprovalStatus.PROPOSED)
disputes = _of_escrows("dispute", Dispute, Dispute.ref, lambda found: Dispute.escrow_id == found.c.id)
payments = _of_escrows("payment", Payment, Payment.reference, lambda found: Payment.order_id == found.c.order_id)
