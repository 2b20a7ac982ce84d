"""Each rule of the oracle finds out what it is for, where it is broken; and nothing where all is well."""

import ast
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

import soak.oracle
from soak.oracle import acknowledged, alerts, books, runs
from soak.oracle.findings import DOUBLED, LOST, UNSERVED, WRONG
from tests.soak.conftest import ENDPOINT, Judged
from tests.support.paths import ROOT

Break = Callable[[Judged], None]


def drop_constraints(judged: Judged, table: str) -> None:
    """Take away what would refuse the break: CHECKs and unique indexes of a table."""
    found = judged.connection.execute(
        "SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype IN ('c', 'u')", [table]
    ).fetchall()
    for (name,) in found:
        judged.change(f'ALTER TABLE "{table}" DROP CONSTRAINT "{name}" CASCADE')
    indexes = (
        "SELECT indexrelid::regclass FROM pg_index WHERE indrelid = %s::regclass AND indisunique AND NOT indisprimary"
    )
    for (name,) in judged.connection.execute(indexes, [table]).fetchall():
        judged.change(f"DROP INDEX {name}")


def broken(*statements: str, table: str = "") -> Break:
    """A break by statements, without the constraints of a table."""

    def do(judged: Judged) -> None:
        if table:
            drop_constraints(judged, table)
        for statement in statements:
            judged.change(statement)

    return do


COPY = """INSERT INTO transfer (id, reference, kind, currency, amount, escrow_id, hold_no, is_disbursement, at)
          SELECT id + 1000, '{}', kind, currency, amount, escrow_id, hold_no, is_disbursement, at
          FROM transfer WHERE kind = '{}' ORDER BY id LIMIT 1"""
COPIED = """INSERT INTO entry (id, transfer_id, account_id, currency, amount)
            SELECT id + 1000, transfer_id + 1000, account_id, currency, amount FROM entry
            WHERE transfer_id = (SELECT min(id) FROM transfer WHERE kind = '{}')"""
ONE_MORE = "UPDATE entry SET amount = amount + 1 WHERE id = (SELECT min(id) FROM entry)"
RELEASED = "(SELECT id FROM escrow WHERE status = 'released')"
FROZEN = "(SELECT id FROM escrow WHERE freezes = 1)"
BOOKS = {
    "a transfer's entries sum to zero": broken(ONE_MORE),
    "a currency's entries sum to zero": broken(ONE_MORE),
    "a transfer has entries": broken("DELETE FROM entry WHERE transfer_id = (SELECT min(id) FROM transfer)"),
    "an entry has a transfer of its currency": broken("DELETE FROM transfer WHERE id = (SELECT min(id) FROM transfer)"),
    "a transfer's amount is what its entries move": broken(
        "UPDATE transfer SET amount = amount + 1 WHERE id = (SELECT min(id) FROM transfer)"
    ),
    "a balance is the sum of its entries": broken("UPDATE account SET balance = balance + 1 WHERE kind = 'wallet'"),
    "no account is beyond its floor or ceiling": broken(
        "UPDATE account SET balance = -1 WHERE kind = 'wallet'", table="account"
    ),
    "no wallet was ever below zero": broken(
        """UPDATE entry SET amount = -5 WHERE account_id IN (SELECT id FROM account WHERE kind = 'wallet')"""
    ),
    "a hold leaves once": broken(COPY.format("again", "release"), COPIED.format("release"), table="transfer"),
    "a hold is made once": broken(COPY.format("again", "hold"), COPIED.format("hold"), table="transfer"),
    "what is closed was paid": broken(f"DELETE FROM transfer WHERE escrow_id = {RELEASED} AND kind = 'release'"),
    "what is held or void has not left": broken("UPDATE escrow SET status = 'held' WHERE status = 'released'"),
    "what leaves is what was held": broken(f"UPDATE escrow SET amount = amount + 1 WHERE id = {RELEASED}"),
    "the pools hold what is held": broken("UPDATE escrow SET amount = amount + 1 WHERE status = 'held'"),
    "freezes are counted": broken(f"UPDATE escrow SET freezes = 2 WHERE id = {FROZEN}"),
    "what is disputed is held": broken(
        f"""INSERT INTO dispute (id, ref, escrow_id, kind, claimant, reason_code, claim, status, opened_at, due_at,
            version) VALUES (1, 'D-1', {RELEASED}, 'dispute', 'buyer', 'late', '', 'opened', now(), now(), 1)"""
    ),
    "nothing leaves while it is frozen, but by the decision that ends the freeze": broken(
        f"UPDATE transfer SET run_id = 7 WHERE escrow_id = {RELEASED} AND kind = 'release'",
        f"""UPDATE "freeze" SET escrow_id = {RELEASED}""",
    ),
    "a reference is used once": broken("UPDATE transfer SET reference = 'same'", table="transfer"),
}


@pytest.mark.parametrize("rule", [rule.name for rule in books.RULES])
def test_books_that_are_broken_are_found_out(rule: str, judged: Judged) -> None:
    BOOKS[rule](judged)
    assert rule in {finding.rule for finding in judged.findings()}


