"""What Prometheus reads: the same families whether a job ever ran or not."""

import re
import subprocess
from datetime import timedelta
from threading import Thread

import pytest
from sqlalchemy import text

from real.packages import PROMTOOL
from tests.api.conftest import Api
from tests.conftest import settings_for
from tests.faults.desk import until
from tests.support.job_runs import run_job_now
from tests.support.market import Market
from tests.support.outbox import change, endpoint, happen, spread
from tests.support.subscriptions import subscribed
from webapp import clock, jobs
from webapp.jobs import Job
from webapp.jobs.engine.recovery import take_over_abandoned
from webapp.jobs.processes.heartbeat import Heartbeat
from webapp.models import Discrepancy, InboundWebhook, ProviderState, Run
from webapp.runtime import Runtime
from webapp.services.monitoring import lock_waits
from webapp.services.monitoring.integration_metrics import outside
from webapp.services.scheduling import processes

MONEY_JOBS = {
    "auto_deduct",
    "auto_release",
    "check_pending_payments",
    "process_payout_schedules",
    "release_completed_orders",
    "release_pending_earnings",
    "release_placement_holds",
}


def figures(api: Api) -> dict[str, float]:
    """Every sample by its name and labels."""
    lines = [line for line in api.get("/metrics").text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_every_job_has_its_figures_before_it_ever_ran(api: Api) -> None:
    found = figures(api)
    for job in jobs.registry():
        of_job = f'{{job="{job}"}}'
        assert found[f"desk_job_last_run_duration_seconds{of_job}"] == found[f"desk_job_chunks_total{of_job}"] == 0
        assert found[f"desk_job_lease_takeovers_total{of_job}"] == 0
        items = [f'desk_job_last_run_items{{job="{job}",outcome="{outcome}"}}' for outcome in ("succeeded", "failed")]
        assert [found[name] for name in items] == [0, 0]
        assert f"desk_job_last_good_timestamp_seconds{of_job}" not in found


def test_the_two_first_jobs_keep_the_names_they_were_watched_by(api: Api) -> None:
    found = figures(api)
    kept = {
        "escrow_auto_release_count",
        "escrow_auto_release_duration_ms",
        "escrow_auto_release_failures",
        "escrow_auto_deduct_retailers_processed",
        "escrow_auto_deduct_duration_ms",
        "escrow_auto_deduct_failures",
    }
    assert {name for name in found if name.startswith("escrow_")} == kept
    assert [found[name] for name in kept] == [0] * 6


@pytest.mark.skipif(PROMTOOL.path is None, reason="there is no promtool here")
def test_promtool_complains_of_the_names_that_are_kept_and_of_nothing_else(api: Api, place: Runtime) -> None:
    with place.db.transaction() as session:
        Market(session, place, at=clock.now() - timedelta(days=30)).escrow(25_000)
    run_job_now(place, "auto_release")
    text = api.get("/metrics").text
    done = subprocess.run([str(PROMTOOL.path), "check", "metrics"], input=text, capture_output=True, text=True)
    complaints = (done.stdout + done.stderr).splitlines()
    assert [line for line in complaints if not line.startswith("escrow_auto_")] == []


def test_subscriptions_are_told_by_status_also_when_there_are_none(api: Api, place: Runtime) -> None:
    with place.db.transaction() as session:
        for number, status in enumerate(["active", "active", "expired"]):
            subscribed(session, f"shop-{number}", clock.now(), status)
    found = figures(api)
    told = {status: found[f'desk_subscriptions{{status="{status}"}}'] for status in ("active", "expired", "suspended")}
    assert told == {"active": 2, "expired": 1, "suspended": 0}


def test_money_jobs_tell_what_they_moved_in_every_currency_that_was_ever_held(api: Api, place: Runtime) -> None:
    with place.db.transaction() as session:
        Market(session, place, at=clock.now() - timedelta(days=30)).escrow(25_000)
    assert figures(api)['escrow_auto_release_total_amount{currency="NGN"}'] == 0
    run_job_now(place, "auto_release")
    found = figures(api)
    assert found['escrow_auto_release_total_amount{currency="NGN"}'] == 25_000
    assert (found["escrow_auto_release_count"], found["escrow_auto_release_failures"]) == (1, 0)
    assert 'desk_job_last_good_timestamp_seconds{job="auto_release"}' in found
    moved = re.compile(r'desk_job_last_run_moved\{currency="NGN",job="(\w+)"\}')
    assert {match[1] for match in map(moved.match, found) if match} == MONEY_JOBS
    assert found['desk_job_last_run_moved{currency="NGN",job="auto_release"}'] == 25_000
    assert found['desk_job_last_run_items{job="auto_release",outcome="succeeded"}'] == 1
    assert found['desk_job_chunks_total{job="auto_release"}'] >= 1


def test_a_failed_run_shows_and_totals_go_on(api: Api, place: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    """The figures of the last good run would hide every failure behind it."""
    with place.db.transaction() as session:
        Market(session, place, at=clock.now() - timedelta(days=30)).escrow(25_000)
    run_job_now(place, "auto_release")
    chunks = figures(api)['desk_job_chunks_total{job="auto_release"}']
    run_job_now(place, "auto_release", dry_run=True)

    def broken(*_: object, **__: object) -> None:
        raise ValueError("a bug")

    spec = jobs.registry()["auto_release"]
    monkeypatch.setattr(jobs, "find", lambda name: Job(spec, broken))
    assert run_job_now(place, "auto_release").status == "failed"
    found = figures(api)

    assert found['desk_job_last_run{job="auto_release",status="failed"}'] == 1
    assert 'desk_job_last_run{job="auto_release",status="succeeded"}' not in found
    assert found["escrow_auto_release_count"] == found['escrow_auto_release_total_amount{currency="NGN"}'] == 0
    ended = 'desk_job_last_finished_timestamp_seconds{job="auto_release"}'
    assert found[ended] > found['desk_job_last_good_timestamp_seconds{job="auto_release"}']
    assert [
        found[f'desk_job_runs_total{{job="auto_release",status="{each}"}}'] for each in ("succeeded", "failed")
    ] == [1, 1]
    assert found['desk_job_items_total{job="auto_release",outcome="succeeded"}'] == 1
    assert found['desk_job_moved_total{currency="NGN",job="auto_release"}'] == 25_000
    assert found['desk_job_chunks_total{job="auto_release"}'] == chunks


def test_a_lost_run_is_the_last_one_too(api: Api, place: Runtime) -> None:
    run_job_now(place, "auto_release")
    at = clock.now() - timedelta(minutes=5)
    told = {"job": "auto_release", "trigger": "manual", "by": "x", "by_name": "x", "amounts": {}, "at": at}
    with place.db.transaction() as session:
        more = {"status": "running", "attempt": 3, "started_at": at, "lease_until": at, "created_at": at}
        session.add(Run(**told, **more))
    take_over_abandoned(place)
    found = figures(api)

    assert found['desk_job_last_run{job="auto_release",status="lost"}'] == 1
    assert found['desk_job_runs_total{job="auto_release",status="lost"}'] == 1
    assert found['desk_job_lease_takeovers_total{job="auto_release"}'] == 1


def test_web_processes_are_counted(api: Api, place: Runtime) -> None:
    assert figures(api)['desk_processes{kind="web"}'] == 0
    heartbeat = Heartbeat(place, processes.WEB, sweeps=False)
    heartbeat._beat()
    assert figures(api)['desk_processes{kind="web"}'] == 1
    heartbeat._sign_off()
    assert figures(api)['desk_processes{kind="web"}'] == 0


def test_what_waits_outside_is_told_and_nothing_is_zero(api: Api, place: Runtime) -> None:
    found = figures(api)
    for name in ("desk_payments_in_review", "desk_payouts_unsettled", "desk_payouts_failed"):
        assert found[name] == 0
    assert found['desk_deliveries{channel="webhook",status="dead"}'] == 0
    assert found['desk_inbound_webhooks{status="received"}'] == 0
    endpoint(place, "https://shop.example/hook")
    happen(place, "escrow.released")
    spread(place)
    assert figures(api)['desk_deliveries{channel="webhook",status="waiting"}'] == 1
    change(place, status="dead")
    found = figures(api)
    assert found['desk_deliveries{channel="webhook",status="waiting"}'] == 0
    assert found['desk_deliveries{channel="webhook",status="dead"}'] == 1


def test_providers_and_their_books_are_told_by_name(place: Runtime) -> None:
    at = clock.now()
    settings = settings_for(place.settings.database_url, place.settings.var_dir, paystack_secret_key="sk_test_key")
    with place.db.reading() as session:
        found = outside(session, settings)
        assert (found.circuits, found.discrepancies) == ({"paystack": False}, {"paystack": 0})
    told = {"provider": "paystack", "event": "charge.success", "body": "{}", "received_at": at}
    seen = {"detail": "It is not there.", "first_seen_at": at, "last_seen_at": at}
    with place.db.transaction() as session:
        session.add(ProviderState(provider="paystack", failures=5, opened_at=at))
        session.add(InboundWebhook(key="1", status="received", **told))
        session.add(InboundWebhook(key="2", status="handled", **told))
        session.add(Discrepancy(source="paystack", kind="missing_there", reference="r-1", **seen))
        session.add(Discrepancy(source="paystack", kind="missing_there", reference="r-2", resolved_at=at, **seen))
    with place.db.reading() as session:
        found = outside(session, settings)
        assert (found.circuits, found.discrepancies) == ({"paystack": True}, {"paystack": 1})
        assert found.inbound_webhooks == {"received": 1, "failed": 0}


def test_who_waits_for_a_lock_of_the_database_is_counted(runtime: Runtime) -> None:
    """On SQLite nobody waits inside it."""
    if runtime.db.is_sqlite:
        with runtime.db.reading() as session:
            assert lock_waits.read(session) == lock_waits.LockWaits(0, 0.0)
        return
    take = text("LOCK TABLE schedule IN ACCESS EXCLUSIVE MODE")

    def wait() -> None:
        with runtime.db.transaction() as session:
            session.execute(take)

    def seen() -> lock_waits.LockWaits:
        with runtime.db.reading() as session:
            return lock_waits.read(session)

    with runtime.db.transaction() as session:
        session.execute(take)
        waiting = Thread(target=wait)
        waiting.start()
        until(lambda: seen().sessions == 1 and seen().longest > 0, 10)
    waiting.join(10)
    assert seen() == lock_waits.LockWaits(0, 0.0)
