"""A party with a full life, all of it over: every place where the desk may keep who it is has something of it."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Text, case, cast, func, select
from sqlalchemy.orm import Session

from tests.support import money
from tests.support.market import AMINA, DIVINE, NOW, Market
from webapp.domain.disputes.resolutions import DisputeResolution
from webapp.domain.states import PaymentStatus, Resolution
from webapp.models import (
    Alert,
    Base,
    Delivery,
    Discrepancy,
    Dispute,
    Escrow,
    Idempotency,
    IgnoredWebhookEvent,
    InboundWebhook,
    Party,
    Payment,
    Run,
    RunItem,
    RunLine,
)
from webapp.runtime import Runtime
from webapp.services.data_protection import forget as erasure
from webapp.services.data_protection.forget import Forgotten
from webapp.services.disputes import disputes, evidence, handling
from webapp.services.disputes.disputes import NewDispute
from webapp.services.orders import orders
from webapp.services.orders.orders import NewOrder
from webapp.services.parties import parties
from webapp.services.parties.parties import NewParty
from webapp.services.payouts import destinations
from webapp.services.payouts.destinations import NewDestination

NAME, FORMER = "Imani Okonkwo-Zuri", "Imani Zuriborn"
EMAIL, PHONE, NUMBER = "imani.zuri@mail.example", "+250 788 123 987", "0690000031"
CLAIM, ANSWER, NOTE = "My parcel to Kiyovu 17 never came.", "I was in all day.", f"{NAME} sounds angry."
MARKS = (NAME, FORMER, "Zuri", EMAIL, PHONE, "+250788123987", NUMBER, CLAIM, ANSWER, "receipt-imani", "···0031")


@dataclass(frozen=True)
class Scene:
    """What a test asks about."""

    party: Party
    other: Party
    escrow: Escrow
    dispute: Dispute
    file: Path


def lived(session: Session, runtime: Runtime) -> Scene:
    """The party, with nothing open any more."""
    market = Market(session, runtime)
    new = NewParty("p-imani", FORMER, EMAIL, PHONE, country="NG", currencies=("NGN",))
    party = parties.create(session, new, at=NOW, actor=DIVINE)
    parties.change(session, party.id, {"name": NAME}, at=NOW, actor=DIVINE)
    other = market.party("seller")
    to = NewDestination("NGN", "nuban", "044", NUMBER, NAME)
    destinations.put(session, party.id, to, at=NOW, actor=DIVINE, settings=runtime.settings)
    order = NewOrder("o-imani", party.id, other.id, 5_000, "NGN", terms="paid", fee=0)
    made = orders.create(session, order, at=NOW, actor=DIVINE, settings=runtime.settings)
    escrow = orders.escrow_of(session, made.id)
    dispute, file = _dispute(session, runtime, escrow)
    _outside(session, made.id, dispute.id, party.id)
    market.limit(10**9)
    decided = DisputeResolution(Resolution.RELEASE_TO_SELLER, "evidence_for_buyer", f"Asked {NAME} twice.")
    version = disputes.get(session, dispute.id).version
    disputes.resolve(session, dispute.id, decided, version=version, at=NOW, actor=AMINA, settings=runtime.settings)
    return Scene(party, other, escrow, dispute, file)


def _dispute(session: Session, runtime: Runtime, escrow: Escrow) -> tuple[Dispute, Path]:
    settings, folder = runtime.settings, runtime.evidence_folder
    claim = NewDispute(escrow.id, "buyer", "not_delivered", CLAIM)
    dispute = disputes.open_dispute(session, claim, at=NOW, actor=AMINA, settings=settings)
    for audience, body, inbound in (
        ("buyer", ANSWER, True),
        ("internal", NOTE, False),
        ("seller", f"Did {NAME.upper()} sign?", False),
    ):
        handling.say(session, dispute.id, audience, body, at=NOW, actor=AMINA, inbound=inbound)
    file = evidence.attach_file(
        session,
        dispute.id,
        side="buyer",
        name="receipt-imani.txt",
        data=b"Paid in full.",
        folder=folder,
        at=NOW,
        actor=AMINA,
        settings=settings,
    )
    evidence.submit(session, file.id, at=NOW, actor=AMINA)
    evidence.attach_text(session, dispute.id, side="seller", body=f"{NAME} got it.", at=NOW, actor=AMINA)
    return dispute, folder / str(file.stored_as)


def _outside(session: Session, order_id: int, dispute_id: int, party_id: int) -> None:
    """What providers told, what was sent, and what runs and alerts say."""
    common: dict[str, Any] = {"created_at": NOW, "settled_at": NOW, "version": 1, "checks": 1}
    payment = Payment(
        order_id=order_id,
        provider="paystack",
        reference="pay-imani",
        status=PaymentStatus.SUCCEEDED,
        amount=5_000,
        currency="NGN",
        checkout_url=f"https://pay.example/{EMAIL}",
        status_detail=f"Paid by {EMAIL}.",
        **common,
    )
    run = Run(
        job="auto_release", at=NOW, trigger="manual", by="user:4", by_name="D", status="succeeded", created_at=NOW
    )
    session.add_all([payment, run])
    session.flush()
    body = f'{{"customer": {{"email": "{EMAIL}", "name": "{NAME}"}}}}'
    session.add_all(
        [
            InboundWebhook(
                provider="paystack",
                key="k-1",
                event="charge.success",
                reference="pay-imani",
                body=body,
                status="handled",
                received_at=NOW,
                handled_at=NOW,
            ),
            IgnoredWebhookEvent(
                provider="paystack", event="customer.new", count=1, body=body, first_at=NOW, last_at=NOW
            ),
            Idempotency(actor="token:1", key="k", request_hash="h", status=201, answer=f'{{"name":"{NAME}"}}', at=NOW),
            Delivery(
                key="d-1",
                channel="email",
                lane="email-x",
                kind="dispute.opened",
                subject_kind="dispute",
                subject_id=dispute_id,
                recipient=EMAIL,
                title=f"{NAME}, a dispute",
                body=CLAIM,
                status="delivered",
                next_try_at=NOW,
                created_at=NOW,
                delivered_at=NOW,
            ),
            Delivery(
                key="d-2",
                channel="sms",
                lane="sms-x",
                kind="dispute.opened",
                subject_kind="party",
                subject_id=party_id,
                recipient="+250788123987",
                title="",
                body=f"Dear {FORMER}",
                status="waiting",
                next_try_at=NOW + timedelta(days=1),
                created_at=NOW,
            ),
            RunItem(run_id=run.id, subject_kind="party", subject_id=party_id, outcome="failed", message=f"{NAME}: no."),
            RunLine(run_id=run.id, at=NOW, level="info", event="item", fields={"message": f"{NAME} has no wallet."}),
            Alert(
                rule="run_failed",
                subject="run:1",
                severity="warning",
                status="resolved",
                sentence=f"{NAME} waits.",
                fired_at=NOW,
                seen_at=NOW,
                resolved_at=NOW,
                causes=[],
                times=1,
            ),
            Discrepancy(
                source="paystack",
                kind="different",
                reference="pay-imani",
                detail=f"{EMAIL} paid.",
                first_seen_at=NOW,
                last_seen_at=NOW,
                resolved_at=NOW,
            ),
        ]
    )
    session.flush()


def forgotten(session: Session, runtime: Runtime, party_id: int, **more: Any) -> Forgotten:
    """Forget the party, as an administrator."""
    given: dict[str, Any] = {"confirmation": "p-imani", "actor": DIVINE} | more
    keys, folder = runtime.settings.audit_keys, runtime.evidence_folder
    return erasure.forget(session, party_id, "Asked by letter.", keys=keys, folder=folder, at=NOW, **given)


def places_with(session: Session, mark: str) -> list[str]:
    """Every column of every table in which this stands, whatever its case."""
    found = []
    for table in Base.metadata.sorted_tables:
        texts = [func.lower(cast(column, Text)) for column in table.columns]
        stands = [func.max(case((text.contains(mark.lower(), autoescape=True), 1), else_=0)) for text in texts]
        times = session.execute(select(*stands)).one()
        found += [f"{table.name}.{column.name}" for column, stood in zip(table.columns, times, strict=True) if stood]
    return found


def owes(session: Session, party_id: int) -> None:
    """A debt of the party."""
    money.owe(session, party_id, 100, "NGN", reference="debt-imani", at=NOW, actor=DIVINE)