def test_nothing_is_wrong_where_all_is_well(judged: Judged) -> None:
    assert judged.findings() == []


RUN = """INSERT INTO run (job, slot, missed_to, at, trigger, by, by_name, dry_run, status, attempt, processed,
         succeeded, failed, skipped, amounts, created_at) VALUES ('watch', {slot}, {missed}, now(), 'schedule', 'job:x',
         'x', false, '{status}', 1, 0, 0, 0, 0, '{{}}', {made})"""


def run(status: str = "succeeded", slot: str = "NULL", missed: str = "NULL", made: str = "now()") -> str:
    """The statement that adds a run."""
    return RUN.format(slot=slot, missed=missed, status=status, made=made)


def ago(minutes: int) -> str:
    """So many whole minutes ago, in SQL."""
    return f"date_trunc('minute', now()) - interval '{minutes} minutes'"


EVERY_MINUTE = (
    "UPDATE schedule SET cron = '* * * * *', zone = 'UTC', since = {} - interval '1 second' WHERE job = 'watch'"
)
RUNS = {
    "a slot has one run": broken(run(slot=ago(1)), run(slot=ago(1)), table="run"),
    "what is on record as missed has no run": broken(run("missed", ago(5), ago(3)), run(slot=ago(4))),
    "a slot is not missing": broken(EVERY_MINUTE.format(ago(2)), run(slot=ago(2)), run(slot=ago(0))),
    "a run ends": broken(run("queued", made="now() - interval '1 hour'")),
    "one run of a job at a time moves money": broken(run("running"), run("running"), table="run"),
}


@pytest.mark.parametrize("rule", [rule.name for rule in runs.RULES])
def test_slots_that_went_wrong_are_found_out(rule: str, judged: Judged) -> None:
    judged.until = datetime.now(UTC)
    RUNS[rule](judged)
    assert rule in {finding.rule for finding in judged.findings()}


def test_a_slot_that_ran_or_is_on_record_as_missed_is_not_missing(judged: Judged) -> None:
    judged.until = datetime.now(UTC)
    for statement in (EVERY_MINUTE.format(ago(9)), run("missed", ago(9), ago(1)), run(slot=ago(0))):
        judged.change(statement)
    assert judged.findings() == []


ALERT = """INSERT INTO alert (id, rule, subject, severity, status, sentence, fired_at, seen_at, resolved_at)
           VALUES ({}, 'run_failed', 'watch', 'page', '{}', 'It failed.', now(), now(), now())"""
TOLD = """INSERT INTO event (type, subject_kind, subject_id, payload, at)
          VALUES ('alert.{}', 'alert', 1, '{{}}', now())"""
FAILED = "UPDATE run SET finished_at = now() + interval '{} minutes'"
ALERTS = {
    "a run that failed fires an alert": broken(run("failed"), FAILED.format(0)),
    "an alert fires once": broken(ALERT.format(1, "firing"), ALERT.format(2, "firing"), table="alert"),
    "a firing is told once": broken(ALERT.format(1, "firing"), TOLD.format("firing"), TOLD.format("firing")),
    "the end of an alert is told once": broken(ALERT.format(1, "resolved"), TOLD.format("firing")),
}


@pytest.mark.parametrize("rule", [rule.name for rule in alerts.RULES])
def test_alerts_that_went_wrong_are_found_out(rule: str, judged: Judged) -> None:
    ALERTS[rule](judged)
    assert rule in {finding.rule for finding in judged.findings()}


@pytest.mark.parametrize(("later", "is_found"), [(0, False), (5, True)])
def test_an_alert_that_ended_before_a_run_failed_is_not_its_own(later: int, is_found: bool, judged: Judged) -> None:
    for statement in (run("failed"), FAILED.format(later), ALERT.format(1, "resolved")):
        judged.change(statement)
    found = {finding.rule for finding in judged.findings()}
    assert ("a run that failed fires an alert" in found) == is_found


@pytest.mark.parametrize(
    ("state", "there", "counts_as"),
    [
        ("acknowledged", 0, LOST),
        ("acknowledged", 1, None),
        ("acknowledged", 2, DOUBLED),
        ("refused", 1, WRONG),
        ("refused", 0, None),
        ("unsure", 1, None),
        ("unsure", 0, None),
        ("asked", 1, UNSERVED),
        ("asked", 2, DOUBLED),
    ],
)
def test_a_write_is_there_once(state: str, there: int, counts_as: str | None, judged: Judged) -> None:
    drop_constraints(judged, "party")
    for _ in range(there):
        judged.change("INSERT INTO party (ref, name, created_at) VALUES ('new', 'New', now())")
    judged.journal("party", "new", "asked")
    judged.journal("party", "new", state)
    assert [finding.counts_as for finding in judged.findings()] == ([counts_as] if counts_as else [])


