"""One event, one shape: what is defined is what is told, documented and described, and nothing else can be written."""

import ast
import inspect
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, get_args

import pytest
import sqlalchemy
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.support.market import NOW, Market
from tests.support.outbox import payout_of
from tests.support.paths import ROOT
from webapp.commands.events import catalogue
from webapp.domain.outbox import event_types
from webapp.domain.outbox.event_types import (
    EVENTS,
    DisputeMessage,
    EscrowFacts,
    EscrowFrozen,
    EscrowHeld,
    EscrowReleased,
    Facts,
    is_optional,
)
from webapp.domain.outbox.event_types import Event as Told
from webapp.models import (
    Account,
    Alert,
    Approval,
    Escrow,
    Event,
    Payment,
    PayoutSchedule,
    Refund,
    Subscription,
    Tenant,
    Transfer,
)
from webapp.models.base import Instant
from webapp.runtime import Runtime
from webapp.services.common import event_facts, events

CODE = [file for file in sorted((ROOT / "webapp").rglob("*.py")) if file.name != "event_types.py"]
ALL = list(EVENTS.values())


@pytest.fixture(params=["with", "without"])
def filled(request: pytest.FixtureRequest) -> bool:
    """Whether what may be empty is filled."""
    return bool(request.param == "with")


def test_every_event_is_written_as_it_is_defined(runtime: Runtime, filled: bool) -> None:
    with runtime.db.transaction() as session:
        subjects = one_of_each(session, runtime)
        for event in ALL:
            events.add(session, event(**sample(event, filled)), subjects[event.facts], at=NOW)
            written = session.scalars(select(Event).order_by(Event.id.desc()).limit(1)).one()
            said = json.loads(written.payload)
            event.shape().model_validate(said)
            assert (written.type, written.subject_kind) == (event.type, event.facts.about)
            assert {name: said[name] for name in event.model_fields} == sample(event, filled)


def test_many_with_facts_of_their_own_are_written_as_one_is(runtime: Runtime, filled: bool) -> None:
    with runtime.db.transaction() as session:
        subjects = one_of_each(session, runtime)
        for event in ALL:
            happened, subject = event(**sample(event, filled)), subjects[event.facts]
            events.add(session, happened, subject, at=NOW)
            events.add_each(session, [(happened, subject)] * 2, at=NOW)
            written = session.scalars(select(Event).order_by(Event.id.desc()).limit(3)).all()
            assert len({(one.type, one.subject_kind, one.subject_id, one.payload, one.at) for one in written}) == 1


def test_many_are_written_by_one_statement_or_not_at_all(runtime: Runtime) -> None:
    with runtime.db.transaction() as session:
        market = Market(session, runtime)
        ids = [market.escrow().id for _ in range(5)]
        frozen = [(EscrowFrozen(cause=f"cause {number}"), escrow) for number, escrow in enumerate(ids)]
        asked: list[str] = []
        sqlalchemy.event.listen(session.get_bind(), "before_cursor_execute", lambda *given: asked.append(given[2]))
        events.add_each(session, frozen, at=NOW)
        events.add_each(session, [], at=NOW)
        assert len(asked) == 1
        rows = session.scalars(select(Event).where(Event.type == EscrowFrozen.type)).all()
        assert sorted((row.subject_id, json.loads(row.payload)["cause"]) for row in rows) == [
            (escrow, f"cause {number}") for number, escrow in enumerate(ids)
        ]
        with pytest.raises(LookupError, match="told of 2 things, and 1 are there"):
            events.add_each(session, [frozen[0], (frozen[0][0], 10**9)], at=NOW)


def sample(event: type[Told], filled: bool) -> dict[str, Any]:
    values = {str: 'Zoë said "no"', int: 7, bool: True}
    return {
        name: next(values[kind] for kind in (get_args(field.annotation) or (field.annotation,)) if kind in values)
        if filled or not is_optional(field)
        else None
        for name, field in event.model_fields.items()
    }


class Subjects(dict[type[Facts], int]):
    def __missing__(self, facts: type[Facts]) -> int:
        return self[facts.__mro__[1]]


def one_of_each(session: Session, runtime: Runtime) -> Subjects:
    """A row of each kind that events are about."""
    market = Market(session, runtime)
    dispute = market.dispute()
    escrow = session.get_one(Escrow, dispute.escrow_id)
    escrow.close_reason = "decision"
    money = {"amount": 700, "currency": "NGN"}
    payment = Payment(order_id=escrow.order_id, provider="paystack", status="failed", created_at=NOW, **money)
    session.add(payment)
    session.flush()
    made = {"created_at": NOW, **money}
    refund = Refund(payment_id=payment.id, party_id=escrow.buyer_id, provider="paystack", status="failed", **made)
    planned = {"status": "pending", "due_at": datetime(2026, 3, 9, 8, 5, 0, 250_000, UTC), "created_by": "Divine"}
    schedule = PayoutSchedule(ref="plan-1", party_id=escrow.seller_id, **planned, **made)
    proposed = {"proposed_by": "user:1", "proposed_by_name": "Amina", "proposed_at": NOW, "expires_at": NOW}
    subject = {"subject_kind": "transfer", "subject_id": 1, "subject_version": 1, "payload": {}}
    approval = Approval(action="transfer.reverse", status="proposed", reason="x", **subject, **proposed, **money)
    told = {"sentence": "Late.", "fired_at": NOW, "seen_at": NOW}
    alert = Alert(rule="job_late", subject="auto_release", severity="page", status="firing", **told)
    tenant = Tenant(ref="shop-1", name="Shop", created_at=NOW, updated_at=NOW, stored_at=NOW)
    session.add_all([refund, schedule, approval, alert, tenant])
    session.flush()
    dates = {"expire_date": NOW, "created_at": NOW, "changed_at": NOW}
    subscription = Subscription(tenant_id=tenant.id, status="active", **dates)
    session.add(subscription)
    session.flush()
    return Subjects(
        {
            event_types.OrderFacts: escrow.order_id,
            event_types.EscrowFacts: escrow.id,
            event_types.PaymentFacts: payment.id,
            event_types.RefundFacts: refund.id,
            event_types.DisputeFacts: dispute.id,
            event_types.PayoutFacts: payout_of(session, escrow.seller_id, NOW).id,
            event_types.PayoutScheduleFacts: schedule.id,
            event_types.PartyFacts: escrow.buyer_id,
            event_types.WalletFacts: session.scalars(select(Account.id).where(Account.kind == "wallet").limit(1)).one(),
            event_types.TransferFacts: session.scalars(select(Transfer.id).limit(1)).one(),
            event_types.ApprovalFacts: approval.id,
            event_types.AlertFacts: alert.id,
            event_types.SubscriptionFacts: subscription.id,
        }
    )


