"""verify_books over time: what is new within the hour, all that is old within a week, everything when it is asked."""

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select, text

from tests.jobs.periodic.test_verify_books import alerts
from tests.support.job_runs import run_job_now
from tests.support.market import AMINA, DIVINE, Market
from tests.support.money import deposit
from webapp import clock
from webapp.jobs.engine.work import Work
from webapp.jobs.periodic import verify
from webapp.jobs.run_job import run_here
from webapp.models import Account, AccountCheckpoint, Audit, Entry, Run, Transfer
from webapp.runtime import Runtime
from webapp.services.escrows import freezes
from webapp.services.ledger import account_checkpoints, integrity_steps, integrity_verdicts, integrity_walk
from webapp.services.ledger.integrity_verdicts import BooksVerdict
from webapp.services.scheduling import orphaned_runs

JOB = "verify_books"
BEGAN = datetime(2026, 3, 2, 9, 30, tzinfo=clock.now().tzinfo)


@pytest.fixture
def hours(monkeypatch: pytest.MonkeyPatch) -> Any:
    """How many hours after the first run it is."""
    passed = [0.0]
    monkeypatch.setattr(Work, "now", property(lambda _: BEGAN + timedelta(hours=passed[0])))
    return passed


def run(runtime: Runtime, **asked: Any) -> Run:
    found = run_job_now(runtime, JOB, **asked)
    assert found.status == "succeeded", found.error
    return found


def firing(runtime: Runtime) -> list[str]:
    return [sentence for status, sentence in alerts(runtime) if status == "firing"]


def last(runtime: Runtime) -> BooksVerdict:
    with runtime.db.reading() as session:
        found = integrity_verdicts.newest(session)
    assert found is not None
    return found


def escrow(runtime: Runtime) -> int:
    with runtime.db.transaction() as session:
        return Market(session, runtime).escrow().id


def tampered(runtime: Runtime, *statements: str) -> None:
    """What somebody with the schema's rights could do to the tables."""
    with runtime.db.engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            for name in connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
                connection.execute(text(f"DROP TRIGGER {name}"))
            connection.execute(text("PRAGMA ignore_check_constraints = ON"))
        else:
            for table in ("entry", "transfer", "audit"):
                connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
            connection.execute(text("ALTER TABLE account DROP CONSTRAINT IF EXISTS ck_account_floor"))
        for statement in statements:
            connection.execute(text(statement))


HOLD = "(SELECT id FROM transfer WHERE escrow_id = {escrow} AND kind = 'hold')"
INTO_POOL = f"(SELECT max(id) FROM entry WHERE transfer_id = {HOLD} AND amount > 0)"
AT = "'2026-03-02 09:30:00.000000'"
WRONG = {
    "an entry is changed": (f"UPDATE entry SET amount = amount + 1 WHERE id = {INTO_POOL}", "does not sum to zero"),
    "an entry is removed": (f"DELETE FROM entry WHERE id = {INTO_POOL}", "does not sum to zero"),
    "both sides are changed": (
        f"UPDATE entry SET amount = 2 * amount WHERE transfer_id = {HOLD}",
        "its entries sum to",
    ),
    "a balance is off by one": (
        f"UPDATE account SET balance = balance + 1 WHERE id = (SELECT account_id FROM entry WHERE id = {INTO_POOL})",
        "its entries sum to",
    ),
    "a transfer has one entry more": (
        "INSERT INTO entry (transfer_id, account_id, currency, amount) "
        f"SELECT transfer_id, account_id, currency, 7 FROM entry WHERE id = {INTO_POOL}",
        "does not sum to zero: it is off by 7",
    ),
    "a transfer lost its entries": (f"DELETE FROM entry WHERE transfer_id = {HOLD}", "has no entries"),
    "a pool moves for nothing": (f"UPDATE transfer SET escrow_id = NULL WHERE id = {HOLD}", "but for no escrow"),
    "an escrow holds another sum": ("UPDATE escrow SET amount = 9999 WHERE id = {escrow}", "but 9999 is held"),
    "an escrow left without a transfer": ("UPDATE escrow SET status = 'released' WHERE id = {escrow}", "let it go"),
    "nobody paid it in": (f"UPDATE transfer SET kind = 'deposit' WHERE id = {HOLD}", "no transfer put money there"),
    "a freeze is not counted": (
        'INSERT INTO "freeze" (escrow_id, cause, cause_id, reason, "by", by_name, at) '
        f"VALUES ({{escrow}}, 'person', 1, 'x', 'x', 'x', {AT})",
        "says it has 0 freezes, but 1 are open",
    ),
    "a bound is passed": (
        f"UPDATE account SET floor = 99999999 WHERE id = (SELECT account_id FROM entry WHERE id = {INTO_POOL})",
        "is beyond its bound",
    ),
}


