"""A process stops for longer than its lease, another takes over and sends, the first returns: one effect outside."""

import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from tests.faults.desk import until
from tests.jobs.steps.test_fault_modes import refunding
from tests.providers.http.conftest import Clocks
from tests.support.declared_jobs import OPERATOR
from tests.support.market import Market, all_books_agree
from tests.support.outbox import change, endpoint, happen, send, spread, states
from tests.support.payouts import planned, written
from tests.support.receivers import Letters, Receiver, letters, receiver, with_settings  # noqa: F401
from tests.support.sandbox import Sandbox, desk_with, runtime, world  # noqa: F401
from webapp import clock
from webapp.domain.actors import job_actor
from webapp.domain.payments.refund_matching import OWN_TIME
from webapp.domain.providers.fencing import TAKEN_OVER
from webapp.domain.providers.provider_results import NoResponse, ProviderResponse, ProviderResult, ProviderStatus
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.jobs.run_job import run_job
from webapp.jobs.steps import send_payouts, send_refunds
from webapp.jobs.steps.mirror.sending import Mirror
from webapp.jobs.steps.outbox.channels import Channels
from webapp.models import Delivery, MirrorEntry, Payout, Refund, Run
from webapp.providers.http.leases import EffectLease
from webapp.providers.paystack.provider import Paystack
from webapp.runtime import Runtime
from webapp.services.notifications import delivery_queue
from webapp.services.payouts import payouts
from webapp.services.payouts import settlement as payout_settlement
from webapp.services.reconciliation import mirror_queue
from webapp.services.refunds import refunds
from webapp.services.refunds import settlement as refund_settlement
from webapp.services.scheduling import orphaned_runs, runs

JOB = "deliver_outbox"
ACTOR = job_actor(JOB)
LEASE = timedelta(minutes=3)
GIVEN = ("pending", "processed")
"""What a refund is once its provider has it; when it is done there is the provider's time."""
BOTH = pytest.mark.parametrize("which", ["monotonic", "wall"])


def other_process(runtime: Runtime, run_id: int) -> None:
    """Another process: it takes the run over, and goes on until everything is done."""
    for _ in range(1_000):
        if _taken_over(runtime, run_id):
            break
        time.sleep(0.01)  # the first process is about to claim its next batch, and has the row for a moment
    go_on(runtime, run_id)


def go_on(runtime: Runtime, run_id: int) -> None:
    """Run after run, with the pauses between them over."""
    for _ in range(3):
        for model in (Refund, Payout):
            with runtime.db.transaction() as session:
                session.execute(update(model).where(model.next_try_at.is_not(None)).values(next_try_at=clock.now()))
        with runtime.db.transaction() as session:
            session.execute(update(Refund).values(last_sent_at=clock.now() - OWN_TIME))
        run_job(runtime, run_id)
        run_id = started(runtime)


def _taken_over(runtime: Runtime, run_id: int) -> bool:
    with runtime.db.transaction() as session:
        return orphaned_runs.take_over(session, run_id, clock.now() + timedelta(minutes=5)) is not None


def started(runtime: Runtime) -> int:
    register_jobs(runtime)
    with runtime.db.transaction() as session:
        return runs.trigger(session, JOB, actor=OPERATOR).id


def stopped_after(
    monkeypatch: pytest.MonkeyPatch, place: Any, name: str, meanwhile: Callable[[], None]
) -> Callable[..., Any]:
    """The first call of this ends in a stop of its process, during which other things happen."""
    real: Callable[..., Any] = getattr(place, name)
    stops = iter([meanwhile])

    def stopping(*given: Any, **more: Any) -> Any:
        found = real(*given, **more)
        next(stops, lambda: None)()
        return found

    monkeypatch.setattr(place, name, stopping)
    return real


@BOTH
def test_a_refund_leaves_once(
    runtime: Runtime,
    world: Sandbox,
    clocks: Clocks,
    posted: Counter[str],
    monkeypatch: pytest.MonkeyPatch,
    which: str,
) -> None:
    payment, run = refunding(runtime, world), started(runtime)

    def meanwhile() -> None:
        other_process(runtime, run)
        clocks.pass_over(which, send_refunds.LEASE)

    stopped_after(monkeypatch, Paystack, "fetch_refunds", meanwhile)
    run_job(runtime, run)

    assert posted["refund"] == 1
    given = world.control("store", method="GET")["paystack.refund"]
    assert [row["amount"] for row in given] == [10_000]
    with runtime.db.reading() as session:
        assert session.scalars(select(Refund.status).where(Refund.payment_id == payment)).one() in GIVEN
    all_books_agree(runtime)


