"""Alert rules: once per firing, resolved by facts, seen by people."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.races.together import at_once
from tests.support.declared_jobs import NOON, OPERATOR, Declare, planned
from tests.support.read_back import unresolved_alerts
from webapp import clock
from webapp.domain.alert_definitions import PAYOUT_FAILED, RUN_FAILED, Fact
from webapp.domain.states import AlertStatus
from webapp.errors import Conflict, Invalid, NotAllowed, Overtaken
from webapp.jobs.steps.evaluate_alerts import evaluate
from webapp.models import Alert, Audit, Event, Run, Schedule
from webapp.runtime import Runtime
from webapp.services.alerts import alerts
from webapp.services.alerts import registry as alert_registry
from webapp.services.alerts.alerts import AlertFinding
from webapp.services.scheduling import processes, slots

QUIET = Fact("rule", "page", "It is broken.", insists=False)


def firing(runtime: Runtime) -> list[tuple[str, str]]:
    with runtime.db.reading() as session:
        return sorted((alert.rule, alert.subject) for alert in unresolved_alerts(session))


def everything_is_alive(runtime: Runtime) -> None:
    with runtime.db.transaction() as session:
        processes.beat(session, processes.WORKER, clock.now())
        processes.beat(session, processes.SCHEDULER, clock.now())


def test_silence_of_scheduler_and_workers_fires_once_and_resolves(runtime: Runtime) -> None:
    assert (evaluate(runtime), evaluate(runtime)) == (2, 0)
    assert firing(runtime) == [("silent", "scheduler"), ("silent", "worker")]

    everything_is_alive(runtime)
    evaluate(runtime)

    assert firing(runtime) == []
    with runtime.db.reading() as session:
        types = session.scalars(select(Event.type).order_by(Event.id)).all()
    assert types == ["alert.firing", "alert.firing", "alert.resolved", "alert.resolved"]


def test_a_job_that_did_not_run_and_a_run_that_waits_are_found(runtime: Runtime, declare: Declare) -> None:
    everything_is_alive(runtime)
    planned(runtime, declare("daily", lambda work, at: None), clock.now() - timedelta(days=3))
    with runtime.db.transaction() as session:
        long_ago = clock.now() - timedelta(hours=1)
        session.add(
            Run(
                job="daily",
                at=long_ago,
                created_at=long_ago,
                trigger="manual",
                by="x",
                by_name="x",
                status="queued",
                amounts={},
            )
        )

    evaluate(runtime)

    assert firing(runtime) == [("no_execution", "daily"), ("waiting_too_long", "queue")]


def test_a_run_that_takes_long_is_found_while_it_runs(runtime: Runtime, declare: Declare) -> None:
    everything_is_alive(runtime)
    planned(runtime, declare("daily", lambda work, at: None), clock.now())
    with runtime.db.transaction() as session:
        begun = clock.now() - timedelta(minutes=6)
        session.add(
            Run(
                job="daily",
                at=begun,
                created_at=begun,
                started_at=begun,
                lease_until=clock.now() + timedelta(minutes=1),
                trigger="manual",
                by="x",
                by_name="x",
                status="running",
                amounts={},
            )
        )

    evaluate(runtime)

    assert firing(runtime) == [("running_long", "daily")]


def test_an_alert_is_acknowledged_silenced_and_fires_anew_after_it_was_resolved(runtime: Runtime) -> None:
    with runtime.db.transaction() as session:
        assert alerts.fire(session, QUIET, "thing", "It is broken.", NOON)
        assert not alerts.fire(session, QUIET, "thing", "It is broken still.", NOON)
        (alert,) = unresolved_alerts(session)
        alerts.silence(session, alert.id, NOON + timedelta(hours=1), actor=OPERATOR, at=NOON)
        alerts.acknowledge(session, alert.id, actor=OPERATOR, at=NOON)
        with pytest.raises(Conflict):
            alerts.acknowledge(session, alert.id, actor=OPERATOR, at=NOON)
        with pytest.raises(Invalid):
            alerts.silence(session, alert.id, NOON, actor=OPERATOR, at=NOON)
        with pytest.raises(NotAllowed):
            alerts.acknowledge(session, alert.id, actor=slots.SCHEDULER, at=NOON)
    with runtime.db.transaction() as session:
        alerts.resolve(session, QUIET, "thing", NOON)
        assert alerts.fire(session, QUIET, "thing", "It is broken again.", NOON)
    with runtime.db.reading() as session:
        rows = session.execute(select(Alert.status, Alert.sentence, Alert.acknowledged_by).order_by(Alert.id)).all()
    assert [tuple(row) for row in rows] == [
        (AlertStatus.RESOLVED, "It is broken still.", "Olu Operator"),
        (AlertStatus.FIRING, "It is broken again.", None),
    ]


def test_a_rule_that_raises_does_not_stop_the_others(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> Iterator[alert_registry.Answer]:
        raise ValueError("a bug in a rule")

    monkeypatch.setitem(alert_registry._rules, "a_broken_one", alert_registry.AlertRule(broken, "page"))
    assert evaluate(runtime) == 2


def test_a_finished_run_clears_the_warning_of_its_job_at_once(runtime: Runtime, declare: Declare) -> None:
    from webapp.jobs.run_job import run_job
    from webapp.services.scheduling import runs

    everything_is_alive(runtime)
    planned(runtime, declare("daily", lambda work, at: None), clock.now() - timedelta(days=3))
    with runtime.db.transaction() as session:
        schedule = session.get_one(Schedule, "daily")
        schedule.next_slot = clock.now() + timedelta(hours=5)
    evaluate(runtime)
    assert firing(runtime) == [("no_execution", "daily")]

    with runtime.db.transaction() as session:
        run = runs.trigger(session, "daily", actor=OPERATOR)
    run_job(runtime, run.id)

    assert firing(runtime) == []


def test_an_alert_of_an_event_is_resolved_by_hand_with_a_reason_and_fires_anew(runtime: Runtime) -> None:
    with runtime.db.transaction() as session:
        alerts.fire(session, RUN_FAILED, "watch", "Run 7 failed.", NOON)
        [alert] = unresolved_alerts(session)
        with pytest.raises(Invalid, match="Say why"):
            alerts.resolve_by_hand(session, alert.id, " ", actor=OPERATOR, at=NOON)
        with pytest.raises(NotAllowed):
            alerts.resolve_by_hand(
                session, alert.id, "Over.", actor=replace(OPERATOR, permissions=frozenset()), at=NOON
            )
        alerts.resolve_by_hand(session, alert.id, "The job was given up.", actor=OPERATOR, at=NOON)
        record = session.scalars(select(Audit).where(Audit.action == "alert.resolve")).one()
        assert (record.actor_name, record.reason) == ("Olu Operator", "The job was given up.")
        with pytest.raises(Overtaken):
            alerts.resolve_by_hand(session, alert.id, "Over.", actor=OPERATOR, at=NOON)
        assert session.scalars(select(Event.type).order_by(Event.id)).all() == ["alert.firing", "alert.resolved"]
        assert alerts.fire(session, RUN_FAILED, "watch", "Run 8 failed.", NOON)


def events_of(session: Session) -> list[str]:
    return list(session.scalars(select(Event.type).order_by(Event.id)))


def test_another_fact_about_money_fires_again_though_the_last_was_acknowledged_and_silenced(runtime: Runtime) -> None:
    def tell(sentence: str, cause: str) -> bool:
        return alerts.fire(session, PAYOUT_FAILED, "payout 7", sentence, clock.now(), causes=[cause])

    with runtime.db.transaction() as session:
        assert tell("It failed.", "failed")
        [alert] = unresolved_alerts(session)
        alerts.acknowledge(session, alert.id, actor=OPERATOR, at=clock.now())
        alerts.silence(session, alert.id, clock.now() + timedelta(hours=1), actor=OPERATOR, at=clock.now())
        assert not tell("It failed.", "failed")
        assert not tell("It failed, the provider says.", "failed")
        assert (alert.status, alert.times) == (AlertStatus.ACKNOWLEDGED, 1)
        assert tell("It came back after it was paid.", "reversed")
        assert (alert.status, alert.acknowledged_by, alert.silenced_until) == (AlertStatus.FIRING, None, None)
        assert (alert.sentence, alert.times) == ("It came back after it was paid.", 2)
        assert not tell("It failed.", "failed"), "what is told once more is no new fact"
        assert events_of(session) == ["alert.firing", "alert.firing"]


def test_another_fact_about_a_job_is_told_again_only_when_somebody_has_acknowledged_the_last(runtime: Runtime) -> None:
    with runtime.db.transaction() as session:
        assert alerts.fire(session, QUIET, "watch", "Run 7 failed.", NOON, causes=["7"])
        assert not alerts.fire(session, QUIET, "watch", "Run 8 failed.", NOON, causes=["8"])
        [alert] = unresolved_alerts(session)
        alerts.acknowledge(session, alert.id, actor=OPERATOR, at=NOON)
        assert not alerts.fire(session, QUIET, "watch", "Run 8 failed.", NOON, causes=["8"])
        assert alerts.fire(session, QUIET, "watch", "Run 9 failed.", NOON, causes=["9"])
        assert (alert.status, alert.sentence) == (AlertStatus.FIRING, "Run 9 failed.")
        assert events_of(session) == ["alert.firing", "alert.firing"]


def test_a_cause_that_a_rule_finds_besides_the_known_ones_fires_again(runtime: Runtime) -> None:
    def judged(*refs: str) -> AlertStatus:
        with runtime.db.transaction() as session:
            alerts.sync(session, "payout_unsettled", "page", {"paystack": AlertFinding(", ".join(refs), refs)}, NOON)
            return AlertStatus(unresolved_alerts(session)[0].status)

    judged("a")
    with runtime.db.transaction() as session:
        alerts.acknowledge(session, unresolved_alerts(session)[0].id, actor=OPERATOR, at=NOON)
    assert judged("a") == AlertStatus.ACKNOWLEDGED
    assert judged("a", "b") == AlertStatus.FIRING
    with runtime.db.transaction() as session:
        alerts.acknowledge(session, unresolved_alerts(session)[0].id, actor=OPERATOR, at=NOON)
    assert judged("b") == AlertStatus.ACKNOWLEDGED, "one less is no new fact"


def test_of_two_that_learn_of_one_new_fact_one_fires(pg_runtime: Runtime) -> None:
    with pg_runtime.db.transaction() as session:
        alerts.fire(session, PAYOUT_FAILED, "payout 7", "It failed.", NOON)
    again = [lambda session: alerts.fire(session, PAYOUT_FAILED, "payout 7", "It came back.", NOON)] * 4
    assert sorted(at_once(pg_runtime, again)) == [False, False, False, True]


def test_an_alert_whose_rule_is_asked_is_not_resolved_by_hand(runtime: Runtime) -> None:
    evaluate(runtime)
    with runtime.db.transaction() as session:
        for alert in unresolved_alerts(session):
            with pytest.raises(Conflict, match="resolves by itself"):
                alerts.resolve_by_hand(session, alert.id, "Over.", actor=OPERATOR, at=NOON)
    assert len(firing(runtime)) == 2