@pytest.mark.parametrize("which", WRONG)
def test_what_is_new_and_wrong_is_found_within_the_hour(runtime: Runtime, hours: Any, which: str) -> None:
    statement, sentence = WRONG[which]
    escrow(runtime)
    run(runtime)
    tampered(runtime, statement.format(escrow=escrow(runtime)))
    hours[0] = 1
    run(runtime)
    assert any(sentence in each for each in firing(runtime)), firing(runtime)


@pytest.mark.parametrize("which", WRONG)
def test_what_is_old_and_wrong_is_found_within_a_week(runtime: Runtime, hours: Any, which: str) -> None:
    statement, sentence = WRONG[which]
    old = escrow(runtime)
    run(runtime)
    escrow(runtime)
    hours[0] = 1
    run(runtime)
    tampered(runtime, statement.format(escrow=old))
    assert found_within_a_week(runtime, hours, sentence), firing(runtime)


def found_within_a_week(runtime: Runtime, hours: Any, sentence: str) -> bool:
    ends = hours[0] + 7 * 24
    while hours[0] < ends and not any(sentence in each for each in firing(runtime)):
        hours[0] += 12
        run(runtime)
    return any(sentence in each for each in firing(runtime))


def test_entries_and_balance_that_were_changed_together_differ_from_the_checkpoint(
    runtime: Runtime, hours: Any
) -> None:
    old = escrow(runtime)
    run(runtime)
    both = f"(SELECT id FROM entry WHERE transfer_id = {HOLD})".format(escrow=old)
    of = f"(SELECT amount FROM entry WHERE account_id = account.id AND id IN {both})"
    where = f"WHERE id IN (SELECT account_id FROM entry WHERE id IN {both})"
    change = f"UPDATE entry SET amount = 2 * amount WHERE id IN {both}"
    tampered(runtime, f"UPDATE account SET balance = balance + {of} {where}", change)
    assert found_within_a_week(runtime, hours, "some were changed, added or removed")
    hours[0] += 1
    run(runtime)
    assert firing(runtime), "it stays until a person has everything looked at"
    run(runtime, from_first=True)
    hours[0] += 1
    run(runtime)
    assert not [each for each in firing(runtime) if "some were changed" in each]


def test_what_was_found_is_looked_at_again_each_hour_and_resolves(runtime: Runtime, hours: Any) -> None:
    old = escrow(runtime)
    run(runtime)
    tampered(runtime, f"UPDATE escrow SET amount = 9999 WHERE id = {old}")
    tampered(runtime, "UPDATE account SET balance = balance + 1 WHERE kind = 'escrow'")
    hours[0] = 1
    run(runtime)
    assert firing(runtime) == [], "it is old, and its turn comes within the week"
    run(runtime, from_first=True)
    assert len(firing(runtime)) == 2
    hours[0] = 2
    run(runtime)
    assert len(firing(runtime)) == 2
    tampered(runtime, f"UPDATE escrow SET amount = 10000 WHERE id = {old}")
    run(runtime)
    [balance] = firing(runtime)
    assert "its entries sum to" in balance
    tampered(runtime, "UPDATE account SET balance = balance - 1 WHERE kind = 'escrow'")
    run(runtime)
    assert firing(runtime) == []


