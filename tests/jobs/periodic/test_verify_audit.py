"""verify_audit: from the last walk that found the trail whole, and from the first seal each week."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select

from tests.services.audit.test_seals import records, tampered
from tests.support.job_runs import run_job_now
from webapp import clock
from webapp.jobs.periodic.verify import AUDIT_JOB
from webapp.jobs.run_job import run_here
from webapp.models import Alert, Run
from webapp.runtime import Runtime
from webapp.services.audit import verdicts, verification
from webapp.services.audit.verdicts import Verdict
from webapp.services.scheduling import orphaned_runs


def walked(runtime: Runtime, **parameters: Any) -> tuple[Run, Verdict]:
    run = run_job_now(runtime, AUDIT_JOB, **parameters)
    with runtime.db.reading() as session:
        last = verdicts.newest(session)
    assert run.status == "succeeded", run.error
    assert last is not None
    return run, last


def firing(runtime: Runtime) -> list[str]:
    with runtime.db.reading() as session:
        mine = (Alert.rule == "audit_trail_broken", Alert.status == "firing")
        return list(session.scalars(select(Alert.sentence).where(*mine)))


def test_the_first_walk_is_whole_and_the_next_goes_on_from_it(runtime: Runtime) -> None:
    records(runtime)
    run, first = walked(runtime)
    assert (first.is_from_first, first.problems, first.run_id) == (True, [], run.id)
    assert run.processed == run.total == first.seals >= 3
    records(runtime, transactions=2)
    _, second = walked(runtime)
    assert (second.is_from_first, second.problems, second.whole_at) == (False, [], first.whole_at)
    assert 3 <= second.seals < 3 + first.seals, "the verdict's own seal and what came after it"
    assert walked(runtime, from_first=True)[1].seals > second.seals


def test_once_a_week_all_of_it_is_walked(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    records(runtime)
    walked(runtime)
    with runtime.db.reading() as session:
        assert verdicts.start(session, clock.now()) is not None
        assert verdicts.start(session, clock.now() + verdicts.WHOLE_AGAIN) is None


def test_what_is_broken_is_alerted_until_a_walk_from_the_first_seal_finds_it_whole(runtime: Runtime) -> None:
    records(runtime)
    walked(runtime)
    tampered(runtime, "UPDATE audit SET reason = 'So.' WHERE id = 3")
    assert walked(runtime)[1].problems == [], "what was walked before is walked again once a week"
    _, found = walked(runtime, from_first=True)
    assert len(found.problems) == 1
    assert firing(runtime) == found.problems
    _, again = walked(runtime)
    assert again.is_from_first
    assert again.problems == found.problems == firing(runtime)
    tampered(runtime, "UPDATE audit SET reason = NULL WHERE id = 3")
    assert walked(runtime)[1].problems == [] == firing(runtime)


def test_a_verdict_that_somebody_wrote_into_the_table_is_believed_by_no_walk(runtime: Runtime) -> None:
    records(runtime)
    _, last = walked(runtime)
    tampered(runtime, "UPDATE audit SET reason = 'So.' WHERE id = 3")
    claimed = json.dumps(
        {"from_first": True, "seals": 9, "records": 9, "problems": [], "whole_at": clock.now().isoformat()}
        | {"chains": {"main": [2**40, "0" * 64]}, "records_to": 2**40}
    )
    columns = "batch, pos, at, actor, actor_name, action, subject_kind, subject_id"
    tampered(
        runtime,
        f"INSERT INTO audit ({columns}, after) SELECT 7, pos, at, actor, actor_name, action, subject_kind, "
        f"subject_id, '{claimed}' FROM audit WHERE id = {last.audit_id}",
    )
    _, found = walked(runtime)
    assert found.is_from_first
    assert any("a record was changed" in each for each in found.problems)
    assert "Batch 7 has records that no seal covers." in found.problems


@pytest.mark.parametrize("after", ["NULL", "'{}'", "'[1]'", "'{\"from_first\": true}'", "'rubbish'"])
def test_a_verdict_that_no_walk_wrote_is_none(sqlite_runtime: Runtime, after: str) -> None:
    records(sqlite_runtime)
    _, last = walked(sqlite_runtime)
    tampered(sqlite_runtime, f"UPDATE audit SET after = {after} WHERE id = {last.audit_id}")
    with sqlite_runtime.db.reading() as session:
        assert verdicts.newest(session) is None
    assert walked(sqlite_runtime)[1].is_from_first


def test_an_old_verdict_that_was_changed_is_found_by_the_walk_that_starts_from_it(runtime: Runtime) -> None:
    records(runtime)
    _, last = walked(runtime)
    tampered(runtime, f"UPDATE audit SET after = replace(after, '0', '1') WHERE id = {last.audit_id}")
    _, found = walked(runtime)
    assert found.problems


def test_a_walk_that_is_taken_over_goes_on_where_it_was(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    records(runtime, transactions=6)
    monkeypatch.setattr(verification, "MOST_SEALS", 2)
    real, seen = verification.step, list[int]()

    def dies_once(session: Any, walk: Any, keys: Any) -> None:
        if len(seen) == 2:
            seen.append(-1)
            raise SystemExit
        real(session, walk, keys)
        seen.append(walk.seals)

    monkeypatch.setattr(verification, "step", dies_once)
    with pytest.raises(SystemExit):
        run_job_now(runtime, AUDIT_JOB)
    with runtime.db.transaction() as session:
        run = session.scalars(select(Run).where(Run.job == AUDIT_JOB)).one()
        assert (run.succeeded, run.processed) == (4, 4)
        orphaned_runs.take_over(session, run.id, clock.now() + timedelta(minutes=5))
    ended = run_here(runtime, run.id)
    assert (ended.status, ended.attempt, ended.succeeded) == ("succeeded", 2, ended.total)
    assert seen[:4] == [2, 4, -1, 6]


def test_slices_say_what_one_walk_in_one_session_says(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    records(runtime, transactions=5)
    tampered(runtime, "UPDATE audit SET reason = 'So.' WHERE id = 7")
    monkeypatch.setattr(verification, "MOST_RECORDS", 2)
    with runtime.db.reading() as session:
        walk = verification.begin(session)
        problems = verification.verify(session, runtime.settings.audit_keys).problems
    while not walk.is_over:
        walk = verification.Walk.from_json(json.loads(json.dumps(walk.as_json())))
        with runtime.db.reading() as session:
            verification.step(session, walk, runtime.settings.audit_keys)
    assert walk.problems == problems
    assert len(problems) == 1


def test_it_asks_the_database_little_for_many_seals(runtime: Runtime) -> None:
    records(runtime, transactions=40)
    with runtime.db.reading() as session:
        walk, asked = verification.begin(session), list[str]()
        event.listen(session.get_bind(), "before_cursor_execute", lambda *given: asked.append(given[2]))
        while not walk.is_over:
            verification.step(session, walk, runtime.settings.audit_keys)
    assert walk.seals >= 40
    assert len(asked) <= 5
