"""No sequence of Flutterwave's answers, in both versions, makes the desk give back twice, or credit what went out."""

import copy
import json
import random
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.providers.paystack.test_refund_sequences import COLLECTED, PaystackWorld, Story
from tests.support.market import Market
from tests.support.sequences import SILENCE, Answer, Trace, WorldClient, play, sequences
from webapp.conformance import records
from webapp.models import Payment
from webapp.providers.flutterwave.common import HostedPages
from webapp.providers.flutterwave.known_answers import ANSWERS
from webapp.providers.flutterwave.oauth_token import Tokens
from webapp.providers.flutterwave.v3 import FlutterwaveV3
from webapp.providers.flutterwave.v4 import FlutterwaveV4
from webapp.providers.http.leases import EffectLease
from webapp.runtime import Runtime

RECORDED = {row["name"]: row for row in records.of("flutterwave")["bodies"]}
PAGES = HostedPages(60, 3)
_NOTHING_DONE = ("v3-429", "v3-401-invalid-key", "v3-400-secret-key-required", "v4-403")
_NO_ANSWERS = ("v3-502-html", "v3-500-app-error", "v3-200-html", "v3-403-cloudflare")


class FlutterwaveWorld(PaystackWorld):
    """One paid transaction beside another that succeeded under its reference, and what became of its refunds."""

    refused_twice: str
    words: Mapping[str, tuple[str, ...]]

    def answer(self, method: str, path: str, params: Mapping[str, Any], body: Any) -> Answer:
        if method == "POST":
            return self._sent(path, body)
        if not self.calm and self.chance.random() < 0.3:
            return self._lost() if self.chance.random() < 0.5 else self._recorded(self.chance.choice(_NOTHING_DONE))
        return self._asked(path)

    def number(self) -> Any:
        """Of the transaction that is given back."""

    def _asked(self, path: str) -> Answer:
        raise NotImplementedError

    def _begun(self, made: Mapping[str, Any]) -> Answer:
        raise NotImplementedError

    def _sent(self, path: str, body: Any) -> Answer:
        self.posts += 1
        assert str(self.number()) in (str(body.get("charge_id")), *path.split("/")), "another transaction is given back"
        amount, left = round(float(body["amount"]) * 100), COLLECTED - self.out()
        if left <= 0:
            return self._recorded(self.refused_twice)
        if amount > left:
            return 400, self._too_much()
        happens = "done" if self.calm else self.chance.choice(("done", "lost before", "lost after", "less", "nothing"))
        if happens == "nothing":
            return self._recorded(self.chance.choice(_NOTHING_DONE))
        if happens == "lost before":
            return self._lost()
        made = self._made(amount // 2 if happens == "less" else amount, "desk", "pending")
        if happens == "lost after":
            made["seen_at"] = self.clock.at + timedelta(minutes=self.chance.choice((0, 5, 30, 55)))
            return self._lost()
        return self._begun(made)

    def _too_much(self) -> Any:
        raise NotImplementedError

    def _lost(self) -> Answer:
        return self.chance.choice((SILENCE, self._recorded(self.chance.choice(_NO_ANSWERS))))

    def _recorded(self, name: str) -> Answer:
        return RECORDED[name]["status"], copy.deepcopy(RECORDED[name]["says"])

    def _word(self, status: str) -> str:
        return self.chance.choice(self.words[status])

    def _seen(self) -> list[dict[str, Any]]:
        return [each for each in self.given if each["seen_at"] <= self.clock.at]

    def _list(self, name: str, rows: list[dict[str, Any]]) -> Answer:
        answer = copy.deepcopy(RECORDED[name]["says"])
        self.chance.shuffle(rows)
        answer["data"], answer["meta"]["page_info"]["total_pages"] = rows, 1
        return 200, answer


class V3World(FlutterwaveWorld):
    """What v3 tells of it."""

    refused_twice = "v3-refund-409-duplicate"
    words = {
        "pending": ("pending", "pending-momo"),
        "processing": ("processing",),
        "processed": ("completed-mpgs", "successful", "complete"),
        "failed": ("failed",),
        "needs-attention": ("pending",),
    }

    def number(self) -> int:
        return 9002

    def _asked(self, path: str) -> Answer:
        if path.endswith("/verify"):
            data = RECORDED["v3-verify-successful"]["says"]["data"]
            mine = {"id": self.number(), "tx_ref": self.reference, "amount": COLLECTED // 100}
            return 200, {"status": "success", "message": "ok", "data": data | mine}
        row = RECORDED["v3-refunds-list"]["says"]["data"][0]
        at = self._written(self.clock.at)
        strange = row | {"id": 1, "transaction_id": 9001, "amount_refunded": COLLECTED // 100, "created_at": at}
        return self._list("v3-refunds-list", [strange, *(self._row(each) for each in self._seen())])

    def _row(self, made: Mapping[str, Any]) -> dict[str, Any]:
        row = copy.deepcopy(RECORDED["v3-refunds-list"]["says"]["data"][0])
        said = {"amount_refunded": made["amount"] / 100, "status": self._word(made["status"])}
        when = {"transaction_id": self.number(), "created_at": self._written(made["at"])}
        return cast(dict[str, Any], row | {"id": made["id"]} | said | when)

    def _begun(self, made: Mapping[str, Any]) -> Answer:
        answer = copy.deepcopy(RECORDED["v3-refund-completed"]["says"])
        answer["data"] |= {"id": made["id"], "tx_id": self.number(), "amount_refunded": made["amount"] / 100}
        return 200, answer

    def _too_much(self) -> Any:
        return {"status": "error", "message": "Refund amount is more than the transaction's", "data": None}


class V4World(FlutterwaveWorld):
    """What v4 tells of it."""

    refused_twice = "v4-refund-400-already"
    words = {
        "pending": ("new", "pending"),
        "processing": ("pending",),
        "processed": ("succeeded", "completed"),
        "failed": ("failed", "cancelled"),
        "needs-attention": ("requires_action",),
    }

    def number(self) -> str:
        return "chg_9002"

    def _asked(self, path: str) -> Answer:
        if path.startswith("/charges"):
            data = RECORDED["v4-charges-list"]["says"]["data"][0]
            mine = {"id": self.number(), "reference": self.reference, "amount": COLLECTED // 100}
            return 200, {"status": "success", "message": "ok", "data": data | mine}
        if path != "/refunds":
            found = next((each for each in self.given if str(each["id"]) == path.rpartition("/")[2]), None)
            if found is None:
                return self._recorded("v4-404-charge")
            return 200, {"status": "success", "message": "Refund fetched", "data": self._row(found)}
        row = RECORDED["v4-refunds-list"]["says"]["data"][0]
        at = self._written(self.clock.at)
        strange = row | {"charge_id": "chg_9001", "amount_refunded": COLLECTED // 100, "created_datetime": at}
        return self._list("v4-refunds-list", [strange, *(self._row(each) for each in self._seen())])

    def _row(self, made: Mapping[str, Any]) -> dict[str, Any]:
        row = copy.deepcopy(RECORDED["v4-refunds-list"]["says"]["data"][0])
        said = {"amount_refunded": made["amount"] / 100, "status": self._word(made["status"])}
        when = {"charge_id": self.number(), "created_datetime": self._written(made["at"])}
        return cast(dict[str, Any], row | {"id": str(made["id"])} | said | when)

    def _begun(self, made: Mapping[str, Any]) -> Answer:
        answer = copy.deepcopy(RECORDED["v4-refund-initiated-no-status"]["says"])
        mine = {"id": str(made["id"]), "charge_id": self.number(), "amount_refunded": made["amount"] / 100}
        answer["data"] |= mine
        return 201, answer

    def _too_much(self) -> Any:
        fields = [{"field_name": "amount", "message": "amount is greater than what is left"}]
        error = {"type": "REQUEST_NOT_VALID", "code": "10400", "message": "Request is not valid"}
        return {"status": "failed", "error": error | {"validation_errors": fields}}


class FlutterwaveStory(Story):
    """The same story, told by Flutterwave."""

    def __init__(self, market: Market, chance: random.Random, trace: Trace, version: str) -> None:
        super().__init__(market, chance, trace)
        payment = self.session.get_one(Payment, self.refund.payment_id)
        made = {"v3": V3World, "v4": V4World}[version](chance, self.clock, payment.reference or "")
        payment.provider = self.refund.provider = "flutterwave"
        payment.provider_id = str(made.number())
        self.world = made
        if chance.random() < 0.3:
            made.by_hand()
        client = WorldClient("flutterwave", ANSWERS, made, trace)
        tokens = cast(Tokens, SimpleNamespace(give_up=lambda: None))
        company = FlutterwaveV3(client, PAGES) if version == "v3" else FlutterwaveV4(client, tokens, PAGES)
        providers = SimpleNamespace(refund_senders={"flutterwave": company}, chargeback_readers={})
        self.runtime = cast(Runtime, SimpleNamespace(providers=providers))
        self.session.flush()


@pytest.mark.parametrize("version", ["v3", "v4"])
def test_no_sequence_of_answers_gives_back_twice_or_credits_what_went_out(
    sqlite_runtime: Runtime, version: str
) -> None:
    ends: Counter[str] = Counter()
    posts = 0
    with EffectLease(timedelta(days=1)).held():
        for chance, trace in sequences():
            with sqlite_runtime.db.transaction() as session:
                story = FlutterwaveStory(Market(session, sqlite_runtime), chance, trace, version)
                steps: list[Callable[[], None]] = [story.desk_runs] * 4 + [story.time_passes] * 3
                steps += [story.webhook_comes, story.provider_goes_on, story.provider_goes_on]
                steps += [story.somebody_refunds_by_hand]
                play(chance, trace, steps, story.check, most=30)
                story.ends()
                ends[story.refund.status] += 1
                posts += story.world.posts
    print(json.dumps(ends), posts)
    assert set(ends) >= {"processed"}
    assert posts > 0