def test_an_hour_costs_what_is_new(runtime: Runtime, hours: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(integrity_walk, "ROUND", timedelta(days=6_000))
    for _ in range(30):
        escrow(runtime)
    first = run(runtime)
    hours[0] = 1
    run(runtime)
    escrow(runtime)
    third = run(runtime)
    assert third.processed == third.total
    assert third.processed < first.processed / 5
    assert firing(runtime) == []


def test_accounts_with_more_entries_than_a_slice_are_summed_over_slices(
    runtime: Runtime, hours: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(integrity_steps, "MOST_ENTRIES", 3)
    monkeypatch.setattr(integrity_steps, "MOST_ROWS", 2)
    for _ in range(5):
        escrow(runtime)
    run(runtime)
    exact(runtime)
    old = escrow(runtime)
    hours[0] = 1
    run(runtime)
    exact(runtime)
    assert firing(runtime) == []
    tampered(runtime, f"UPDATE entry SET amount = amount + 1 WHERE id = {INTO_POOL}".format(escrow=old))
    assert found_within_a_week(runtime, hours, "some were changed, added or removed")


def exact(runtime: Runtime) -> None:
    """Every account with entries has a checkpoint, and it is what its entries up to there sum to."""
    with runtime.db.reading() as session:
        points = session.scalars(select(AccountCheckpoint)).all()
        for point in points:
            mine = (Entry.account_id == point.account_id, Entry.id <= point.entry_id)
            assert point.balance == session.scalars(select(func.sum(Entry.amount)).where(*mine)).one()
        moved = session.scalars(select(func.count(Entry.account_id.distinct()))).one()
    assert len(points) == moved >= 2


def test_a_walk_that_runs_out_of_time_is_gone_on_with(
    runtime: Runtime, hours: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    escrow(runtime)
    monkeypatch.setattr(verify, "_walk_ends", lambda work: 0.0)
    run(runtime)
    assert last(runtime).whole_at is None
    tampered(runtime, f"UPDATE escrow SET amount = 9999 WHERE id = {escrow(runtime)}")
    for _ in range(12):
        hours[0] += 1
        run(runtime)
    assert last(runtime).whole_at is not None
    assert len(firing(runtime)) == 1, "what came while the first round went on is new after it"
    exact(runtime)


def test_a_walk_that_is_taken_over_goes_on_where_it_was(
    runtime: Runtime, hours: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    escrow(runtime)
    run(runtime)
    escrow(runtime)
    monkeypatch.setattr(integrity_steps, "MOST_ENTRIES", 2)
    real, seen = integrity_steps.step, [0]

    def dies_once(session: Any, walk: Any) -> None:
        seen[0] += 1
        if seen[0] == 2:
            raise SystemExit
        real(session, walk)

    monkeypatch.setattr(integrity_steps, "step", dies_once)
    hours[0] = 1
    with pytest.raises(SystemExit):
        run_job_now(runtime, JOB)
    with runtime.db.transaction() as session:
        broken = session.scalars(select(Run).where(Run.job == JOB).order_by(Run.id.desc()).limit(1)).one()
        orphaned_runs.take_over(session, broken.id, clock.now() + timedelta(minutes=5))
    assert run_here(runtime, broken.id).status == "succeeded"
    exact(runtime)
    assert firing(runtime) == []


def test_a_verdict_that_this_desk_did_not_seal_is_believed_by_no_walk(runtime: Runtime, hours: Any) -> None:
    old = escrow(runtime)
    run(runtime)
    columns = "pos, at, actor, actor_name, action, subject_kind, subject_id, after"
    tampered(
        runtime,
        f"UPDATE escrow SET amount = 9999 WHERE id = {old}",
        f"INSERT INTO audit (batch, {columns}) SELECT 7, {columns} FROM audit WHERE action = 'books.verify'",
    )
    hours[0] = 1
    run(runtime)
    assert len(firing(runtime)) == 1
    assert last(runtime).start.round.is_first


@pytest.mark.parametrize("after", ["NULL", "'{}'", "'[1]'", "'{\"marks\": {}}'", "'rubbish'"])
def test_a_verdict_that_no_walk_wrote_is_none(sqlite_runtime: Runtime, after: str) -> None:
    escrow(sqlite_runtime)
    run(sqlite_runtime)
    tampered(sqlite_runtime, f"UPDATE audit SET after = {after} WHERE action = 'books.verify'")
    with sqlite_runtime.db.reading() as session:
        assert integrity_verdicts.newest(session) is None


def test_when_the_end_of_the_ledger_is_gone_everything_is_looked_at(runtime: Runtime, hours: Any) -> None:
    escrow(runtime)
    late = escrow(runtime)
    run(runtime)
    tampered(runtime, f"DELETE FROM entry WHERE transfer_id = {HOLD}".format(escrow=late))
    hours[0] = 1
    run(runtime)
    assert last(runtime).start.round.is_first
    assert any("some were changed, added or removed" in each for each in firing(runtime))


def test_a_dry_run_finds_what_is_wrong_and_writes_nothing(runtime: Runtime, hours: Any) -> None:
    tampered(runtime, f"UPDATE escrow SET amount = 9999 WHERE id = {escrow(runtime)}")
    found = run_job_now(runtime, JOB, dry_run=True)
    assert found.status == "succeeded"
    assert firing(runtime) == []
    with runtime.db.reading() as session:
        assert session.scalars(select(func.count()).select_from(AccountCheckpoint)).one() == 0
        assert session.scalars(select(func.count()).where(Audit.action == "books.verify")).one() == 0


def test_it_waits_for_transactions_that_took_lower_ids_and_are_open(
    pg_runtime: Runtime, hours: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pg_runtime.db.transaction() as session:
        party = Market(session, pg_runtime).party(wallet=5).id
        other = Market(session, pg_runtime).party(wallet=5).id
    walks = threading.Thread(target=run, args=(pg_runtime,))
    with pg_runtime.db.transaction() as session:
        deposit(session, party, 7, "NGN", reference="late", at=BEGAN, actor=DIVINE)
        with pg_runtime.db.transaction() as meanwhile:
            # Past the desk, whose pools would wait for each other.
            first = meanwhile.scalars(select(func.min(Account.id)).where(Account.party_id == other)).one()
            transfer = insert_transfer(meanwhile)
            for amount in (3, -3):
                meanwhile.add(Entry(transfer_id=transfer, account_id=first, currency="NGN", amount=amount))
        walks.start()
        walks.join(1)
        assert walks.is_alive()
    walks.join(30)
    assert not walks.is_alive()
    exact_of(pg_runtime, party)
    monkeypatch.setattr(integrity_walk, "ROUND", timedelta(hours=1))
    hours[0] = 2
    run(pg_runtime)
    assert firing(pg_runtime) == []


def insert_transfer(session: Any) -> int:
    made = Transfer(reference="early", kind="deposit", currency="NGN", amount=3, is_disbursement=False, at=BEGAN)
    session.add(made)
    session.flush()
    return made.id


def exact_of(runtime: Runtime, party: int) -> None:
    with runtime.db.reading() as session:
        mine = select(AccountCheckpoint.balance).join(Account, Account.id == AccountCheckpoint.account_id)
        assert session.scalars(mine.where(Account.party_id == party, Account.kind == "wallet")).one() == 12


def test_no_slice_takes_more_statements_than_another(
    runtime: Runtime, hours: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(12):
        escrow(runtime)
    monkeypatch.setattr(integrity_steps, "MOST_ENTRIES", 5)
    monkeypatch.setattr(integrity_steps, "MOST_ROWS", 3)
    with runtime.db.reading() as session:
        walk, asked, most = integrity_walk.begin(session, None, BEGAN), list[str](), 0
        event.listen(session.get_bind(), "before_cursor_execute", lambda *given: asked.append(given[2]))
        slices = 0
        while not walk.is_over:
            before = len(asked)
            integrity_steps.step(session, walk)
            most, slices = max(most, len(asked) - before), slices + 1
        assert walk.findings == []
    assert slices > 20
    assert most <= 8


def test_a_freeze_that_was_recorded_and_not_counted_is_found_within_the_hour(runtime: Runtime, hours: Any) -> None:
    old = escrow(runtime)
    run(runtime)
    with runtime.db.transaction() as session:
        freezes.freeze(session, old, "Wait.", at=BEGAN, actor=AMINA)
    tampered(runtime, f"UPDATE escrow SET freezes = 2 WHERE id = {old}")
    hours[0] = 1
    run(runtime)
    [sentence] = firing(runtime)
    assert sentence.endswith("says it has 2 freezes, but 1 are open.")


def test_checkpoints_are_exact_whatever_is_walked_again(runtime: Runtime) -> None:
    escrow(runtime)
    with runtime.db.reading() as session:
        last_entry = session.scalars(select(func.max(Entry.id))).one()
    for after, to in ((0, 1), (0, last_entry), (0, last_entry), (1, last_entry), (0, 1)):
        with runtime.db.transaction() as session:
            account_checkpoints.advance(session, after, to)
    exact(runtime)


def test_while_the_first_round_goes_on_nothing_is_new(runtime: Runtime, hours: Any) -> None:
    escrow(runtime)
    with runtime.db.reading() as session:
        first = integrity_walk.begin(session, None, BEGAN)
    escrow(runtime)
    with runtime.db.reading() as session:
        second = integrity_walk.begin(session, integrity_walk.ended(first), BEGAN)
        assert [span.left for span in second.new.values()] == [0, 0, 0, 0]
        while not second.is_over:
            integrity_steps.step(session, second)
        third = integrity_walk.begin(session, integrity_walk.ended(second), BEGAN)
    assert all(span.left > 0 for span in third.new.values())


def test_as_long_as_more_is_wrong_than_is_named_a_round_begins_each_hour(
    runtime: Runtime, hours: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(integrity_walk, "MOST_NAMED", 1)
    both = [escrow(runtime), escrow(runtime)]
    tampered(runtime, "UPDATE escrow SET amount = 9999")
    run(runtime)
    assert len(firing(runtime)) == 1
    tampered(runtime, f"UPDATE escrow SET amount = 10000 WHERE id = {both[0]}")
    hours[0] = 1
    run(runtime)
    assert len(firing(runtime)) == 1, "the other one"
    assert f"for escrow {both[1]} " in firing(runtime)[0]
