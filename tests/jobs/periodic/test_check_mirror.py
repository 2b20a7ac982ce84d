"""A Blnk that was restored from its backup, or lost: what it lacks is shown, sent again once, and all agree."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from tests.providers.conftest import outfit, sandbox, served  # noqa: F401
from tests.sandbox.conftest import Caller
from tests.services.reconciliation.conftest import desk, send, statuses, theirs, trade  # noqa: F401
from tests.services.reconciliation.test_comparison import alerting, differing
from tests.services.reconciliation.test_mirror import ours, release_all
from tests.support.job_runs import run_job_now
from webapp import clock
from webapp.domain.actors import Actor
from webapp.errors import NotAllowed
from webapp.models import Audit, MirrorAccount, MirrorEntry, Reconciliation, Transfer
from webapp.runtime import Runtime
from webapp.sandbox import Served
from webapp.services.reconciliation import mirror_queue

JOB = "check_mirror"


def check(runtime: Runtime, **asked: Any) -> Reconciliation:
    """One run of the check, and what it found."""
    run = run_job_now(runtime, JOB, **asked)
    assert run.status == "succeeded", run.error
    with runtime.db.reading() as session:
        rows = (
            select(Reconciliation).where(Reconciliation.source == "blnk-transfers").order_by(Reconciliation.id.desc())
        )
        return session.scalars(rows.limit(1)).one()


def sent_after_the_backup(runtime: Runtime, sandbox: Caller) -> list[str]:
    """Transfers that are mirrored, of which the later ones are in no backup; the references of those."""
    held = trade(runtime, 3, fee=250)
    send(runtime)
    with runtime.db.reading() as session:
        before = set(session.scalars(select(Transfer.reference)))
    sandbox.control("blnk/backup")
    trade(runtime, 2, fee=250)
    release_all(runtime, held)
    send(runtime)
    with runtime.db.reading() as session:
        return sorted(set(session.scalars(select(Transfer.reference))) - before)


def recorded(runtime: Runtime, action: str) -> list[Audit]:
    with runtime.db.reading() as session:
        return list(session.scalars(select(Audit).where(Audit.action == action).order_by(Audit.pos)))


def test_what_a_restored_blnk_lacks_is_named_sent_once_and_agrees(
    desk: Runtime, served: Served, sandbox: Caller
) -> None:
    later = sent_after_the_backup(desk, sandbox)
    sandbox.control("blnk/restore")

    found = check(desk)

    assert (found.missing_there, found.different, found.missing_here, found.error) == (len(later), 0, 0, None)
    assert sorted(reference for reference, kind, *_ in differing(desk)) == later
    assert statuses(desk).count("missing") == len(later)
    assert alerting(desk)
    rows = served.store.count("blnk.transaction")
    run_job_now(desk, "verify_books")
    assert sorted(row[0] for row in differing(desk)) == later, "what it lacks is not missed in its balances too"

    again = check(desk, send=True)

    assert (again.missing_there, again.different, again.missing_here) == (0, 0, 0)
    assert (differing(desk), alerting(desk)) == ([], [])
    assert set(statuses(desk)) == {"done"}
    assert theirs(served) == ours(desk)
    assert served.store.count("blnk.transaction") > rows
    assert [json.loads(each.after or "") for each in recorded(desk, "mirror.send_again")] == [{"transfers": len(later)}]


def test_a_blnk_that_was_lost_gets_everything_and_twice_changes_nothing(
    desk: Runtime, served: Served, sandbox: Caller
) -> None:
    trade(desk, 3, fee=250)
    send(desk)
    rows, accounts = served.store.count("blnk.transaction"), len(ours(desk))
    sandbox.control("blnk/lose")

    assert check(desk).missing_there == len(statuses(desk))
    check(desk, send=True)

    assert set(statuses(desk)) == {"done"}
    assert theirs(served) == ours(desk)
    assert served.store.count("blnk.transaction") == rows
    assert len(recorded(desk, "mirror.balance_lost")) == accounts
    check(desk, send=True)
    send(desk)
    assert served.store.count("blnk.transaction") == rows
    assert run_job_now(desk, "verify_books").status == "succeeded"
    assert differing(desk) == []


def test_a_transfer_that_meets_a_lost_balance_has_it_made_and_is_not_given_up(
    desk: Runtime, served: Served, sandbox: Caller
) -> None:
    trade(desk, 1)
    send(desk)
    sandbox.control("blnk/lose")
    trade(desk, 2)

    send(desk)

    assert set(statuses(desk)) == {"done"}
    with desk.db.reading() as session:
        assert set(session.scalars(select(MirrorEntry.attempts))) == {0}
        balances = set(session.scalars(select(MirrorAccount.balance_id)))
    assert balances == {f"bln_{row.number}" for row in served.store.listed("blnk.balance")}
    assert recorded(desk, "mirror.balance_lost")


def test_what_it_has_otherwise_or_besides_is_a_discrepancy(desk: Runtime, served: Served, sandbox: Caller) -> None:
    trade(desk, 1)
    send(desk)
    with desk.db.reading() as session:
        first = session.scalars(select(Transfer.reference).order_by(Transfer.id).limit(1)).one()
        balances = list(session.scalars(select(MirrorAccount.balance_id)))
    sandbox.control("blnk/adjust", {"reference": first, "amount": 5})
    number = _move(sandbox, "by-hand", "@World", balances[0])
    _move(sandbox, "a-stranger", "@World", "@Else")

    found = check(desk)

    assert (found.missing_there, found.different, found.missing_here) == (0, 1, 1)
    assert {row[0] for row in differing(desk)} == {first, "by-hand"}
    _post(sandbox, f"refund-transaction/{number}", {"skip_queue": True})
    sandbox.control("blnk/adjust", {"reference": first, "amount": -5})
    assert check(desk).missing_here == 0
    assert differing(desk) == []


def test_who_may_not_run_jobs_can_not_send_again(desk: Runtime) -> None:
    with pytest.raises(NotAllowed), desk.db.transaction() as session:
        mirror_queue.send_again(session, clock.now(), actor=Actor("user", 7, "vera", frozenset({"book:read"})))


def test_a_check_since_an_instant_asks_about_what_was_sent_since(desk: Runtime, sandbox: Caller) -> None:
    later = sent_after_the_backup(desk, sandbox)
    sandbox.control("blnk/restore")
    with desk.db.transaction() as session:
        long_ago = clock.now() - timedelta(days=9)
        new = select(Transfer.id).where(Transfer.reference.in_(later))
        session.execute(update(MirrorEntry).where(MirrorEntry.transfer_id.not_in(new)).values(sent_at=long_ago))

    found = check(desk, since=clock.iso(clock.now() - timedelta(days=1)))

    assert (found.matched, found.missing_there) == (0, len(later))
    assert found.since is not None


def test_a_check_that_blnk_breaks_off_finds_nothing(desk: Runtime, sandbox: Caller) -> None:
    trade(desk, 1)
    send(desk)
    sandbox.set_fault("blnk", "transactions_filter", "truncated", times=9)
    found = check(desk)
    assert found.error
    assert (differing(desk), set(statuses(desk))) == ([], {"done"})


def _move(sandbox: Caller, reference: str, source: str, destination: str) -> str:
    asked = {"precise_amount": 9, "precision": 100, "reference": reference, "currency": "NGN", "description": "x"}
    asked |= {"source": source, "destination": destination, "skip_queue": True, "allow_overdraft": True}
    return str(_post(sandbox, "transactions", asked)["transaction_id"])


def _post(sandbox: Caller, path: str, asked: dict[str, object]) -> dict[str, object]:
    answer = sandbox("POST", f"/blnk/{path}", asked, headers={"X-Blnk-Key": "sandbox-blnk-key"})
    assert answer.status_code == 201, answer.text
    found: dict[str, object] = answer.json()
    return found
