"""A desk with something old and something young of every kind."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from tests.support.market import AMINA, Market
from webapp.models import Delivery, Event, Evidence, InboundWebhook, Run, RunItem, RunLine, User, UserSession
from webapp.runtime import Runtime
from webapp.services.disputes import evidence

OLD, YOUNG = timedelta(days=400), timedelta(days=2)
GOES = {
    "deliveries": 1,
    "events": 1,
    "first_passwords": 1,
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
    return file


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
