"""No sequence of Paystack's answers makes the desk give back twice, credit what went out, or count what did not go."""

import copy
import json
import random
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from itertools import count
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.support.market import Market, wallet
from tests.support.sequences import SILENCE, Answer, Clock, Trace, WorldClient, play, sequences
from webapp import clock as webapp_clock
from webapp.conformance import records
from webapp.domain.actors import job_actor
from webapp.domain.money.money import Money
from webapp.domain.payments.refund_matching import OWN_TIME, SKEW
from webapp.domain.providers.provider_results import Disputed, ProviderResult
from webapp.domain.states import PaymentStatus, RefundStatus
from webapp.errors import Refusal
from webapp.jobs.steps import send_refunds
from webapp.models import Payment
from webapp.providers.http.errors import CallFailed, no_response
from webapp.providers.http.leases import EffectLease
from webapp.providers.paystack.known_answers import ANSWERS
from webapp.providers.paystack.provider import Paystack
from webapp.runtime import Runtime
from webapp.services.refunds import refunds
from webapp.services.refunds import settlement as refund_settlement

RECORDED = {row["name"]: row for row in records.of("paystack")["answers"]}
JOB = job_actor("deliver_outbox")
COLLECTED, TRANSACTION = 10_000, 4099260516
DEAD = ("failed",)
LEASE = timedelta(minutes=3)
_numbers = count(1)
_NOTHING_DONE = [
    RECORDED[name] for name in ("refund-create-currency", "refund-create-minimum", "verify-429-html", "verify-429-json")
] + [RECORDED["verify-ip-not-allowed-403"], RECORDED["verify-401-full"], RECORDED["verify-invalid-key-400"]]
"""Answers that a provider gives where it has done nothing."""
_NO_ANSWERS = [RECORDED[name] for name in ("verify-502-html", "verify-503-json")]
"""And those that say nothing of what was done."""


