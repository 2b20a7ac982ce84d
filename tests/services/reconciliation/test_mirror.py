"""Every transfer reaches the external ledger once, whatever happens on the way."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from tests.providers.conftest import Outfit
from tests.sandbox.conftest import Caller
from tests.services.reconciliation.conftest import BLNK, send, statuses, theirs, trade
from tests.support.market import LATER, Market
from webapp import clock
from webapp.domain.actors import job_actor
from webapp.jobs.steps.mirror.sending import Mirror
from webapp.models import Account, MirrorAccount, MirrorEntry, Transfer
from webapp.providers.blnk.provider import Blnk
from webapp.runtime import Runtime
from webapp.sandbox import Served
from webapp.services.escrows import release as escrow_release
from webapp.services.reconciliation.mirror_queue import MOST_ATTEMPTS


def ours(runtime: Runtime) -> dict[str, int]:
    with runtime.db.reading() as session:
        moved = select(MirrorAccount.account_id, Account.balance).join(Account, Account.id == MirrorAccount.account_id)
        moved = moved.where(MirrorAccount.balance_id != "")
        return {str(account): balance for account, balance in session.execute(moved)}


def release_all(runtime: Runtime, ids: list[int]) -> None:
    with runtime.db.transaction() as session:
        escrow_release.release_all(session, ids, at=LATER, actor=job_actor("auto_release"), reason="expired")


def try_now(runtime: Runtime) -> None:
    with runtime.db.transaction() as session:
        session.execute(update(MirrorEntry).values(next_try_at=clock.now()))


def test_blnk_has_every_transfer_and_every_balance(desk: Runtime, served: Served) -> None:
    release_all(desk, trade(desk, 3, fee=250))
    with desk.db.transaction() as session:
        Market(session, desk).escrow(700, currency="KES", seller=Market(session, desk).party(currency="KES"))

    assert send(desk).status == "succeeded"

    assert set(statuses(desk)) == {"done"}
    assert theirs(served) == ours(desk)
    rows = served.store.listed("blnk.transaction", limit=1000)
    assert sum(row.key.endswith(("#1", "#2")) for row in rows) == 6, "a release with a fee is two movements"


def test_a_transfer_is_noted_in_its_own_transaction_or_not_at_all(desk: Runtime, outfit: Outfit) -> None:
    trade(desk, 1)
    with desk.db.reading() as session:
        assert session.scalar(select(func.count(MirrorEntry.transfer_id))) == session.scalar(
            select(func.count(Transfer.id))
        )
    before = len(statuses(desk))
    trade(outfit(), 1)
    assert len(statuses(desk)) == before, "a desk with its own ledger notes nothing"


def test_a_second_run_sends_nothing(desk: Runtime, sandbox: Caller) -> None:
    trade(desk)
    send(desk)
    before = sandbox.control("store", method="GET")["counts"]["blnk.transaction"]
    try_now(desk)
    send(desk)
    assert sandbox.control("store", method="GET")["counts"]["blnk.transaction"] == before


def test_what_happened_before_a_time_out_is_not_done_again(desk: Runtime, served: Served, sandbox: Caller) -> None:
    release_all(desk, trade(desk, fee=250))
    sandbox.set_fault("blnk", "bulk", "timeout_after", times=1, seconds=3)
    send(desk)
    assert "sending" in statuses(desk)

    try_now(desk)
    send(desk)

    assert set(statuses(desk)) == {"done"}
    assert theirs(served) == ours(desk)


def test_a_part_of_a_call_that_was_refused_is_found_again(desk: Runtime, served: Served, sandbox: Caller) -> None:
    release_all(desk, trade(desk, fee=250))
    sandbox.set_fault("blnk", "bulk", "error_500", times=1, effect=True)
    sandbox.set_fault("blnk", "transactions", "timeout_after", times=2, seconds=3)
    send(desk)
    try_now(desk)
    send(desk)
    try_now(desk)
    send(desk)
    assert set(statuses(desk)) == {"done"}
    assert theirs(served) == ours(desk)


def test_while_blnk_is_away_nothing_counts_as_an_attempt(desk: Runtime, served: Served, sandbox: Caller) -> None:
    trade(desk)
    sandbox.set_fault("blnk", "*", "rate_limited", seconds=1, times=None)
    for _ in range(3):
        try_now(desk)
        send(desk)
    with desk.db.reading() as session:
        assert set(session.scalars(select(MirrorEntry.attempts))) == {0}
    sandbox.control("faults", method="DELETE")
    try_now(desk)
    send(desk)
    assert theirs(served) == ours(desk)


def test_something_else_under_our_reference_is_given_up_at_once_and_said(desk: Runtime, sandbox: Caller) -> None:
    trade(desk)
    send(desk)
    with desk.db.reading() as session:
        first = session.scalars(select(Transfer.reference).order_by(Transfer.id).limit(1)).one()
    sandbox.control("blnk/adjust", {"reference": first, "amount": 5})
    with desk.db.transaction() as session:
        session.execute(update(MirrorEntry).values(status="sending", next_try_at=clock.now()))

    send(desk)

    assert statuses(desk).count("dead") == 1
    with desk.db.reading() as session:
        said = session.scalars(select(MirrorEntry.last_error).where(MirrorEntry.status == "dead")).one()
    assert said
    assert first in said


def test_what_is_refused_twenty_times_is_dead(desk: Runtime, sandbox: Caller) -> None:
    trade(desk, 1)
    with desk.db.transaction() as session:
        values = {"attempts": MOST_ATTEMPTS - 1, "next_try_at": clock.now()}
        session.execute(update(MirrorEntry).values(**values))
    for call in ("bulk", "transactions"):
        sandbox.set_fault("blnk", call, "refuse", times=None)
    send(desk)
    assert set(statuses(desk)) == {"dead"}


def test_of_two_who_need_a_balance_one_makes_it(desk: Runtime, outfit: Outfit, served: Served) -> None:
    trade(desk, 4)
    second = outfit(**BLNK)
    both = [Mirror(each, found) for each in (desk, second) if (found := each.providers.blnk)]
    together: list[Any] = []
    import threading

    threads = [threading.Thread(target=lambda one=one: together.append(one.send(lambda: None))) for one in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    try_now(desk)
    send(desk)

    rows = served.store.listed("blnk.balance", limit=1000)
    accounts = [row.data["meta_data"]["desk_account"] for row in rows]
    assert len(accounts) == len(set(accounts))
    assert theirs(served) == ours(desk)
    assert served.store.count("blnk.ledger") >= 1


def test_a_balance_whose_maker_died_is_found_or_made_by_another(desk: Runtime, served: Served) -> None:
    trade(desk, 1)
    with desk.db.transaction() as session:
        for account in session.scalars(select(Account.id)).all():
            session.add(
                MirrorAccount(account_id=account, balance_id="", created_at=clock.now() - timedelta(minutes=10))
            )
    send(desk)
    assert set(statuses(desk)) == {"done"}
    assert theirs(served) == ours(desk)


def test_what_happened_before_a_time_out_is_looked_for_first(
    desk: Runtime, sandbox: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reference alone would make it harmless there: nothing that is in doubt is sent before it was looked for."""
    release_all(desk, trade(desk))
    sandbox.set_fault("blnk", "bulk", "timeout_after", times=1, seconds=3)
    send(desk)
    assert "sending" in statuses(desk)
    monkeypatch.setattr(Blnk, "move", lambda *_: pytest.fail("it was sent once more"))
    try_now(desk)
    send(desk)
    assert set(statuses(desk)) == {"done"}
