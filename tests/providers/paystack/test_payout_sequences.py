"""No sequence of recorded answers, in any order and with silence between, pays a payout twice, gives a wallet what went
out, or counts as paid what did not go.

How many are tried, and with which seed, is in the environment (`tests/support/sequences.py`); a failure shows the way.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count, islice
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import select

from tests.conftest import settings_for
from tests.support.arguments import ByActor, ByActorUnderSettings
from tests.support.market import CHIKA, DIVINE, Market, all_books_agree, wallet
from tests.support.payout_world import World
from tests.support.sequences import FEW, Trace, WorldClient, sequences
from webapp import clock
from webapp.domain.actors import job_actor
from webapp.domain.payouts import payout_outcome
from webapp.domain.payouts.payout_outcome import PayoutOutcome, PayoutTransition
from webapp.domain.providers.provider_results import NoResponse, ProviderResponse, ProviderStatus
from webapp.domain.states import PayoutStatus, ScheduleStatus
from webapp.errors import Refusal
from webapp.jobs.steps import send_payouts
from webapp.models import Payout, PayoutPause
from webapp.providers.http.errors import CallFailed, no_response
from webapp.providers.http.leases import EffectLease
from webapp.providers.paystack import payouts as paystack_payouts
from webapp.providers.paystack.known_answers import ANSWERS
from webapp.providers.paystack.provider import Paystack
from webapp.runtime import Runtime, build_runtime
from webapp.services.approvals import approvals, limits
from webapp.services.payouts import creation as payout_creation
from webapp.services.payouts import decisions as payout_decisions
from webapp.services.payouts import destinations as payout_destinations
from webapp.services.payouts import payouts
from webapp.services.payouts import settlement as payout_settlement
from webapp.services.payouts.destinations import NewDestination
from webapp.services.payouts.schedules import schedules as payout_schedules
from webapp.services.payouts.schedules.schedules import NewSchedule

_MANY = int(os.environ.get("SEQUENCES") or FEW)
STEPS, HELD, AMOUNT = 14, 10_000, 4_000
ACTOR = job_actor("deliver_outbox")
_numbers = count(1)


@dataclass
class Desk:
    """One payout schedule of a desk whose Paystack is a world."""

    runtime: Runtime
    world: World
    plan: int
    party: int

    @property
    def at(self) -> datetime:
        return self.world.at

    def later(self, **much: float) -> None:
        self.world.at += timedelta(**much)

    def night(self) -> None:
        """A payout is written when the schedule is due."""
        with self.runtime.db.transaction() as session:
            found = payout_schedules.get(session, self.plan)
            rested = found.last_retry_at is None or found.last_retry_at <= self.at - payout_schedules.PAUSE
            if found.status == ScheduleStatus.PENDING and rested:
                payout_creation.create_all(session, [self.plan], at=self.at, actor=ACTOR, routes={"NGN": "paystack"})

    def minute(self) -> None:
        """What is due is sent, or asked about."""
        with self.runtime.db.transaction() as session:
            taken = payouts.claim_due(session, self.at, 10, send_payouts.LEASE, ["paystack"])
        answered = [(each, self._word(each)) for each in taken]
        with self.runtime.db.transaction() as session:
            words = {each.id: word for each, word in answered}
            claims = {each.id: each.claim for each in taken}
            payout_settlement.settle_all(session, words, at=self.at, actor=ACTOR, claims=claims)

    def told(self) -> None:
        """A webhook makes us ask about a payout, whatever it is with us."""
        for payout in self.payouts():
            provider = self.runtime.providers.payout_senders["paystack"]
            try:
                word: Any = send_payouts._fetched(provider, payout.ref)
            except CallFailed as failure:
                word = no_response(failure)
            with self.runtime.db.transaction() as session:
                payout_settlement.settle_all(session, {payout.id: word}, at=self.at, actor=ACTOR)

    def cancel(self) -> None:
        """A person gives it up, if that is allowed."""
        for payout in self.payouts():
            try:
                with self.runtime.db.transaction() as session:
                    settings = self.runtime.settings
                    payouts.cancel(session, payout.id, "Not now.", at=self.at, actor=DIVINE, settings=settings)
            except Refusal:
                continue

    def decide(self) -> None:
        """What is in doubt, a person looks up elsewhere: that is the truth."""
        for payout in self.payouts():
            if payout.doubted_at is None:
                continue
            there = self.world.transfers.get(payout.ref)
            action = "payout.mark_paid" if there is not None and there.is_out else "payout.give_back"
            how: ByActorUnderSettings = {"at": self.at, "actor": DIVINE, "settings": self.runtime.settings}
            with self.runtime.db.transaction() as session:
                version = payouts.get(session, payout.id).version
                decided = payout_decisions.decide(session, action, payout.id, "Seen.", version=version, **how)
                assert decided.approval is not None
                approvals.approve(session, decided.approval.id, **how | {"actor": CHIKA})

    def payouts(self) -> list[Payout]:
        with self.runtime.db.reading() as session:
            mine = select(Payout).where(Payout.schedule_id == self.plan)
            return list(session.scalars(mine.order_by(Payout.id)))

    def look(self) -> None:
        """What must be so at every moment."""
        truth, way = self.world.transfers, self.world.trace
        assert sum(each.is_out for each in truth.values()) <= 1, f"paid twice\n{way}"
        kept = 0
        for payout in self.payouts():
            there = truth.get(payout.ref)
            if payout.status in (PayoutStatus.FAILED, PayoutStatus.REVERSED, PayoutStatus.CANCELLED):
                assert there is None or not there.is_out, f"{payout.status}, and the money is out\n{way}"
            else:
                kept += payout.amount
            if payout.status == PayoutStatus.SUCCEEDED:
                assert there is not None, f"paid, and never sent\n{way}"
                assert there.was_paid, f"paid, and it did not go\n{way}"
        with self.runtime.db.reading() as session:
            assert wallet(session, self.party) == HELD - kept, way

    def _word(self, taken: Any) -> Any:
        try:
            with EffectLease(send_payouts.LEASE).held():
                return send_payouts.send(self.runtime, taken)
        except CallFailed as failure:
            return no_response(failure)


def play(runtime: Runtime, dice: Random, trace: Trace) -> None:
    """One sequence; then the line is good, and everybody agrees."""
    desk = _desk(runtime, World(dice, clock.now(), trace))
    acts: list[Any] = [desk.minute, desk.minute, desk.minute, desk.told, desk.world.happens, desk.night]
    desk.night()
    for _ in range(STEPS):
        desk.later(minutes=dice.choice((3, 20, 90, 400)))
        act = desk.cancel if dice.random() < 0.03 else dice.choice(acts)
        trace.note(f"{act.__name__} at {desk.at}")
        act()
        desk.look()
    _settle(desk)


def _settle(desk: Desk) -> None:
    world = desk.world
    world.is_honest = world.can_pay = True
    for each in world.transfers.values():
        each.become("success" if each.is_out else each.state)
    for _ in range(30):
        if all(each.next_try_at is None or each.doubted_at is not None for each in desk.payouts()):
            break
        desk.later(hours=7)
        desk.minute()
        desk.look()
        for each in world.transfers.values():
            each.become("success" if each.is_out else each.state)
    desk.later(hours=25)
    desk.minute()
    desk.decide()
    desk.cancel()
    desk.look()
    desk.later(days=4)
    desk.minute()
    desk.look()
    for payout in desk.payouts():
        there, way = world.transfers.get(payout.ref), world.trace
        assert payout.status not in ("pending", "sending", "sent"), way
        assert (payout.status == "succeeded") == (there is not None and there.is_out), f"{payout.status} {there}\n{way}"


def _desk(runtime: Runtime, world: World) -> Desk:
    with runtime.db.transaction() as session:
        party = Market(session, runtime, at=world.at).party("worker", wallet=HELD)
        to = NewDestination("NGN", "nuban", "058", f"00{party.id:08}", "Kofi Mensah")
        how: ByActor = {"at": world.at - timedelta(days=2), "actor": DIVINE}
        payout_destinations.put(session, party.id, to, settings=runtime.settings, **how)
        new = NewSchedule(f"plan-{next(_numbers)}", party.id, AMOUNT, "NGN", world.at - timedelta(minutes=1))
        plan = payout_schedules.create(session, new, at=world.at, actor=DIVINE).id
        limits.set_limits(session, {"NGN": 10**15}, at=world.at, actor=DIVINE)
        for pause in session.scalars(select(PayoutPause)):
            session.delete(pause)
    company = Paystack(WorldClient("paystack", ANSWERS, world, world.trace))
    vars(runtime.providers).update(clients={"paystack": company}, payout_senders={"paystack": company})
    return Desk(runtime, world, plan, party.id)


@contextmanager
def desk_of(url: str, folder: Path) -> Iterator[Runtime]:
    runtime = build_runtime(settings_for(url, folder, paystack_secret_key="sk_live_recorded"))
    yield runtime
    runtime.db.close()


@pytest.mark.long
@pytest.mark.timeout(180 + _MANY)
def test_no_sequence_pays_twice_gives_back_what_went_or_counts_what_did_not_go(
    database_url: str, tmp_path: Path
) -> None:
    few = None if database_url.startswith("sqlite") else 10
    with desk_of(database_url, tmp_path) as runtime:
        for dice, trace in islice(sequences(), few):
            play(runtime, dice, trace)
        all_books_agree(runtime)


def _queued_is_paid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paystack_payouts, "as_queued", lambda seen: seen)


def _duplicate_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its provider says that it is there: nobody looks, it counts as refused."""
    real = payout_outcome._of_silence

    def of_silence(sent: Any, status: Any, word: NoResponse) -> PayoutTransition:
        return PayoutTransition(PayoutOutcome.FAIL, PayoutStatus.FAILED) if word.is_there else real(sent, status, word)

    monkeypatch.setattr(payout_outcome, "_of_silence", of_silence)
    monkeypatch.setattr(send_payouts, "_fetched", _only_asked(send_payouts._fetched))