@pytest.mark.parametrize("states", [("acknowledged", "refused"), ("refused", "acknowledged")])
def test_what_was_asked_for_twice_is_there_when_either_was_acknowledged(
    states: tuple[str, str], judged: Judged
) -> None:
    for key, state in zip("ab", states, strict=True):
        judged.journal("party", "new", state, key)
    assert [finding.counts_as for finding in judged.findings()] == [LOST]
    judged.change("INSERT INTO party (ref, name, created_at) VALUES ('new', 'New', now())")
    assert judged.findings() == []


@pytest.mark.parametrize(("status", "counts_as"), [("failed", []), ("pending", [WRONG])])
def test_of_a_refused_payment_a_failed_attempt_is_left(status: str, counts_as: list[str], judged: Judged) -> None:
    judged.change(f"""INSERT INTO payment (order_id, provider, status, amount, currency, created_at)
                      VALUES ((SELECT min(id) FROM purchase_order), 'paystack', '{status}', 5, 'NGN', now())""")
    ref = judged.connection.execute("SELECT ref FROM purchase_order ORDER BY id LIMIT 1").fetchone()
    assert ref is not None
    judged.journal("payment", ref[0], "refused")
    assert [finding.counts_as for finding in judged.findings()] == counts_as


def test_each_kind_of_write_is_looked_for(judged: Judged) -> None:
    for kind in acknowledged.QUERIES:
        judged.journal(kind, "nothing-like-it", "acknowledged")
    assert [finding.counts_as for finding in judged.findings()] == [LOST] * len(acknowledged.QUERIES)


def test_the_oracle_shares_no_code_with_what_it_judges() -> None:
    for file in (ROOT / "soak" / "oracle").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [each.name for each in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                assert not name.startswith("webapp"), file
                assert not name.startswith("soak") or name.startswith(soak.oracle.__name__), file


AUDIT = {
    "the audit chain is whole": broken("UPDATE audit SET reason = 'Another.' WHERE id = (SELECT max(id) FROM audit)"),
    "a seal is missing": broken("DELETE FROM audit_seal WHERE seq = 1"),
    "its end was cut off": broken("DELETE FROM audit_seal WHERE seq = (SELECT max(seq) FROM audit_seal)"),
    "a seal was forged": broken("UPDATE audit_seal SET rows = rows + 1 WHERE seq = 1"),
    "a record is gone": broken("DELETE FROM audit WHERE id = (SELECT max(id) FROM audit)"),
    "a record was added": broken(
        """INSERT INTO audit (batch, pos, at, actor, actor_name, action, subject_kind, subject_id)
           VALUES (1, 1, now(), 'user:1', 'A', 'escrow.release', 'escrow', 1)"""
    ),
}


@pytest.mark.parametrize("how", AUDIT)
def test_an_audit_chain_that_was_touched_is_found_out(how: str, judged: Judged) -> None:
    AUDIT[how](judged)
    assert {finding.rule for finding in judged.findings()} <= {
        "the audit chain is whole",
        "every audit record is sealed",
    }
    assert judged.findings()


def event(judged: Judged, number: int, subject: int = 1) -> None:
    """One event, and its delivery to the endpoint, in the order of their numbers."""
    judged.change(f"""INSERT INTO event (id, type, subject_kind, subject_id, payload, at)
                      VALUES ({number}, 'escrow.held', 'escrow', {subject}, '{{}}', now())""")
    judged.change(f"""INSERT INTO delivery (id, key, channel, lane, endpoint_id, event_id, kind, subject_kind,
                      subject_id, body, status, attempts, next_try_at, created_at)
                      VALUES ({number}, 'k{number}', 'webhook', 'l', 9, {number}, 'escrow.held', 'escrow',
                      {subject}, '{{}}', 'delivered', 1, now(), now())""")


@pytest.fixture
def told(judged: Judged) -> Judged:
    """An endpoint, and three events for it."""
    judged.change(f"""INSERT INTO webhook_endpoint (id, url, description, events, secret_encrypted, created_at,
                      created_by, failures, version)
                      VALUES (9, 'http://x', '{ENDPOINT}', '["*"]', 'x', now() - interval '1 hour', 'x', 0, 1)""")
    for number in (9_001, 9_002, 9_003):
        event(judged, number)
    return judged


def test_webhooks_that_came_twice_and_in_order_are_fine(told: Judged) -> None:
    for number in (9_001, 9_001, 9_002, 9_001, 9_003):
        told.came(number)
    assert told.findings() == []


@pytest.mark.parametrize(
    ("came", "rules"),
    [
        ((9_001, 9_003), {"an event is told"}),
        ((9_001, 9_003, 9_002), {"events of an endpoint come in order"}),
    ],
)
def test_webhooks_that_are_missing_or_out_of_order_are_found_out(
    came: tuple[int, ...], rules: set[str], told: Judged
) -> None:
    for number in came:
        told.came(number)
    assert {finding.rule for finding in told.findings()} == rules


def test_a_webhook_that_is_wrongly_signed_is_found_out(told: Judged) -> None:
    for number in (9_001, 9_002, 9_003):
        told.came(number, is_signed=number != 9_002)
    assert [finding.rule for finding in told.findings()] == ["a webhook is signed"]
