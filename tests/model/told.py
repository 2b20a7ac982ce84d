"""What the desk told other systems, by the numbers and names that the model knows things by."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.model.plain.amounts import Amounts
from tests.model.plain.desk import Transfer
from tests.model.product import Product
from tests.model.product_payouts import ProductPayouts
from webapp.models import Delivery, Event, Payout, Refund
from webapp.services.notifications import fan_out

_AMOUNT = re.compile(r"\b([A-Z]{3}) (\d[\d,]*(?:\.\d+)?)")
_EVENT, _LETTER = Event.__table__.c, Delivery.__table__.c


def events(
    session: Session, product: Product, paid_out: ProductPayouts, transfers: Sequence[Transfer]
) -> Counter[tuple[str, Any]]:
    """Each event since it was last asked, with what it is about; alerts are told about the desk itself."""
    news = select(_EVENT.id, _EVENT.type, _EVENT.subject_kind, _EVENT.subject_id).where(_EVENT.id > product.last_event)
    rows = session.connection().execute(news).all()
    product.last_event = max([product.last_event, *(row.id for row in rows)])
    return Counter(
        (row.type, _about(session, product, paid_out, transfers, row.subject_kind, row.subject_id))
        for row in rows
        if not row.type.startswith("alert.")
    )


def letters(product: Product) -> Counter[tuple[str, str, Amounts]]:
    """Who was told what since it was last asked, and which amounts that names; tenants are told elsewhere. What
    happened becomes letters first.
    """
    with product.runtime.db.transaction() as session:
        fan_out.fan_out(session, product.moved.at, product.settings)
        news = select(_LETTER.id, _LETTER.recipient, _LETTER.kind, _LETTER.title, _LETTER.body).where(
            _LETTER.id > product.last_letter
        )
        rows = session.execute(news.where(_LETTER.subject_kind != "subscription")).all()
        product.last_letter = max([product.last_letter, *(row.id for row in rows)])
    return Counter((row.recipient.partition("@")[0].title(), row.kind, _amounts(row)) for row in rows)


def _amounts(letter: Any) -> Amounts:
    """What a letter to a party names, in its subject or under it: each amount once."""
    if letter.kind.startswith("staff."):
        return ()
    text = f"{letter.title} {letter.body}"
    found = {(currency, int(re.sub(r"[.,]", "", amount))) for currency, amount in _AMOUNT.findall(text)}
    return tuple(sorted(each for each in found if each[1]))


def _about(
    session: Session,
    product: Product,
    paid_out: ProductPayouts,
    transfers: Sequence[Transfer],
    kind: str,
    number: int,
) -> Any:
    if kind == "refund":
        return product.payments.index(session.get_one(Refund, number).payment_id)
    if kind == "payout":
        return list(session.scalars(select(Payout.id).order_by(Payout.id))).index(number)
    if kind == "transfer":
        return next(at for at, each in enumerate(transfers) if product.transfer(session, each) == number)
    named = {"party": product.parties, "subscription": product.subscriptions}
    if kind in named:
        return next(name for name, known in named[kind].items() if known == number)
    numbered = {
        "order": product.orders,
        "escrow": product.escrows,
        "payment": product.payments,
        "dispute": product.disputes,
        "approval": product.proposals,
        "payout_schedule": paid_out.plans,
    }
    return numbered[kind].index(number)
