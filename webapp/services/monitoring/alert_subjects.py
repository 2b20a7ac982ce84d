"""What alerts are about: finding them by any part of it, always by an index, and the thing behind a subject."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, String, literal, select, tuple_, union_all
from sqlalchemy.orm import Session

from webapp.domain.alert_definitions import CHARGEBACK
from webapp.domain.numbers import parse_whole
from webapp.models import Alert, Chargeback, Dispute, Payment, Payout, PayoutSchedule, Refund, Tenant
from webapp.providers import catalogue
from webapp.sql import begins, one_of

ENOUGH = 1000
"""How many of each kind of match are looked at."""
_LABELS = ("payment", "payout", "payout schedule", "refund")


@dataclass(frozen=True, slots=True)
class Home:
    """The thing whose page has an alert's subject."""

    kind: str
    id: int


_Reader = Callable[[Session, list[Any]], Iterator[tuple[Any, Home]]]


def matching(words: str) -> ColumnElement[bool]:
    """Alerts with this number, or about a thing with this reference, number or name, or about things of this kind or
    provider; of a payment's reference also those about its refund and its chargebacks.
    """
    return Alert.id.in_(union_all(*[select(way.limit(ENOUGH).subquery()) for way in _ways(words)]))


def homes(session: Session, rows: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Home]:
    """By rule and subject what has a page of its own: a payment (also of its refund and of a chargeback), a payout, a
    payout schedule, a dispute, a tenant. What is not there any more is left out.
    """
    names = {row: _named(*row) for row in rows}
    found: dict[tuple[str, Any], Home] = {}
    for kind, read in _READ.items():
        if wanted := list({name for each, name in names.values() if each == kind}):
            found |= {(kind, name): home for name, home in read(session, wanted)}
    return {row: found[named] for row, named in names.items() if named in found}


def _named(rule: str, subject: str) -> tuple[str, Any]:
    """What kind of thing a rule's subject is, and its number, reference or name."""
    kind, _space, name = subject.rpartition(" ")
    if rule == CHARGEBACK.name:
        return "chargeback", (kind, name)
    if rule in _BARE:
        return _BARE[rule], subject
    return kind, (parse_whole(name) or 0) if kind in ("payment", "refund") else name


def _of_refunds(session: Session, ids: list[Any]) -> Iterator[tuple[Any, Home]]:
    rows = select(Refund.id, Refund.payment_id).where(one_of(session, Refund.id, ids))
    return ((number, Home("payment", payment)) for number, payment in session.execute(rows))


def _of_payments(session: Session, ids: list[Any]) -> Iterator[tuple[Any, Home]]:
    rows = session.scalars(select(Payment.id).where(one_of(session, Payment.id, ids)))
    return ((number, Home("payment", number)) for number in rows)


def _of_chargebacks(session: Session, names: list[Any]) -> Iterator[tuple[Any, Home]]:
    named = tuple_(Chargeback.provider, Chargeback.number).in_(names)
    columns = (Chargeback.provider, Chargeback.number, Chargeback.payment_id)
    for row in session.execute(select(*columns).where(named, Chargeback.payment_id.is_not(None))):
        yield (row.provider, row.number), Home("payment", row.payment_id)


def _by_ref(kind: str, model: type[Payout | PayoutSchedule | Dispute | Tenant]) -> _Reader:
    def read(session: Session, refs: list[Any]) -> Iterator[tuple[Any, Home]]:
        rows = select(model.ref, model.id).where(model.ref.in_(refs))
        return ((ref, Home(kind, number)) for ref, number in session.execute(rows))

    return read


_BARE = {"payout_unpaid": "payout schedule", "dispute_past_due": "dispute", "tenant_suspended_in_error": "tenant"}
"""Rules whose subject is a reference without its noun."""
_READ: dict[str, _Reader] = {
    "payment": _of_payments,
    "refund": _of_refunds,
    "chargeback": _of_chargebacks,
    "payout": _by_ref("payout", Payout),
    "payout schedule": _by_ref("payout_schedule", PayoutSchedule),
    "dispute": _by_ref("dispute", Dispute),
    "tenant": _by_ref("tenant", Tenant),
}


def _ways(words: str) -> list[Select[Any]]:
    alert, number = select(Alert.id).order_by(Alert.id.desc()), parse_whole(words)
    named = [words, *(f"{kind} {words}" for kind in (*_LABELS, *catalogue.payment_providers()))]
    ways = [alert.where(Alert.subject.in_(named)), alert.where(begins(Alert.subject, f"{words} "))]
    ways += [alert.where(Alert.subject.in_(each)) for each in _of_payment(words)]
    return ways if number is None else [*ways, alert.where(Alert.id == number)]


def _of_payment(reference: str) -> list[Select[Any]]:
    """The subjects of what has to do with the payment of this reference."""
    paid = Payment.provider.in_(catalogue.payment_providers()) & (Payment.reference == reference)
    bank = Chargeback.provider.concat(" ").concat(Chargeback.number)
    return [
        select(literal("payment ").concat(Payment.id.cast(String))).where(paid),
        select(literal("refund ").concat(Refund.id.cast(String)))
        .join(Payment, Payment.id == Refund.payment_id)
        .where(paid),
        select(bank).join(Payment, Payment.id == Chargeback.payment_id).where(paid),
    ]