@BOTH
def test_a_payout_leaves_once(
    runtime: Runtime,
    world: Sandbox,
    clocks: Clocks,
    posted: Counter[str],
    monkeypatch: pytest.MonkeyPatch,
    which: str,
) -> None:
    written(runtime, planned(runtime))
    run = started(runtime)

    def meanwhile() -> None:
        other_process(runtime, run)
        clocks.pass_over(which, send_payouts.LEASE)

    stopped_after(monkeypatch, Paystack, "register_recipient", meanwhile)
    run_job(runtime, run)

    until(lambda: _is_paid(runtime), 10)
    assert posted["transfer"] == 1
    all_books_agree(runtime)


def _is_paid(runtime: Runtime) -> bool:
    """Asked once more: the sandbox pays a moment after it has taken an order."""
    with runtime.db.reading() as session:
        [waiting] = session.scalars(select(Run.id).where(Run.status == "queued"))
    go_on(runtime, waiting)
    with runtime.db.reading() as session:
        return session.scalars(select(Payout.status)).all() == ["succeeded"]


@BOTH
def test_a_transfer_reaches_the_external_ledger_once(
    sqlite_url: str,
    tmp_path: Path,
    world: Sandbox,
    clocks: Clocks,
    posted: Counter[str],
    monkeypatch: pytest.MonkeyPatch,
    which: str,
) -> None:
    with desk_with(world, sqlite_url, tmp_path, ledger="blnk") as runtime:
        with runtime.db.transaction() as session:
            for _ in range(3):
                Market(session, runtime).escrow()
        blnk = runtime.providers.blnk
        assert blnk is not None
        first = Mirror(runtime, blnk)

        def meanwhile() -> None:
            with runtime.db.transaction() as session:
                session.execute(update(MirrorEntry).values(next_try_at=clock.now()))
            Mirror(runtime, blnk).send(lambda: None)
            clocks.pass_over(which, mirror_queue.LEASE)

        stopped_after(monkeypatch, first._balances, "of", meanwhile)
        first.send(lambda: None)

        # What may be there already goes one by one, so these are the three of the second process.
        assert (posted["transactions"], posted["bulk"]) == (3, 0)
        with runtime.db.reading() as session:
            assert set(session.scalars(select(MirrorEntry.status))) == {"done"}


@BOTH
def test_a_webhook_and_a_letter_leave_once(
    runtime: Runtime, receiver: Receiver, letters: Letters, clocks: Clocks, which: str
) -> None:
    place = with_settings(runtime, smtp_url=letters.url, mail_from="desk@shop.example")
    endpoint(place, receiver.url)
    happen(place, "a.one", "a.two")
    spread(place)
    with place.db.transaction() as session:
        lease = EffectLease(LEASE)
        claimed = delivery_queue.claim(session, clock.now(), LEASE, 10, in_a_row=5)
    change(place, lease_until=clock.now() - timedelta(seconds=1))
    send(place)
    clocks.pass_over(which, LEASE)
    late = Channels(place.settings).send(claimed, lease)
    with place.db.transaction() as session:
        assert delivery_queue.settle(session, late, clock.now()) == 0

    assert len(receiver.got) == 2
    assert {type(result) for _, result in late} == {delivery_queue.NotTried}
    assert [state for _, state, _ in states(place)] == ["delivered", "delivered"]


def test_what_was_not_sent_in_time_goes_out_later(runtime: Runtime, world: Sandbox, clocks: Clocks) -> None:
    """The same process comes back to what nobody has taken over."""
    refunding(runtime, world)
    with runtime.db.transaction() as session:
        lease = EffectLease(send_refunds.LEASE)
        [giving] = refunds.claim_due(session, clock.now(), 10, send_refunds.LEASE)
    clocks.pass_over("wall", send_refunds.LEASE)
    with lease.held(), pytest.raises(Exception, match="nothing was sent") as ended:
        send_refunds.give(runtime, giving)
    word = NoResponse(str(ended.value), is_unsent=True)
    with runtime.db.transaction() as session:
        refund_settlement.settle_all(
            session, {giving.id: word}, at=clock.now(), actor=ACTOR, claims={giving.id: giving.claim}
        )
        assert session.scalars(select(Refund.status)).all() == ["waiting"]
    clocks.wall = timedelta()
    go_on(runtime, started(runtime))

    with runtime.db.reading() as session:
        assert session.scalars(select(Refund.status)).one() in GIVEN


SILENT: list[ProviderResult] = [
    NoResponse("Refused.", is_refusal=True),
    NoResponse("It was not sent.", is_unsent=True),
    NoResponse("It did not answer."),
    ProviderResponse("r", ProviderStatus.ABSENT),
]