def _only_asked(real: Any) -> Any:
    def looked(provider: Any, reference: str) -> ProviderResponse:
        found = real(provider, reference)
        return found if found.status != ProviderStatus.PENDING else ProviderResponse(reference, ProviderStatus.ABSENT)

    return looked


def _absence_is_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not shown was never there, and is given back."""
    gone = PayoutTransition(PayoutOutcome.FAIL, PayoutStatus.FAILED)
    monkeypatch.setattr(payout_outcome, "_of_absence", lambda *_: gone)


def _unknown_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        payout_outcome, "_of_silence", lambda *_: PayoutTransition(PayoutOutcome.FAIL, PayoutStatus.FAILED)
    )


def _paid_is_final(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payout_outcome, "next_check", lambda *_: None)
    monkeypatch.setattr(payout_settlement, "next_check", lambda *_: None)


GUARDS = [_queued_is_paid, _duplicate_is_refused, _absence_is_proof, _unknown_is_refused, _paid_is_final]


@pytest.mark.long
@pytest.mark.parametrize("taken_out", GUARDS)
def test_without_a_guard_a_sequence_is_found(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, taken_out: Any
) -> None:
    taken_out(monkeypatch)
    with desk_of(sqlite_url, tmp_path) as runtime, pytest.raises(AssertionError):
        for number in range(200):
            play(runtime, Random(number), Trace(0, number))
