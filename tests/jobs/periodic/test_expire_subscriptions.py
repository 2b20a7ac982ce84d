"""The calendar of subscriptions, through the engine: boundary instants, late runs, twice, at once, as a model says."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, event, func, select
from sqlalchemy.orm import Session

from tests.races.together import at_once
from tests.support.job_runs import run_job_now
from tests.support.market import NOW, person
from tests.support.subscriptions import (
    events_of,
    letters_of,
    records_of,
    row_of,
    set_to,
    statuses,
    subscribed,
    with_mail,
)
from webapp.domain.actors import job_actor
from webapp.domain.subscriptions import grace_of, status_at
from webapp.jobs.periodic import expire_subscriptions as job_module
from webapp.models import Subscription, Tenant
from webapp.runtime import Runtime
from webapp.services.subscriptions import expiry, messages
from webapp.services.subscriptions.subscriptions import SubscriptionChanges

JOB = "expire_subscriptions"
A_DAY, AN_INSTANT = timedelta(days=1), timedelta(microseconds=1)
GRACE = 7 * A_DAY
_OPERATOR = person(6, "Olu", "operator")


@pytest.fixture
def mailing(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> Runtime:
    return with_mail(runtime, monkeypatch)


def tenants(runtime: Runtime, **expires: timedelta) -> dict[str, int]:
    """Active subscriptions that expire so long after the instant of the run."""
    with runtime.db.transaction() as session:
        return {ref: subscribed(session, ref, NOW + after) for ref, after in expires.items()}


def test_at_the_very_instants_of_expiry_and_of_the_end_of_grace(mailing: Runtime) -> None:
    made = tenants(mailing, later=AN_INSTANT, now=timedelta(0), in_grace=AN_INSTANT - GRACE, over=-GRACE)
    run = run_job_now(mailing, JOB, at=NOW)
    assert statuses(mailing) == {"in_grace": "expired", "later": "active", "now": "expired", "over": "suspended"}
    assert (run.status, run.processed, run.succeeded) == ("succeeded", 4, 4)  # `over` changed twice.
    assert events_of(mailing, made["over"]) == ["subscription.expired", "subscription.suspended"]
    assert letters_of(mailing, made["now"]) == ["subscription.expired"]
    assert records_of(mailing, made["now"]) == [("subscription.expire", JOB)]
    assert events_of(mailing, made["later"]) == letters_of(mailing, made["later"]) == []


def test_twice_in_a_row_changes_and_tells_once(mailing: Runtime) -> None:
    made = tenants(mailing, now=timedelta(0), over=-GRACE)
    run_job_now(mailing, JOB, at=NOW)
    again = run_job_now(mailing, JOB, at=NOW)
    assert (again.status, again.processed) == ("succeeded", 0)
    assert letters_of(mailing, made["over"]) == ["subscription.expired", "subscription.suspended"]
    assert len(events_of(mailing, made["now"])) == len(records_of(mailing, made["now"])) == 1


def test_two_at_once_change_and_tell_once(pg_runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = with_mail(pg_runtime, monkeypatch)
    made = tenants(runtime, **{f"t-{number}": timedelta(0) for number in range(20)})

    def expire(session: Session) -> int:
        how: dict[str, Any] = {"by": NOW, "at": NOW, "actor": job_actor(JOB), "settings": runtime.settings}
        return expiry.expire_all(session, sorted(made.values()), **how).done

    assert sorted(at_once(runtime, [expire, expire])) == [0, 20]
    assert {tuple(events_of(runtime, key)) for key in made.values()} == {("subscription.expired",)}
    assert {len(letters_of(runtime, key)) for key in made.values()} == {1}


def test_a_run_that_comes_three_days_late_counts_the_grace_from_the_date(mailing: Runtime) -> None:
    tenants(mailing, fresh=-2 * A_DAY, nearly=-6 * A_DAY, over=-8 * A_DAY)
    run_job_now(mailing, JOB, at=NOW)
    assert statuses(mailing) == {"fresh": "expired", "nearly": "expired", "over": "suspended"}
    run_job_now(mailing, JOB, at=NOW + 3 * A_DAY)
    assert statuses(mailing) == {"fresh": "expired", "nearly": "suspended", "over": "suspended"}


def test_a_renewal_between_two_runs_is_left_alone_until_its_own_date(mailing: Runtime) -> None:
    made = tenants(mailing, shop=timedelta(0))
    run_job_now(mailing, JOB, at=NOW)
    with mailing.db.transaction() as session:
        paid = SubscriptionChanges(session, made["shop"], at=NOW, actor=_OPERATOR, settings=mailing.settings)
        paid.renew(NOW + 30 * A_DAY, "Paid.")
    run_job_now(mailing, JOB, at=NOW + 8 * A_DAY)
    assert statuses(mailing) == {"shop": "active"}
    run_job_now(mailing, JOB, at=NOW + 30 * A_DAY)
    assert statuses(mailing) == {"shop": "expired"}
    assert events_of(mailing, made["shop"])[-2:] == ["subscription.renewed", "subscription.expired"]


def test_one_that_is_renewed_while_the_run_looks_is_left_as_it_is(mailing: Runtime) -> None:
    made = tenants(mailing, renewed=timedelta(0), other=timedelta(0))
    set_to(mailing, made["renewed"], expire_date=NOW + A_DAY)
    with mailing.db.transaction() as session:
        how: dict[str, Any] = {"by": NOW, "at": NOW, "actor": job_actor(JOB), "settings": mailing.settings}
        assert expiry.expire_all(session, sorted(made.values()), **how).done == 1
    assert statuses(mailing) == {"other": "expired", "renewed": "active"}


def test_a_tenants_own_grace_counts(mailing: Runtime) -> None:
    with mailing.db.transaction() as session:
        for ref, days in (("none", 0), ("own", 30), ("usual", None)):
            subscribed(session, ref, NOW - 10 * A_DAY, grace_days=days)
    run_job_now(mailing, JOB, at=NOW)
    assert statuses(mailing) == {"none": "suspended", "own": "expired", "usual": "suspended"}


def test_the_usual_grace_is_that_of_the_settings(mailing: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailing.settings, "subscription_grace_period_days", 1)
    tenants(mailing, over=-A_DAY, in_grace=AN_INSTANT - A_DAY)
    run_job_now(mailing, JOB, at=NOW)
    assert statuses(mailing) == {"in_grace": "expired", "over": "suspended"}


def test_one_bad_tenant_among_good_ones_fails_alone(mailing: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    made = tenants(mailing, a=timedelta(0), bad=timedelta(0), c=timedelta(0))
    real = messages._message

    def broken(subscription: Subscription, tenant: Tenant, *rest: Any) -> Any:
        if tenant.ref == "bad":
            raise ValueError("This letter can't be written.")
        return real(subscription, tenant, *rest)

    monkeypatch.setattr(messages, "_message", broken)
    run = run_job_now(mailing, JOB, at=NOW)
    assert (run.status, run.succeeded, run.failed) == ("partial", 2, 1)
    assert statuses(mailing) == {"a": "expired", "bad": "active", "c": "expired"}
    assert events_of(mailing, made["bad"]) == []
    assert records_of(mailing, made["bad"]) == []


def test_a_dry_run_counts_what_a_real_one_changes_and_changes_nothing(mailing: Runtime) -> None:
    tenants(mailing, now=timedelta(0), over=-GRACE, later=A_DAY)
    dry = run_job_now(mailing, JOB, at=NOW, dry_run=True)
    assert set(statuses(mailing).values()) == {"active"}
    real = run_job_now(mailing, JOB, at=NOW)
    assert (dry.processed, dry.succeeded) == (real.processed, real.succeeded) == (3, 3)


def test_a_chunk_takes_as_many_statements_as_a_few_rows_do(
    sqlite_runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = with_mail(sqlite_runtime, monkeypatch)
    how: dict[str, Any] = {"by": NOW, "at": NOW, "actor": job_actor(JOB), "settings": runtime.settings}
    few = tenants(runtime, **{f"few-{number}": timedelta(0) for number in range(3)})
    many = tenants(runtime, **{f"many-{number}": timedelta(0) for number in range(90)})
    asked: list[str] = []

    def count(*given: Any) -> None:
        asked.append(given[2])

    def statements(made: dict[str, int]) -> int:
        asked.clear()
        with runtime.db.transaction() as session:
            event.listen(session.get_bind(), "before_cursor_execute", count)
            expiry.expire_all(session, sorted(made.values()), **how)
            event.remove(session.get_bind(), "before_cursor_execute", count)
        return len(asked)

    statements(tenants(runtime, first=timedelta(0)))
    assert statements(few) == statements(many) < 12


def test_a_run_in_small_chunks_is_the_same(mailing: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_module, "CHUNK", 2)
    tenants(mailing, **{f"t-{number}": -GRACE for number in range(7)})
    assert run_job_now(mailing, JOB, at=NOW).processed == 14
    assert set(statuses(mailing).values()) == {"suspended"}


def test_who_is_suspended_by_hand_is_left_to_people(mailing: Runtime) -> None:
    with mailing.db.transaction() as session:
        key = subscribed(session, "shop", NOW - 30 * A_DAY, "suspended", by_hand=True)
    run_job_now(mailing, JOB, at=NOW)
    assert (row_of(mailing, key).version, events_of(mailing, key)) == (1, [])


MOMENTS = st.sampled_from([timedelta(0), AN_INSTANT, -AN_INSTANT, A_DAY / 2])
ROWS = st.tuples(st.integers(-12, 3), MOMENTS, st.sampled_from([None, 0, 1, 3, 10]), st.booleans())


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=st.lists(ROWS, min_size=1, max_size=12))
def test_any_tenants_are_what_the_rule_says(
    runtime: Runtime, rows: list[tuple[int, timedelta, int | None, bool]]
) -> None:
    with runtime.db.transaction() as session:
        session.execute(delete(Subscription))
        session.execute(delete(Tenant))
        expected = {}
        for number, (days, moment, own, was_expired) in enumerate(rows):
            date = NOW + days * A_DAY + moment
            usual = "expired" if was_expired and date <= NOW else "active"
            subscribed(session, f"t-{number:02}", date, usual, grace_days=own)
            expected[f"t-{number:02}"] = str(status_at(date, grace_of(own, 7), NOW))
    _all_due(runtime, NOW)
    assert statuses(runtime) == expected


def _all_due(runtime: Runtime, at: datetime) -> None:
    """As the job does, without the rows of a run: it is run for many examples."""
    how: dict[str, Any] = {"by": at, "at": at, "actor": job_actor(JOB), "settings": runtime.settings}
    with runtime.db.transaction() as session:
        found = list(session.scalars(expiry.due_to_expire(at).select))
        assert expiry.expire_all(session, found, **how).done == len(found)
    with runtime.db.transaction() as session:
        found = list(session.scalars(expiry.due_to_suspend(at, runtime.settings).select))
        assert expiry.suspend_all(session, found, **how).done == len(found)
    with runtime.db.reading() as session:
        assert session.scalar(select(func.count()).select_from(expiry.due_to_expire(at).select.subquery())) == 0
