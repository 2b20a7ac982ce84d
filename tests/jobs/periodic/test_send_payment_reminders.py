"""Reminders of subscriptions, through the engine: once for each tenant, kind and end, whatever is run again."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from tests.races.together import at_once
from tests.support.job_runs import run_job_now
from tests.support.market import NOW, person
from tests.support.outbox import deliveries
from tests.support.subscriptions import letters_of, set_to, subscribed, with_mail
from webapp.domain.actors import job_actor
from webapp.domain.subscriptions import ReminderKind
from webapp.models import Delivery, Tenant
from webapp.runtime import Runtime
from webapp.services.scheduling import runs
from webapp.services.subscriptions import reminders
from webapp.services.subscriptions.subscriptions import SubscriptionChanges

JOB = "send_payment_reminders"
A_DAY, AN_INSTANT = timedelta(days=1), timedelta(microseconds=1)
SOON = 7 * A_DAY
RENEWAL, PAYMENT = ["subscription.renewal_due"], ["subscription.payment_due"]
_OPERATOR = person(6, "Olu", "operator")


@pytest.fixture
def mailing(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> Runtime:
    return with_mail(runtime, monkeypatch)


def having(runtime: Runtime, ref: str, after: timedelta, status: str = "active", **more: Any) -> int:
    """A subscription that expires so long after the instant of the run."""
    with runtime.db.transaction() as session:
        return subscribed(session, ref, NOW + after, status, **more)


@pytest.mark.parametrize(
    ("after", "status", "letters"),
    [
        (SOON + AN_INSTANT, "active", []),
        (SOON, "active", RENEWAL),
        (AN_INSTANT, "active", RENEWAL),
        (timedelta(0), "active", PAYMENT),
        (-A_DAY, "expired", PAYMENT),
        (-30 * A_DAY, "suspended", PAYMENT),
        (A_DAY, "suspended", []),
    ],
)
def test_who_is_reminded_of_what(mailing: Runtime, after: timedelta, status: str, letters: list[str]) -> None:
    key = having(mailing, "shop", after, status)
    run = run_job_now(mailing, JOB, at=NOW)
    assert letters_of(mailing, key) == letters
    assert (run.status, run.succeeded) == ("succeeded", len(letters))


def test_once_whatever_is_run_again(mailing: Runtime) -> None:
    key = having(mailing, "shop", A_DAY)
    for at in (NOW, NOW, NOW + A_DAY / 2, NOW + 2 * A_DAY, NOW + 3 * A_DAY):
        run_job_now(mailing, JOB, at=at)
    assert letters_of(mailing, key) == RENEWAL + PAYMENT


def test_once_also_when_the_letter_was_cleaned_up_since(mailing: Runtime) -> None:
    key = having(mailing, "shop", A_DAY)
    run_job_now(mailing, JOB, at=NOW)
    with mailing.db.transaction() as session:
        session.execute(delete(Delivery))
    run_job_now(mailing, JOB, at=NOW + A_DAY / 2)
    assert letters_of(mailing, key) == []


def test_two_at_once_remind_once(pg_runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = with_mail(pg_runtime, monkeypatch)
    keys = [having(runtime, f"t-{number}", A_DAY) for number in range(9)]

    def remind(session: Session) -> int:
        how: dict[str, Any] = {"by": NOW, "at": NOW, "actor": job_actor(JOB), "settings": runtime.settings}
        return reminders.remind_all(session, keys, kind=ReminderKind.RENEWAL, **how).done

    assert sum(at_once(runtime, [remind, remind])) == 9
    assert [letters_of(runtime, key) for key in keys] == [RENEWAL] * 9


def test_another_end_is_another_reminder(mailing: Runtime) -> None:
    key = having(mailing, "shop", A_DAY)
    run_job_now(mailing, JOB, at=NOW)
    with mailing.db.transaction() as session:
        change = SubscriptionChanges(session, key, at=NOW, actor=_OPERATOR, settings=mailing.settings)
        change.extend(NOW + 5 * A_DAY, "It was agreed.")
    run_job_now(mailing, JOB, at=NOW)
    with mailing.db.transaction() as session:
        SubscriptionChanges(session, key, at=NOW, actor=_OPERATOR, settings=mailing.settings).revert("It was not.")
    run_job_now(mailing, JOB, at=NOW)  # Of the first end the tenant knows already.
    assert letters_of(mailing, key).count(RENEWAL[0]) == 2


def test_a_tenant_without_an_address_fails_by_name_and_the_others_go_on(mailing: Runtime) -> None:
    keys = {ref: having(mailing, ref, A_DAY) for ref in ("a", "c")}
    mute = having(mailing, "mute", A_DAY, email=None)
    run = run_job_now(mailing, JOB, at=NOW)
    assert (run.status, run.processed, run.succeeded, run.failed) == ("partial", 3, 2, 1)
    with mailing.db.reading() as session:
        [item] = runs.items(session, run.id)
    assert (item.subject_id, item.message) == (mute, "Tenant mute has no email address, so it can't be reminded.")
    assert all(letters_of(mailing, key) == RENEWAL for key in keys.values())


def test_one_that_got_its_address_is_reminded_by_the_retry(mailing: Runtime) -> None:
    mute = having(mailing, "mute", A_DAY, email=None)
    first = run_job_now(mailing, JOB, at=NOW)
    assert first.status == "failed"
    with mailing.db.transaction() as session:
        session.execute(update(Tenant).values(email="mute@shops.example"))
    run_job_now(mailing, JOB, at=NOW)
    assert letters_of(mailing, mute) == RENEWAL


@pytest.mark.parametrize(
    "values", [{"payment_pending_since": NOW}, {"suspended_by_hand": True}], ids=["payment", "by hand"]
)
def test_who_has_paid_or_was_suspended_by_a_person_is_not_told_to_pay(mailing: Runtime, values: dict[str, Any]) -> None:
    key = having(mailing, "shop", -A_DAY, "suspended")
    set_to(mailing, key, **values)
    run_job_now(mailing, JOB, at=NOW)
    assert letters_of(mailing, key) == []
    set_to(mailing, key, payment_pending_since=None, suspended_by_hand=False)
    run_job_now(mailing, JOB, at=NOW)
    assert letters_of(mailing, key) == PAYMENT


def test_a_dry_run_says_how_many_and_who_can_not_be_reached(mailing: Runtime) -> None:
    having(mailing, "shop", A_DAY)
    having(mailing, "late", -A_DAY)
    having(mailing, "mute", A_DAY, email=None)
    dry = run_job_now(mailing, JOB, at=NOW, dry_run=True)
    assert (dry.succeeded, dry.failed, len(deliveries(mailing))) == (2, 1, 0)
    real = run_job_now(mailing, JOB, at=NOW)
    assert (real.succeeded, real.failed, len(deliveries(mailing))) == (2, 1, 2)


def test_without_mail_it_is_skipped_with_the_reason(runtime: Runtime) -> None:
    having(runtime, "shop", A_DAY)
    run = run_job_now(runtime, JOB, at=NOW)
    assert (run.status, run.error) == ("skipped", "No SMTP_URL is set, so that no tenant can be reminded.")


def test_the_letter_says_until_when(mailing: Runtime) -> None:
    having(mailing, "late", -A_DAY, "expired", grace_days=10)
    run_job_now(mailing, JOB, at=NOW)
    [letter] = deliveries(mailing)
    assert letter.title == "Your subscription is overdue"
    assert "expired on 01 March 2026, 09:30 UTC" in letter.body
    assert "refused from 11 March 2026, 09:30 UTC on" in letter.body
