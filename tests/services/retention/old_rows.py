"""A desk with something old and something young of every kind."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.support.market import AMINA, Market
from webapp.models import (
    CartItem,
    Delivery,
    Event,
    Evidence,
    InboundWebhook,
    Order,
    OrderLine,
    Product,
    Run,
    RunItem,
    RunLine,
    Tenant,
    User,
    UserSession,
)
from webapp.runtime import Runtime
from webapp.services.disputes import evidence

OLD, YOUNG = timedelta(days=400), timedelta(days=2)
GOES = {
    "carts": 1,
    "carts_without_product": 1,
    "deliveries": 1,
    "events": 1,
    "first_passwords": 1,
    "lines_without_order": 1,
    "run_items": 1,
    "run_lines": 1,
    "runs": 1,
    "sign_ins": 1,
    "staged_evidence": 1,
    "webhook_bodies": 1,
}
"""How many of each kind are old enough."""


def fill(session: Session, runtime: Runtime, now: datetime) -> Path:
    """Add them; returns the file of the evidence that goes."""
    file = _evidence(session, runtime, now)
    for number, age in enumerate((OLD, YOUNG)):
        at = now - age
        _run(session, at)
        _outside(session, number, at)
        user = User(email=f"u{number}@desk.example", name="U", password="x", created_at=at, must_change_password=True)
        user.password_expires_at = at
        session.add(user)
        session.flush()
        session.add(UserSession(token_hash=f"t{number}", user_id=user.id, started_at=at, seen_at=at, ends_at=at))
    session.flush()
    _storefront(session, now)
    return file


def _storefront(session: Session, now: datetime) -> None:
    """An old cart, a young one whose product is gone, a young one, and lines with and without their order."""
    times = {"created_at": now - OLD, "updated_at": now - YOUNG, "stored_at": now}
    tenant = Tenant(ref="old-shop", name="Shop", **times)
    session.add(tenant)
    session.flush()
    product = Product(tenant_id=tenant.id, ref="p", name="Soap", **times)
    session.add(product)
    session.flush()
    order_id = session.scalars(select(Order.id).order_by(Order.id)).first()
    of_product: dict[str, Any] = {"tenant_id": tenant.id, "product_ref": "p", "quantity": 1}
    for number, (age, product_id) in enumerate(((OLD, product.id), (YOUNG, None), (YOUNG, product.id))):
        aged = times | {"updated_at": now - age}
        session.add(CartItem(ref=f"c{number}", product_id=product_id, **of_product, **aged))
    for number, known in enumerate((None, order_id)):
        line = {"order_ref": "o", "order_id": known, "amount": 1, "currency": "NGN"}
        session.add(OrderLine(ref=f"l{number}", **line, **of_product, **times))
    session.flush()


def _run(session: Session, at: datetime, **more: Any) -> None:
    given = {"job": "watch", "at": at, "trigger": "schedule", "by": "job:watch", "by_name": "Watch"}
    run = Run(**given, status="succeeded", created_at=at, finished_at=at, **more)
    session.add(run)
    session.flush()
    session.add(RunLine(run_id=run.id, at=at, level="info", event="watch.done", fields={}))
    session.add(RunItem(run_id=run.id, subject_kind="party", subject_id=1, outcome="failed", message="No."))


def _outside(session: Session, number: int, at: datetime) -> None:
    sent = {"created_at": at, "delivered_at": at, "next_try_at": at}
    about: dict[str, Any] = {"subject_kind": "party", "subject_id": 1}
    session.add(
        Delivery(
            key=f"d{number}",
            channel="email",
            lane="l",
            kind="k",
            body="Dear party",
            status="delivered",
            **about,
            **sent,
        )
    )
    session.add(
        Delivery(key=f"w{number}", channel="email", lane="l", kind="k", body="Waits", status="waiting", **about, **sent)
    )
    session.add(Event(type="party.created", payload="{}", at=at, sent_at=at, **about))
    session.add(Event(type="party.created", payload="{}", at=at, sent_at=None, **about))
    session.add(
        InboundWebhook(
            provider="paystack", key=f"k{number}", event="charge.success", body='{"a": 1}', status="handled", times=1,
            attempts=1, received_at=at, handled_at=at,
        )
    )  # fmt: skip


def _evidence(session: Session, runtime: Runtime, now: datetime) -> Path:
    market = Market(session, runtime, now - OLD)
    dispute = market.dispute()
    made: list[Evidence] = []
    for at in (now - OLD, now - YOUNG):
        row = evidence.attach_file(
            session, dispute.id, side="buyer", name="a.txt", data=b"A text.", folder=runtime.evidence_folder, at=at,
            actor=AMINA, settings=runtime.settings,
        )  # fmt: skip
        made.append(row)
    submitted = evidence.attach_text(session, dispute.id, side="buyer", body="So.", at=now - OLD, actor=AMINA)
    evidence.submit(session, submitted.id, at=now - OLD, actor=AMINA)
    return runtime.evidence_folder / str(made[0].stored_as)