@pytest.mark.parametrize("word", SILENT)
def test_who_lost_a_payout_settles_only_what_its_provider_knows(
    runtime: Runtime, world: Sandbox, word: ProviderResult
) -> None:
    payout = written(runtime, planned(runtime))
    old, new = (_taken_again(runtime, payout) for _ in range(2))
    assert (old.claim.attempts, new.claim.attempts) == (1, 2)
    with runtime.db.transaction() as session:
        found = payout_settlement.settle_all(
            session, {payout: word}, at=clock.now(), actor=ACTOR, claims={payout: old.claim}
        )
        assert [each.sentence for each in found.refused] == [TAKEN_OVER]
        assert _payout(session, payout) == ("sending", 2)
        truth = ProviderResponse(old.ref, ProviderStatus.SUCCEEDED, 4_000, "NGN", "1")
        payout_settlement.settle_all(session, {payout: truth}, at=clock.now(), actor=ACTOR, claims={payout: old.claim})
        assert _payout(session, payout) == ("succeeded", 2)
    all_books_agree(runtime)


@pytest.mark.parametrize("word", [*SILENT, ProviderResponse("r", ProviderStatus.FAILED, 10_000, "NGN", "9")])
def test_who_lost_a_refund_settles_only_that_the_money_is_on_its_way(
    runtime: Runtime, world: Sandbox, word: ProviderResult
) -> None:
    """A failed refund of the old owner is not the end of the one that the new owner has sent."""
    refunding(runtime, world)
    takings = []
    for _ in range(2):
        with runtime.db.transaction() as session:
            session.execute(update(Refund).values(next_try_at=clock.now()))
            takings += refunds.claim_due(session, clock.now(), 10, send_refunds.LEASE)
    old = takings[0]
    with runtime.db.transaction() as session:
        refund_settlement.settle_all(session, {old.id: word}, at=clock.now(), actor=ACTOR, claims={old.id: old.claim})
        assert session.scalars(select(Refund.status)).all() == ["sending"]
        truth = ProviderResponse("r", ProviderStatus.SUCCEEDED, 10_000, "NGN", "9")
        refund_settlement.settle_all(session, {old.id: truth}, at=clock.now(), actor=ACTOR, claims={old.id: old.claim})
        assert session.scalars(select(Refund.status)).all() == ["processed"]
    all_books_agree(runtime)


def test_a_mirrored_transfer_that_another_has_is_left_to_it(runtime: Runtime) -> None:
    with runtime.db.transaction() as session:
        session.info["mirrors"] = True
        transfers = [Market(session, runtime).escrow() for _ in range(2)]
        assert transfers
        mirror_queue.note_missing(session, 0, 100, clock.now())
        old = mirror_queue.claim(session, clock.now(), 10)
    with runtime.db.transaction() as session:
        session.execute(update(MirrorEntry).values(next_try_at=clock.now()))
        new = mirror_queue.claim(session, clock.now(), 10)
        mirror_queue.failed(session, old, clock.now(), "Late.", doubtful=False)
        mirror_queue.requeue(session, old, clock.now(), "Late.")
        rows = session.execute(select(MirrorEntry.status, MirrorEntry.attempts, MirrorEntry.next_try_at)).all()
    assert {tuple(row) for row in rows} == {("sending", 0, new[0].until)}


def test_a_delivery_is_not_settled_by_who_had_it_before(runtime: Runtime, receiver: Receiver) -> None:
    """Its number counts down again when there was no turn for it, so the number alone would not tell the two apart."""
    place = with_settings(runtime)
    endpoint(place, receiver.url)
    happen(place, "a.one")
    spread(place)
    late = delivery_queue.Failed("Late.", for_good=True)
    with place.db.transaction() as session:
        [old] = delivery_queue.claim(session, clock.now(), LEASE, 10)
        session.execute(update(Delivery).values(lease_until=clock.now()))
        [new] = delivery_queue.claim(session, clock.now(), LEASE, 10)
        delivery_queue.settle(session, [(old, late)], clock.now())
    assert states(place) == [("a.one", "waiting", 2)]
    with place.db.transaction() as session:
        delivery_queue.settle(session, [(new, delivery_queue.NotTried(0))], clock.now())
        delivery_queue.settle(session, [(old, late)], clock.now())

    assert states(place) == [("a.one", "waiting", 1)]


def _taken_again(runtime: Runtime, payout_id: int) -> payouts.ClaimedPayout:
    with runtime.db.transaction() as session:
        session.execute(update(Payout).where(Payout.id == payout_id).values(next_try_at=clock.now()))
        [taken] = payouts.claim_due(session, clock.now(), 10, LEASE, ["paystack"])
        return taken


def _payout(session: Any, payout_id: int) -> tuple[str, int]:
    found = session.get(Payout, payout_id, populate_existing=True)
    return found.status, found.attempts