def test_instants_are_told_in_utc(runtime: Runtime) -> None:
    with runtime.db.transaction() as session:
        schedule = one_of_each(session, runtime)[event_types.PayoutScheduleFacts]
        events.add(session, event_types.PayoutScheduleCreated(), schedule, at=NOW)
        written = session.scalars(select(Event.payload).order_by(Event.id.desc()).limit(1)).one()
    assert json.loads(written)["due_at"] == "2026-03-09T08:05:00.250Z"


def test_what_is_not_there_is_not_told(runtime: Runtime) -> None:
    with runtime.db.transaction() as session, pytest.raises(LookupError, match=r"escrow\.held is about 2 things"):
        known = Market(session, runtime).escrow().id
        events.add_all(session, EscrowHeld(), [known, 999_999], at=NOW)


def test_what_lacks_what_must_be_told_is_not_told(runtime: Runtime) -> None:
    with runtime.db.transaction() as session, pytest.raises(LookupError, match=r"escrow\.released"):
        events.add(session, EscrowReleased(), Market(session, runtime).escrow().id, at=NOW)


@pytest.mark.parametrize(
    ("event", "fields"),
    [
        (EscrowFrozen, {}),
        (EscrowFrozen, {"cause": None}),
        (EscrowFrozen, {"cause": "person", "amount": 3}),
        (EscrowHeld, {"cause": "person"}),
        (DisputeMessage, {"message": "7", "audience": "buyer", "inbound": False}),
    ],
)
def test_an_event_with_other_fields_cannot_be_made(event: type[Told], fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        event(**fields)


def test_an_event_has_one_definition() -> None:
    with pytest.raises(TypeError, match="defined twice"):
        type("Again", (Told,), {"__module__": __name__}, type="escrow.held", of=EscrowFacts)
    with pytest.raises(TypeError, match="amount"):
        shadow = {"__module__": __name__, "__annotations__": {"amount": int}}
        type("Shadow", (Told,), shadow, type="escrow.shadowed", of=EscrowFacts)
    assert EVENTS["escrow.held"] is EscrowHeld
    assert "escrow.shadowed" not in EVENTS


ALL_FACTS = sorted({event.facts for event in ALL}, key=lambda facts: facts.__name__)
"""In one order, so that every process of a test run collects the same tests."""


@pytest.mark.parametrize("facts", ALL_FACTS, ids=lambda facts: facts.__name__)
def test_facts_have_the_types_of_their_columns(facts: type[Facts]) -> None:
    columns = event_facts.source_of(facts).columns
    for name, field in facts.model_fields.items():
        kinds = set(get_args(field.annotation) or (field.annotation,)) - {type(None)}
        stored = columns[name].type
        assert kinds == {str if isinstance(stored, Instant) else stored.python_type}, name


def test_a_fact_that_no_row_tells_is_an_error(session: Session) -> None:
    class Wider(EscrowFacts):
        weight: int

    with pytest.raises(LookupError, match="weight"):
        event_facts.columns_of(True, Wider)


def test_every_event_is_told_somewhere_and_only_by_the_service() -> None:
    named = {name for file in CODE for name in names_in(ast.parse(file.read_text()))}
    assert {event.__name__ for event in ALL} - named == set()
    classes = {cls.__name__ for _, cls in inspect.getmembers(event_types, inspect.isclass) if issubclass(cls, Told)}
    assert classes - {"Event"} == {event.__name__ for event in ALL}
    writes = [
        file.name
        for file in CODE
        if any(
            word in file.read_text()
            for word in ("insert(Event)", "insert(Event.__table__)", "insert_rows(session, Event")
        )
    ]
    assert writes == ["events.py"]


def names_in(tree: ast.AST) -> Iterator[str]:
    """What code uses, imports apart."""
    return (node.id for node in ast.walk(tree) if isinstance(node, ast.Name))


def test_every_event_is_documented() -> None:
    assert catalogue().strip() in (ROOT / "docs" / "webhooks.md").read_text()
    assert all(event.__doc__ and event.__doc__.endswith(".") for event in ALL)
    fields = [field for event in ALL for field in event.shape().model_fields.values()]
    assert all(field.description for field in fields)
