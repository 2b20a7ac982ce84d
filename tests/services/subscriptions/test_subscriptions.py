"""Changes that people and the marketplace make: each on record, told once to the tenant and once to others."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.races.together import at_once
from tests.support.arguments import ByActorUnderSettings
from tests.support.market import AMINA, CHIKA, DIVINE, NOW, VIEWER, person
from tests.support.outbox import deliveries
from tests.support.subscriptions import (
    events_of,
    letters_of,
    records_of,
    row_of,
    shop,
    subscribed,
    with_mail,
)
from webapp.errors import Conflict, Invalid, NotAllowed, NotFound, Overtaken
from webapp.models import Audit, Subscription
from webapp.runtime import Runtime
from webapp.services.subscriptions import subscriptions
from webapp.services.subscriptions.subscriptions import SubscriptionChanges

OLU = person(6, "Olu", "operator")
LATER = NOW + timedelta(days=60)
WHY = "It was agreed."


@pytest.fixture
def mailing(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> Runtime:
    return with_mail(runtime, monkeypatch)


def having(runtime: Runtime, days: int = 30, status: str = "active", **more: Any) -> int:
    with runtime.db.transaction() as session:
        return subscribed(session, "shop-1", NOW + timedelta(days=days), status, **more)


def change(
    runtime: Runtime, key: int, make: Callable[[SubscriptionChanges], object], actor: Any = OLU, **how: Any
) -> Subscription:
    with runtime.db.transaction() as session:
        make(SubscriptionChanges(session, key, at=NOW, actor=actor, settings=runtime.settings, **how))
    return row_of(runtime, key)


CHANGES: list[tuple[str, dict[str, Any], Callable[[SubscriptionChanges], object]]] = [
    ("renew", {}, lambda one: one.renew(LATER, WHY)),
    ("extend", {}, lambda one: one.extend(LATER, WHY)),
    ("suspend", {}, lambda one: one.suspend(WHY)),
    ("resume", {"status": "suspended"}, lambda one: one.resume(WHY)),
]


@pytest.mark.parametrize(("name", "was", "make"), CHANGES, ids=[name for name, _, _ in CHANGES])
def test_a_change_is_on_record_and_told_once_to_the_tenant_and_once_to_others(
    mailing: Runtime, name: str, was: dict[str, Any], make: Callable[[SubscriptionChanges], object]
) -> None:
    key = having(mailing, **was)
    after = change(mailing, key, make)
    told = {"renew": "renewed", "extend": "extended", "suspend": "suspended", "resume": "resumed"}[name]
    letter = "suspended_by_hand" if name == "suspend" else told
    assert (after.version, after.changed_at) == (2, NOW)
    assert events_of(mailing, key) == [f"subscription.{told}"]
    assert letters_of(mailing, key) == [f"subscription.{letter}"]
    assert records_of(mailing, key) == [(f"subscription.{name}", "Olu")]
    with mailing.db.reading() as session:
        record = session.scalars(select(Audit).where(Audit.subject_kind == "subscription")).one()
        assert record.reason == WHY


def test_a_new_subscription_is_active_and_told(mailing: Runtime) -> None:
    with mailing.db.transaction() as session:
        shop(session, "shop-1")
        how: ByActorUnderSettings = {"at": NOW, "actor": OLU, "settings": mailing.settings}
        key = subscriptions.create(session, "shop-1", LATER, **how).id
    assert (row_of(mailing, key).status, row_of(mailing, key).expire_date) == ("active", LATER)
    assert events_of(mailing, key) == ["subscription.created"]
    assert letters_of(mailing, key) == ["subscription.created"]
    with pytest.raises(Conflict), mailing.db.transaction() as session:
        subscriptions.create(session, "shop-1", LATER, **how)
    with pytest.raises(NotFound), mailing.db.transaction() as session:
        subscriptions.create(session, "shop-2", LATER, **how)


def test_each_change_is_taken_back_by_another(mailing: Runtime) -> None:
    key = having(mailing, days=-1, status="expired")
    before = row_of(mailing, key).expire_date
    assert change(mailing, key, lambda one: one.renew(LATER, WHY)).status == "active"
    assert change(mailing, key, lambda one: one.revert("The payment was another tenant's.")).expire_date == before
    assert row_of(mailing, key).status == "expired"
    assert change(mailing, key, lambda one: one.suspend(WHY)).status == "suspended"
    assert change(mailing, key, lambda one: one.resume(WHY)).status == "expired"
    assert events_of(mailing, key)[1] == "subscription.reverted"
    assert len(letters_of(mailing, key)) == len(events_of(mailing, key)) == len(records_of(mailing, key)) == 4


def test_a_payment_is_pending_again_when_the_renewal_is_taken_back(runtime: Runtime) -> None:
    key = having(runtime, days=-9, status="suspended")
    change(runtime, key, lambda one: one.note_payment(NOW - timedelta(days=1)))
    assert change(runtime, key, lambda one: one.renew(LATER, WHY)).payment_pending_since is None
    after = change(runtime, key, lambda one: one.revert(WHY))
    assert (after.status, after.payment_pending_since) == ("suspended", NOW - timedelta(days=1))


def test_a_letter_says_until_when_and_what_is_refused_all_the_same(mailing: Runtime) -> None:
    key = having(mailing, by_hand=True, status="suspended", grace_days=3)
    change(mailing, key, lambda one: one.renew(LATER, WHY))
    [letter] = deliveries(mailing)
    assert letter.recipient == "shop-1@shops.example"
    assert letter.title == "Your subscription was renewed until 01 May 2026, 09:30 UTC"
    assert "Hello Shop-1," in letter.body
    assert "New orders are refused all the same: it is suspended." in letter.body


def test_a_tenant_without_an_address_is_told_nothing_and_changed_all_the_same(mailing: Runtime) -> None:
    key = having(mailing, email=None)
    assert change(mailing, key, lambda one: one.suspend(WHY)).status == "suspended"
    assert (letters_of(mailing, key), events_of(mailing, key)) == ([], ["subscription.suspended"])


def test_without_mail_nothing_is_written_to_anybody(runtime: Runtime) -> None:
    key = having(runtime)
    change(runtime, key, lambda one: one.suspend(WHY))
    assert letters_of(runtime, key) == []


def test_a_change_that_fails_tells_nothing(mailing: Runtime) -> None:
    key = having(mailing)
    with pytest.raises(RuntimeError), mailing.db.transaction() as session:
        SubscriptionChanges(session, key, at=NOW, actor=OLU, settings=mailing.settings).suspend(WHY)
        raise RuntimeError("The power is cut.")
    assert row_of(mailing, key).status == "active"
    assert (letters_of(mailing, key), events_of(mailing, key), records_of(mailing, key)) == ([], [], [])


@pytest.mark.parametrize("actor", [VIEWER, AMINA, CHIKA], ids=lambda actor: actor.name)
@pytest.mark.parametrize(("name", "was", "make"), CHANGES, ids=[name for name, _, _ in CHANGES])
def test_only_operators_and_administrators_may(
    sqlite_runtime: Runtime, name: str, was: dict[str, Any], make: Callable[[SubscriptionChanges], object], actor: Any
) -> None:
    key = having(sqlite_runtime, **was)
    with pytest.raises(NotAllowed):
        change(sqlite_runtime, key, make, actor)
    assert change(sqlite_runtime, key, make, DIVINE).version == 2


@pytest.mark.parametrize(("name", "was", "make"), CHANGES, ids=[name for name, _, _ in CHANGES])
def test_a_form_that_is_stale_changes_nothing(
    sqlite_runtime: Runtime, name: str, was: dict[str, Any], make: Callable[[SubscriptionChanges], object]
) -> None:
    key = having(sqlite_runtime, **was)
    with pytest.raises(Overtaken):
        change(sqlite_runtime, key, make, version=0)
    assert row_of(sqlite_runtime, key).version == 1


def test_a_change_needs_its_reason_and_a_subscription(sqlite_runtime: Runtime) -> None:
    key = having(sqlite_runtime)
    with pytest.raises(Invalid):
        change(sqlite_runtime, key, lambda one: one.suspend("  "))
    with pytest.raises(NotFound), sqlite_runtime.db.transaction() as session:
        SubscriptionChanges(session, 999, at=NOW, actor=OLU, settings=sqlite_runtime.settings).suspend(WHY)


def test_of_two_people_who_suspend_at_once_one_is_told_that_the_other_was_first(pg_runtime: Runtime) -> None:
    key = having(pg_runtime)

    def suspend(session: Session) -> str:
        return SubscriptionChanges(session, key, at=NOW, actor=OLU, settings=pg_runtime.settings).suspend(WHY).status

    outcomes = at_once(pg_runtime, [suspend, suspend])
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Overtaken", "SubscriptionStatus"]
    assert events_of(pg_runtime, key) == ["subscription.suspended"]


def test_a_payment_that_is_on_its_way_is_noted_on_record_and_told_to_nobody(mailing: Runtime) -> None:
    key = having(mailing)
    for _ in range(2):
        assert change(mailing, key, lambda one: one.note_payment(NOW)).payment_pending_since == NOW
    assert records_of(mailing, key) == [("subscription.payment", "Olu")]
    assert (letters_of(mailing, key), events_of(mailing, key)) == ([], [])
    assert change(mailing, key, lambda one: one.renew(LATER, WHY)).payment_pending_since is None
