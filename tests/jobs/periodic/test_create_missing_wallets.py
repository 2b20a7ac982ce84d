"""Wallets for those who lack one, through the engine."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from tests.races.together import at_once
from tests.support.arguments import ByActor
from tests.support.job_runs import run_job_now
from tests.support.market import Market, all_books_agree, wallet
from webapp import clock
from webapp.domain.actors import job_actor
from webapp.domain.states import AccountKind
from webapp.jobs.engine import chunks
from webapp.models import Account, Audit, Escrow, Event, Party, PayoutDestination, PayoutSchedule
from webapp.runtime import Runtime
from webapp.services.common.batch_result import Outcome
from webapp.services.parties import wallet_provisioning

JOB = "create_missing_wallets"
ACTOR = job_actor(JOB)


def destination(market: Market, party: Party, currency: str, retired: datetime | None = None) -> PayoutDestination:
    return PayoutDestination(
        party_id=party.id,
        currency=currency,
        kind="nuban",
        bank_code="058",
        account_name=party.name,
        account_encrypted="sealed",
        account_ending="1234",
        created_at=market.at,
        created_by="test",
        retired_at=retired,
    )


def traders(runtime: Runtime) -> dict[str, Party]:
    """Who sells, buys, is paid out, has a destination, has all it needs, trades not at all, or is not verified."""
    with runtime.db.transaction() as session:
        market = Market(session, runtime, at=clock.now())
        found = {
            name: market.party(name, wallet=None)
            for name in ("seller", "scheduled", "paid", "retired", "idle", "unverified")
        }
        found["unverified"].verified_at = None
        found["settled"] = market.party("settled")
        for name in ("seller", "settled", "unverified"):
            market.escrow(seller=found[name])
        market.escrow(seller=found["seller"])
        market.escrow(seller=found["seller"], currency="KES")
        schedule = PayoutSchedule(
            ref="s-1",
            party_id=found["scheduled"].id,
            currency="RWF",
            amount=100,
            due_at=market.at,
            status="pending",
            created_at=market.at,
            created_by="test",
        )
        session.add_all([schedule, destination(market, found["paid"], "UGX")])
        session.add(destination(market, found["retired"], "UGX", market.at))
        return found


def wallets_of(runtime: Runtime, party: Party) -> list[str]:
    with runtime.db.reading() as session:
        mine = select(Account.currency).where(Account.party_id == party.id, Account.kind == AccountKind.WALLET)
        return list(session.scalars(mine.order_by(Account.currency)))


def count(runtime: Runtime) -> int:
    with runtime.db.reading() as session:
        return session.scalars(select(func.count()).where(Account.kind == AccountKind.WALLET)).one()


def test_every_verified_party_gets_a_wallet_in_each_of_its_currencies_once(runtime: Runtime) -> None:
    found, before = traders(runtime), count(runtime)
    dry = run_job_now(runtime, JOB, dry_run=True)
    assert count(runtime) == before
    run, again = run_job_now(runtime, JOB), run_job_now(runtime, JOB)

    assert {name: wallets_of(runtime, party) for name, party in found.items()} == {
        "seller": ["KES", "NGN"],
        "scheduled": ["RWF"],
        "paid": ["UGX"],
        "retired": ["RWF"],
        "idle": ["RWF"],
        "unverified": [],
        "settled": ["NGN"],
    }
    # The buyer of the KES order has a wallet in NGN only.
    assert (dry.succeeded, run.status, run.succeeded, again.succeeded) == (7, "succeeded", 7, 0)
    assert count(runtime) == before + 7
    with runtime.db.reading() as session:
        mine = (Audit.subject_id == found["seller"].id, Audit.action == "wallet.open")
        assert session.scalars(select(func.count()).where(*mine, Audit.run_id == run.id)).one() == 2
        assert session.scalars(select(func.count()).where(Event.type == "wallet.opened")).one() == 7
    all_books_agree(runtime)


def test_who_has_not_traded_gets_one_by_country_or_the_desk_s(runtime: Runtime) -> None:
    runtime.settings.default_currency = "KES"
    with runtime.db.transaction() as session:
        market = Market(session, runtime, at=clock.now())
        found = {country: market.party("idle", wallet=None) for country in ("NG", "UG", "ZW", "AQ", None)}
        for country, party in found.items():
            party.country = country
        settled, seller = market.party("settled"), market.party("seller", wallet=None)
        settled.country = seller.country = "UG"
        market.escrow(seller=seller)
    assert run_job_now(runtime, JOB, dry_run=True).succeeded == 6
    assert (run_job_now(runtime, JOB).succeeded, run_job_now(runtime, JOB).succeeded) == (6, 0)

    assert {country: wallets_of(runtime, party) for country, party in found.items()} == {
        "NG": ["NGN"],
        "UG": ["UGX"],
        "ZW": ["USD"],
        "AQ": ["KES"],
        None: ["KES"],
    }
    assert (wallets_of(runtime, settled), wallets_of(runtime, seller)) == (["NGN"], ["NGN"])


def test_who_waited_for_a_wallet_is_paid_by_the_next_release(runtime: Runtime) -> None:
    found = traders(runtime)
    with runtime.db.transaction() as session:
        for escrow in session.scalars(select(Escrow)):
            escrow.release_at = clock.now()
    assert run_job_now(runtime, "auto_release").skipped == 4
    with runtime.db.reading() as session:
        assert session.scalars(select(func.count()).where(Escrow.blocked == "no_wallet")).one() == 4
    run_job_now(runtime, JOB)
    with runtime.db.reading() as session:
        left = session.scalars(select(Escrow.seller_id).where(Escrow.blocked == "no_wallet")).all()
        assert left == [found["unverified"].id]
    assert run_job_now(runtime, "auto_release").skipped == 1
    with runtime.db.reading() as session:
        assert wallet(session, found["seller"].id) == 20_000
    all_books_agree(runtime)


def test_one_bad_party_is_left_alone_among_good_ones(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    found, action = traders(runtime), wallet_provisioning.open_missing
    bad = found["seller"].id

    def poisoned(session: Session, ids: Sequence[int], **how: Any) -> Outcome:
        if bad in ids:
            raise ZeroDivisionError("this one is bad")
        return action(session, ids, **how)

    monkeypatch.setattr(chunks, "CHUNK", 2)
    monkeypatch.setattr(wallet_provisioning, "open_missing", poisoned)
    run = run_job_now(runtime, JOB)
    assert (run.status, run.succeeded, run.failed) == ("partial", 5, 1)
    assert wallets_of(runtime, found["scheduled"]) == ["RWF"]


def test_two_at_once_never_make_two(pg_runtime: Runtime) -> None:
    ids = [party.id for party in traders(pg_runtime).values()]
    before = count(pg_runtime)
    how: ByActor = {"at": clock.now(), "actor": ACTOR}
    made = at_once(
        pg_runtime, [lambda session: wallet_provisioning.open_missing(session, ids, default="RWF", **how).done] * 4
    )
    assert sum(made) == 6
    assert count(pg_runtime) == before + 6
    all_books_agree(pg_runtime)


def test_what_came_since_the_last_run_is_looked_at_and_nothing_else(runtime: Runtime) -> None:
    found = traders(runtime)
    run_job_now(runtime, JOB)
    with runtime.db.transaction() as session:
        # Whoever was verified within the last hour is looked at again.
        long_ago = clock.now() - timedelta(days=1)
        session.execute(update(Party).where(Party.id == found["idle"].id).values(verified_at=long_ago))
        # Past the desk: no wallet ever goes, so nobody looks for one again.
        session.execute(update(Account).where(Account.party_id == found["idle"].id).values(kind="pending"))
        market = Market(session, runtime, at=clock.now())
        market.escrow(seller=session.get_one(Party, found["settled"].id), currency="KES")
        session.add(destination(market, found["paid"], "USD"))
        market.party("late", wallet=None)
    # Both parties of the escrow in KES, the destination in USD, and the new party by its country.
    assert run_job_now(runtime, JOB).succeeded == 4
    assert (wallets_of(runtime, found["settled"]), wallets_of(runtime, found["paid"])) == (
        ["KES", "NGN"],
        ["UGX", "USD"],
    )
    assert wallets_of(runtime, found["idle"]) == []
    assert run_job_now(runtime, JOB).succeeded == 0


def test_who_is_verified_later_gets_a_wallet_for_what_it_sold_before(runtime: Runtime) -> None:
    found = traders(runtime)
    run_job_now(runtime, JOB)
    with runtime.db.transaction() as session:
        session.get_one(Party, found["unverified"].id).verified_at = clock.now()
    assert run_job_now(runtime, JOB).succeeded == 1
    assert wallets_of(runtime, found["unverified"]) == ["NGN"]


def test_what_failed_is_looked_at_again(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    found, action = traders(runtime), wallet_provisioning.open_missing

    def poisoned(session: Session, ids: Sequence[int], **how: Any) -> Outcome:
        if found["seller"].id in ids:
            raise ZeroDivisionError("this one is bad")
        return action(session, ids, **how)

    with monkeypatch.context() as bad:
        bad.setattr(wallet_provisioning, "open_missing", poisoned)
        assert run_job_now(runtime, JOB).failed == 1
    assert run_job_now(runtime, JOB, dry_run=True).succeeded == 2
    assert run_job_now(runtime, JOB).succeeded == 2
    assert wallets_of(runtime, found["seller"]) == ["KES", "NGN"]


def test_where_ids_come_again_everything_is_looked_at(sqlite_runtime: Runtime) -> None:
    found = traders(sqlite_runtime)
    run_job_now(sqlite_runtime, JOB)
    with sqlite_runtime.db.transaction() as session:
        session.execute(update(Account).where(Account.party_id == found["idle"].id).values(kind="pending"))
        session.execute(delete(PayoutDestination))
    assert run_job_now(sqlite_runtime, JOB).succeeded == 1
    assert wallets_of(sqlite_runtime, found["idle"]) == ["RWF"]
