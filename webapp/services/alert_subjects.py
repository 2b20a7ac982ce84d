"""What alerts are about: finding them by any part of it, always by an index, and the payment behind a subject."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, String, literal, select, tuple_, union_all
from sqlalchemy.orm import Session

from webapp.domain.alert_facts import CHARGEBACK
from webapp.domain.numbers import parse_whole
from webapp.models import Alert, Payment, ProviderDispute, Refund
from webapp.providers.house import KNOWN
from webapp.sql import begins, one_of

ENOUGH = 1000
"""How many of each kind of match are looked at."""
_NOUNS = ("payment", "payout", "payout schedule", "refund")


def matching(words: str) -> ColumnElement[bool]:
    """Alerts with this number, or about a thing with this reference, number or name, or about things of this kind or
    provider; of a payment's reference also those about its refund and its chargebacks.
    """
    return Alert.id.in_(union_all(*[select(way.limit(ENOUGH).subquery()) for way in _ways(words)]))


def payments(session: Session, rows: Sequence[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """By rule and subject the payment whose page has it: of a refund, of a chargeback, and a payment itself."""
    found: dict[tuple[str, str], int] = {}
    refunds: dict[int, list[tuple[str, str]]] = defaultdict(list)
    banks: dict[tuple[str, str], tuple[str, str]] = {}
    for rule, subject in rows:
        noun, _space, name = subject.rpartition(" ")
        number = parse_whole(name)
        if rule == CHARGEBACK.name:
            banks[noun, name] = rule, subject
        elif noun == "payment" and number is not None:
            found[rule, subject] = number
        elif noun == "refund" and number is not None:
            refunds[number].append((rule, subject))
    if refunds:
        of_refunds = select(Refund.id, Refund.payment_id).where(one_of(session, Refund.id, list(refunds)))
        for refund_id, payment_id in session.execute(of_refunds):
            found |= dict.fromkeys(refunds[refund_id], payment_id)
    if banks:
        named = tuple_(ProviderDispute.provider, ProviderDispute.number).in_(list(banks))
        columns = (ProviderDispute.provider, ProviderDispute.number, ProviderDispute.payment_id)
        for row in session.execute(select(*columns).where(named)):
            if row.payment_id is not None:
                found[banks[row.provider, row.number]] = row.payment_id
    return found


def _ways(words: str) -> list[Select[Any]]:
    alert, number = select(Alert.id).order_by(Alert.id.desc()), parse_whole(words)
    named = [words, *(f"{kind} {words}" for kind in (*_NOUNS, *KNOWN))]
    ways = [alert.where(Alert.subject.in_(named)), alert.where(begins(Alert.subject, f"{words} "))]
    ways += [alert.where(Alert.subject.in_(each)) for each in _of_payment(words)]
    return ways if number is None else [*ways, alert.where(Alert.id == number)]


def _of_payment(reference: str) -> list[Select[Any]]:
    """The subjects of what has to do with the payment of this reference."""
    paid = Payment.provider.in_(KNOWN) & (Payment.reference == reference)
    bank = ProviderDispute.provider.concat(" ").concat(ProviderDispute.number)
    return [
        select(literal("payment ").concat(Payment.id.cast(String))).where(paid),
        select(literal("refund ").concat(Refund.id.cast(String)))
        .join(Payment, Payment.id == Refund.payment_id)
        .where(paid),
        select(bank).join(Payment, Payment.id == ProviderDispute.payment_id).where(paid),
    ]
