"""A payout's reference is made from what is paid: copies, restored backups and second tries make the same."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from tests.conftest import FILE, settings_for
from tests.support.market import wallet
from tests.support.payouts import planned, settled, written
from webapp import clock
from webapp.domain.actors import job_actor
from webapp.domain.providers.idempotency_keys import payout_reference, refund_key
from webapp.domain.providers.provider_results import NoResponse, ProviderStatus
from webapp.models import Payout, PayoutSchedule, StoredSetting
from webapp.runtime import Runtime, build_runtime
from webapp.services.payouts import payouts
from webapp.services.payouts import settlement as payout_settlement

JOB = job_actor("deliver_outbox")


@contextmanager
def copy_of(runtime: Runtime, folder: Path) -> Iterator[Runtime]:
    """The same database a second time, in another place."""
    folder.mkdir()
    with closing(sqlite3.connect(runtime.settings.var_dir / FILE)) as ours:
        ours.execute("VACUUM INTO ?", (str(folder / FILE),))
    made = build_runtime(settings_for(f"sqlite:///{folder / FILE}", folder))
    yield made
    made.db.close()


def ref(runtime: Runtime, payout_id: int) -> str:
    with runtime.db.reading() as session:
        return payouts.get(session, payout_id).ref


def test_two_copies_with_one_due_schedule_make_one_reference(sqlite_runtime: Runtime, tmp_path: Path) -> None:
    """Also when amount and date were changed in one of them: a schedule is paid once."""
    plan = planned(sqlite_runtime)
    with copy_of(sqlite_runtime, tmp_path / "copy") as copy:
        with copy.db.transaction() as session:
            later = clock.now() + timedelta(days=20)
            session.execute(update(PayoutSchedule).values(amount=1_000, due_at=later))
        assert ref(sqlite_runtime, written(sqlite_runtime, plan)) == ref(copy, written(copy, plan))


def test_another_schedule_party_attempt_or_desk_makes_another_reference(runtime: Runtime) -> None:
    plan = planned(runtime)
    first = written(runtime, plan)
    settled(runtime, first, ProviderStatus.FAILED)
    second, other = written(runtime, plan), written(runtime, planned(runtime))
    with runtime.db.transaction() as session:
        session.execute(update(StoredSetting).where(StoredSetting.name == "installation").values(value="another"))
    elsewhere = written(runtime, planned(runtime))
    refs = {ref(runtime, each) for each in (first, second, other, elsewhere)}
    assert len(refs) == 4
    assert ref(runtime, first)[:-2] == ref(runtime, second)[:-2]


def test_a_reference_is_one_that_paystack_takes() -> None:
    with_all = payout_reference("desk", "Party é 1", "plan/…" * 20, 999)
    assert len(with_all) <= 50
    assert set(with_all) <= set("abcdefghijklmnopqrstuvwxyz0123456789-_")
    assert len(payout_reference("d", "p", "s", 0)) >= 16
    pairs = [("a", "bc"), ("ab", "c"), ("a,b", "c"), ("a", "b,c")]
    assert len({payout_reference("d", party, plan, 0) for party, plan in pairs}) == len(pairs)


def test_a_refunds_key_is_made_from_what_is_given_back_and_not_from_its_number() -> None:
    key = refund_key("flutterwave", "pay-1", 2_500, "NGN")
    assert key == refund_key("flutterwave", "pay-1", 2_500, "NGN")
    assert key.isalnum()
    assert 12 <= len(key) <= 255
    others = [("pay-2", 2_500, "NGN"), ("pay-1", 2_501, "NGN"), ("pay-1", 2_500, "KES")]
    assert key not in {refund_key("flutterwave", *each) for each in others}


@pytest.mark.parametrize("may_be_there", [True, False])
def test_a_sure_refusal_says_nothing_of_an_attempt_before_it(runtime: Runtime, may_be_there: bool) -> None:
    """It timed out, was not shown, and was refused for an empty balance: the first may be there still."""
    number = written(runtime, planned(runtime))
    empty = NoResponse("Your balance is not enough.", is_answer=True, is_refusal=True, is_unsent=True)
    at = clock.now()
    if may_be_there:
        _told(runtime, number, NoResponse("No answer."))
        settled(runtime, number, ProviderStatus.ABSENT)
    _told(runtime, number, empty)
    with runtime.db.reading() as session:
        payout = session.scalars(select(Payout).where(Payout.id == number)).one()
        assert payout.status == "pending"
        assert (payouts.cancel_disabled_reason(payout, at, runtime.settings) != "") == may_be_there
        assert wallet(session, payout.party_id) == 6_000


def _told(runtime: Runtime, number: int, word: NoResponse) -> None:
    """It is sent, and answered so."""
    with runtime.db.transaction() as session:
        later = clock.now() + timedelta(hours=7)
        session.execute(update(Payout).values(next_try_at=clock.now()))
        [taken] = payouts.claim_due(session, later, 1, timedelta(minutes=3), ["paystack"])
        claims = {number: taken.claim}
        payout_settlement.settle_all(session, {number: word}, at=clock.now(), actor=JOB, claims=claims)
