"""A wallet that somebody opens by hand: who may, what it lets go on, and that it is opened once."""

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.races.together import at_once
from tests.support.market import AMINA, CHIKA, DIVINE, LATER, NOW, Market, undone, wallet
from webapp.domain.actors import Actor, job_actor
from webapp.errors import Conflict, Invalid, NotAllowed
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.models import Account, Audit, Escrow, Event, Party
from webapp.runtime import Runtime
from webapp.services.approvals import escrow_decisions
from webapp.services.common.reasons import Target
from webapp.services.escrows import release as escrow_release
from webapp.services.parties import wallet_provisioning
from webapp.services.read_models import escrow_explanation

JOB = job_actor("auto_release")


def run(market: Market, escrow: Escrow) -> int:
    return escrow_release.release_all(
        market.session, [escrow.id], at=LATER, actor=JOB, reason="expired", due_by=LATER
    ).done


def test_it_lets_a_blocked_escrow_be_paid_and_is_on_the_record(runtime: Runtime) -> None:
    with runtime.db.transaction() as session:
        market = Market(session, runtime)
        seller = market.party("seller", wallet=None)
        escrow = market.escrow(10_000, seller=seller)
        assert run(market, escrow) == 0
        assert escrow_decisions.get(session, escrow.id).blocked == "no_wallet"

        wallet_provisioning.open_by_hand(session, seller.id, "NGN", "They sent their papers.", at=LATER, actor=CHIKA)

        session.expire_all()
        assert escrow_decisions.get(session, escrow.id).blocked is None
        assert run(market, escrow) == 1
        assert wallet(session, seller.id) == 10_000
        record = session.scalars(select(Audit).where(Audit.action == "wallet.open")).one()
        assert (record.actor, record.reason, record.subject_id) == (CHIKA.key, "They sent their papers.", seller.id)
        assert session.scalar(select(func.count()).where(Event.type == "wallet.opened")) == 1


@pytest.mark.parametrize("who", [AMINA, JOB])
def test_it_takes_a_permission(runtime: Runtime, who: Actor) -> None:
    with runtime.db.transaction() as session:
        party = Market(session, runtime).party(wallet=None)
        with pytest.raises(NotAllowed):
            wallet_provisioning.open_by_hand(session, party.id, "NGN", "Please.", at=NOW, actor=who)


def test_it_takes_a_reason_a_currency_and_a_party_without_one(runtime: Runtime) -> None:
    with runtime.db.transaction() as session:
        party = Market(session, runtime).party()
        for currency, reason, refusal in (("NGN", "Again.", Conflict), ("KES", " ", Invalid), ("XQX", "Odd.", Invalid)):
            with undone(session), pytest.raises(refusal):
                wallet_provisioning.open_by_hand(session, party.id, currency, reason, at=NOW, actor=DIVINE)
        assert session.scalars(select(Account.currency).where(Account.party_id == party.id)).all() == ["NGN"]


def test_of_two_who_open_it_at_once_one_does(pg_runtime: Runtime) -> None:
    with pg_runtime.db.transaction() as session:
        party_id = Market(session, pg_runtime).party(wallet=None).id

    def opening(session: Session) -> None:
        wallet_provisioning.open_by_hand(session, party_id, "NGN", "Now.", at=NOW, actor=DIVINE)

    outcomes = at_once(pg_runtime, [opening, opening])

    assert [type(each) for each in outcomes].count(Conflict) == 1
    with pg_runtime.db.reading() as session:
        assert session.scalar(select(func.count()).where(Account.party_id == party_id)) == 1
        assert session.scalar(select(func.count()).where(Audit.action == "wallet.open")) == 1


@pytest.mark.parametrize("verified", [True, False])
def test_a_blocked_escrow_says_who_cures_it_and_when(runtime: Runtime, verified: bool) -> None:
    register_jobs(runtime)
    with runtime.db.transaction() as session:
        market = Market(session, runtime)
        seller = market.party("seller", wallet=None)
        escrow = market.escrow(10_000, seller=seller)
        session.get_one(Party, seller.id).verified_at = NOW if verified else None
        session.flush()
        (found,) = escrow_explanation.reasons(session, escrow.id, LATER)

    assert found.sentence == "The seller, Seller, has no wallet in NGN."
    assert found.target == Target("wallet", seller.id, "NGN")
    assert found.cure.endswith("pen it by hand.")
    assert found.cure.startswith("create_missing_wallets opens it with its run on ") == verified