class PaystackWorld:
    """One paid transaction, and what really became of its refunds."""

    def __init__(self, chance: random.Random, clock: Clock, reference: str) -> None:
        self.chance, self.clock, self.reference = chance, clock, reference
        self.given: list[dict[str, Any]] = []
        self.calm = False
        self.posts = 0

    def answer(self, method: str, path: str, params: Mapping[str, Any], body: Any) -> Answer:
        if method == "POST":
            return self._post(body)
        if not self.calm and (odd := self._odd()) != "none":
            return cast(Answer, odd)
        if path.startswith("/transaction/verify/"):
            return self._verified()
        if path == "/refund":
            return self._listed(params)
        number = int(path.rpartition("/")[2])
        found = next((each for each in self.given if each["id"] == number), None)
        return (404, RECORDED["refund-list-404"]["says"]) if found is None else (200, self._wrapped(self._row(found)))

    def ours(self) -> list[dict[str, Any]]:
        return [each for each in self.given if each["by"] == "desk"]

    def out(self) -> int:
        return sum(each["amount"] for each in self.given if each["status"] not in DEAD)

    def by_hand(self) -> None:
        """Somebody gives some of it back in the dashboard; not after one failed, when it may go to a wallet."""
        amount = self.chance.choice((2_500, 4_000, COLLECTED))
        if amount <= COLLECTED - self.out() and not any(each["status"] in DEAD for each in self.given):
            self._made(amount, "hand", self.chance.choice(("pending", "processed")))

    def goes_on(self) -> None:
        """One of them goes on."""
        following = {
            "pending": ("processing", "processed", "failed", "needs-attention"),
            "processing": ("processed", "failed", "needs-attention"),
            "needs-attention": ("processing", "needs-attention"),
        }
        open_ones = [each for each in self.given if each["status"] in following]
        if open_ones:
            one = self.chance.choice(open_ones)
            one["status"] = self.chance.choice(following[one["status"]])
            one["was"].append(one["status"])

    def _odd(self) -> Any:
        """An answer that tells nothing; `none` when it is a day without one."""
        chosen = self.chance.random()
        if chosen < 0.15:
            return SILENCE
        if chosen < 0.3:
            row = self.chance.choice([*_NO_ANSWERS, *_NOTHING_DONE[2:]])
            return row["status"], row["says"]
        return "none"

    def _post(self, body: Any) -> Answer:
        self.posts += 1
        amount, left = body["amount"], COLLECTED - self.out()
        if left <= 0:
            return 400, RECORDED["refund-create-fully-reversed"]["says"]
        if amount > left:
            return 400, {"status": False, "message": "Total refund amount cannot exceed original transaction amount"}
        happens = "done" if self.calm else self.chance.choice(("done", "lost before", "lost after", "less", "nothing"))
        if happens == "nothing":
            row = self.chance.choice(_NOTHING_DONE)
            return row["status"], row["says"]
        if happens == "lost before":
            return self._lost()
        made = self._made(amount // 2 if happens == "less" else amount, "desk", "pending")
        if happens == "lost after":
            made["seen_at"] = self.clock.at + timedelta(minutes=self.chance.choice((0, 5, 30, 55)))
            return self._lost()
        answer = copy.deepcopy(RECORDED["refund-create-pending"]["says"])
        answer["data"] |= {name: made[name] for name in ("id", "amount", "status")}
        return 200, answer

    def _lost(self) -> Answer:
        row = self.chance.choice(_NO_ANSWERS)
        return self.chance.choice((SILENCE, (row["status"], row["says"])))

    def _made(self, amount: int, by: str, status: str) -> dict[str, Any]:
        made = {"id": next(_numbers), "amount": amount, "by": by, "status": status, "was": [status]}
        self.given.append(made | {"at": self.clock.at, "seen_at": self.clock.at})
        return self.given[-1]

    def _verified(self) -> Answer:
        answer = copy.deepcopy(RECORDED["verify-success"]["says"])
        money = {"amount": COLLECTED, "requested_amount": COLLECTED}
        answer["data"] |= money | {"id": TRANSACTION, "reference": self.reference}
        return 200, answer

    def _listed(self, params: Mapping[str, Any]) -> Answer:
        """Those of the transaction that it shows by now, among rows of strangers; none when asked by a reference."""
        answer = copy.deepcopy(RECORDED["refund-list-new-shape-ours"]["says"])
        strange = [answer["data"][0] | {"id": next(_numbers), "transaction": 7, "amount": COLLECTED}]
        strange[0] |= {"createdAt": self._written(self.clock.at), "transaction_reference": "somebody-elses"}
        seen = [each for each in self.given if each["seen_at"] <= self.clock.at]
        mine = [self._row(each) for each in seen] if str(params.get("transaction")) == str(TRANSACTION) else []
        rows = strange + mine
        self.chance.shuffle(rows)
        answer["data"] = rows
        answer["meta"] |= {"total": len(rows), "pageCount": self.chance.choice((1, "1"))}
        return 200, answer

    def _row(self, made: Mapping[str, Any]) -> dict[str, Any]:
        row = copy.deepcopy(RECORDED["refund-list-new-shape-ours"]["says"]["data"][0])
        row |= {name: made[name] for name in ("id", "amount", "status")}
        moments = {"createdAt": self._written(made["at"]), "transaction_reference": self.reference}
        return cast(dict[str, Any], row | moments | {"transaction": TRANSACTION})

    @staticmethod
    def _written(at: datetime) -> str:
        return f"{at:%Y-%m-%dT%H:%M:%S}.000Z"

    @staticmethod
    def _wrapped(row: dict[str, Any]) -> dict[str, Any]:
        return {"status": True, "message": "Refund retrieved", "data": row}


class Story:
    """One refund of ours, from its writing to its end."""

    def __init__(self, market: Market, chance: random.Random, trace: Trace) -> None:
        self.market, self.session, self.chance, self.trace = market, market.session, chance, trace
        self.clock = Clock()
        buyer = market.escrow(COLLECTED)
        reference = f"pay-{trace.seed}-{trace.number}"
        settled = {"status": PaymentStatus.SUCCEEDED, "provider_id": str(TRANSACTION), "settled_at": self.clock.at}
        payment = Payment(
            order_id=buyer.order_id,
            provider="paystack",
            reference=reference,
            amount=COLLECTED,
            currency="NGN",
            created_at=self.clock.at,
            **settled,
        )
        self.session.add(payment)
        self.session.flush()
        self.world = PaystackWorld(chance, self.clock, reference)
        client = WorldClient("paystack", ANSWERS, self.world, trace)
        providers = SimpleNamespace(refund_senders={"paystack": Paystack(client)}, chargeback_readers={})
        self.runtime = cast(Runtime, SimpleNamespace(providers=providers))
        self.amount = Money(chance.choice((4_000, COLLECTED)), "NGN")
        self.party_id = buyer.buyer_id
        if chance.random() < 0.3:
            self.world.by_hand()
        self.refund = refunds.write(self.session, payment, buyer.buyer_id, self.amount, at=self.clock.at, actor=JOB)
        self.told_id: str | None = None

    def desk_runs(self) -> None:
        """The job runs; sometimes its process is killed before it settles, sometimes twice over the same word."""
        for giving in refunds.claim_due(self.session, self.clock.at, 10, LEASE):
            if giving.id != self.refund.id:
                continue
            self.session.flush()
            word = self._asked(giving)
            self.clock.at += timedelta(seconds=2)
            if self.chance.random() < 0.1 and not self.world.calm:
                self.trace.note("  killed before it settles")
                return
            for _ in range(self.chance.choice((1, 1, 2))):
                claims = {giving.id: giving.claim}
                refund_settlement.settle_all(
                    self.session, {giving.id: word}, at=self.clock.at, actor=JOB, claims=claims
                )

    def webhook_comes(self) -> None:
        """A webhook makes the desk ask, whatever was told."""
        try:
            word = send_refunds.give(self.runtime, refunds.unclaimed(self.session, self.refund.id))
        except CallFailed:
            return
        assert not isinstance(word, Disputed)
        refund_settlement.settle_all(self.session, {self.refund.id: word}, at=self.clock.at, actor=JOB)

    def provider_goes_on(self) -> None:
        """A refund goes on at the provider."""
        self.world.goes_on()

    def somebody_refunds_by_hand(self) -> None:
        """In the provider's dashboard; once the desk has put it into the wallet, that is another story."""
        if self.refund.status != RefundStatus.FAILED:
            self.world.by_hand()

    def time_passes(self) -> None:
        """And what waits for its next try may come due."""
        self.clock.passes(self.chance)

    def _asked(self, giving: refunds.ClaimedRefund) -> Any:
        word: ProviderResult
        try:
            return send_refunds.give(self.runtime, giving)
        except CallFailed as failure:
            word = no_response(failure)
        except Refusal as refusal:
            raise AssertionError(refusal.detail) from refusal
        return word

    def check(self) -> None:
        """What must hold after every step."""
        refund, world = self.refund, self.world
        self.trace.note(
            f"    {refund.status} times_sent={refund.times_sent} id={refund.provider_id}: {refund.status_detail}"
        )
        credited = wallet(self.session, self.party_id)
        alive = [each for each in world.ours() if each["status"] not in DEAD]
        assert len(alive) <= 1, f"given back twice\n{self.trace}"
        assert credited in (0, refund.amount), f"credited {credited}\n{self.trace}"
        assert credited + world.out() <= COLLECTED, f"credited for money that went out\n{self.trace}"
        if refund.status == RefundStatus.PROCESSED:
            its = next((each for each in world.given if str(each["id"]) == refund.provider_id), None)
            assert its is not None, f"counted by a stranger's refund\n{self.trace}"
            assert its["amount"] == refund.amount, f"counted {its['amount']} as {refund.amount}\n{self.trace}"
            assert "processed" in its["was"], f"counted before it went\n{self.trace}"
        followed = [each for each in world.given if str(each["id"]) == refund.provider_id and each["by"] == "hand"]
        assert all(each["amount"] == refund.amount for each in followed), f"somebody else's is followed\n{self.trace}"
        tried_at = refund.first_sent_at or self.clock.at
        assert all(each["at"] >= tried_at - SKEW for each in followed), f"an earlier one is followed\n{self.trace}"
        known = [str(each["id"]) for each in world.ours()]
        if self.told_id in known and refund.provider_id is not None:
            assert refund.provider_id == self.told_id, f"another than ours is followed\n{self.trace}"
        self.told_id = refund.provider_id

    def ends(self) -> None:
        """In quiet times it comes to an end, or to a person."""
        self.world.calm = True
        for _ in range(12):
            self.clock.at += OWN_TIME + timedelta(hours=6)
            for each in self.world.given:
                if each["status"] in ("pending", "processing", "needs-attention"):
                    each["status"] = "processed"
                    each["was"].append("processed")
            self.desk_runs()
            self.check()
        over = (RefundStatus.PROCESSED, RefundStatus.FAILED, RefundStatus.NEEDS_REVIEW)
        assert self.refund.status in over, f"never over: {self.refund.status}\n{self.trace}"


@pytest.mark.timeout(7_200)
def test_no_sequence_of_answers_gives_back_twice_or_credits_what_went_out(sqlite_runtime: Runtime) -> None:
    ends: dict[str, int] = {}
    posts = 0
    with EffectLease(timedelta(days=1)).held():
        for chance, trace in sequences():
            with sqlite_runtime.db.transaction() as session:
                story = Story(Market(session, sqlite_runtime), chance, trace)
                steps: list[Callable[[], None]] = [story.desk_runs] * 4 + [story.time_passes] * 3
                steps += [story.webhook_comes, story.provider_goes_on, story.provider_goes_on]
                steps += [story.somebody_refunds_by_hand]
                play(chance, trace, steps, story.check, most=30)
                story.ends()
                ends[story.refund.status] = ends.get(story.refund.status, 0) + 1
                posts += story.world.posts
    print(json.dumps(ends), posts, webapp_clock.now().isoformat())
    assert set(ends) >= {"processed"}
    assert posts > 0
