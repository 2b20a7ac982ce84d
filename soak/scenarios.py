"""What a shop does with one order, from its making to its end, and with its parties; every step may be refused."""

import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import requests

from soak.client import ApiClient, Refused
from soak.setting_up import CURRENCY, PROPOSED
from soak.world import World

_NUMBERS = count(1)
_TERMS = ("unpaid", "unpaid", "unpaid", "paid", "wallet", "credit")
_POLICIES = ("deadline", "deadline", "completion", "buffer")
_REASONS = ("not_delivered", "late", "damaged")
_LEAVING = ("release", "refund", "split")
PROVIDERS = ("paystack", "paystack", "flutterwave")
_OUTCOMES = ("success",) * 8 + ("failed", "abandoned")


@dataclass
class Shop:
    """One client of the API: its parties, and what it does next by chance."""

    name: str
    client: ApiClient
    world: World
    chance: random.Random
    parties: list[dict[str, Any]] = field(default_factory=list)

    def open(self, parties: int = 4) -> None:
        """Bring parties along, each with a wallet, money in it and an account that payouts go to."""
        while len(self.parties) < parties:
            ref = self._new("party")
            body = {"ref": ref, "name": f"Party {ref}", "email": f"{ref}@soak.test", "currencies": [CURRENCY, PROPOSED]}
            party = self.client.write("/api/v1/parties", body, "party", ref)
            self.deposit(party)
            account = {
                "currency": CURRENCY,
                "kind": "nuban",
                "bank_code": "058",
                "account_number": f"{self.chance.randrange(10**9, 10**10)}",
                "account_name": ref,
            }
            path = f"/api/v1/parties/{party['id']}/payout-destination"
            self.client.write(path, account, "destination", str(party["id"]), method="PUT")
            self.parties.append(party)

    def act(self) -> None:
        """Do one thing whole. What is refused is left."""
        doing: Callable[[], None] = self.chance.choices(
            [self.trade, self.plan_payout, self.hold_back, lambda: self.deposit(self.chance.choice(self.parties))],
            [8, 2, 2, 1],
        )[0]
        with suppress(Refused):
            doing()

    def deposit(self, party: dict[str, Any]) -> None:
        """Money from outside into a wallet."""
        ref = self._new("deposit")
        body = {"amount": self._money(500_000, 900_000), "reference": ref, "provider_reference": f"bank-{ref}"}
        self.client.write(f"/api/v1/parties/{party['id']}/deposits", body, "deposit", ref)

    def plan_payout(self) -> None:
        """A payout that is due now."""
        ref, party = self._new("schedule"), self.chance.choice(self.parties)
        body = {"ref": ref, "party": party["ref"], "amount": self._money(100, 20_000), "due_at": _in(0)}
        self.client.write("/api/v2/payout-schedules", body, "payout_schedule", ref)

    def hold_back(self) -> None:
        """A placement's hold, which a job pays, or a person in the shop pays or gives back before."""
        buyer, seller = self.chance.sample(self.parties, 2)
        ref = self._new("hold")
        body = {
            "ref": ref,
            "placement": f"{self.name}-placement-{self.chance.randrange(3)}",
            "buyer": buyer["ref"],
            "seller": seller["ref"],
            "amount": self._money(1_000, 20_000),
            "release_at": _in(self.chance.uniform(5, 40)),
        }
        hold = self.client.write("/api/v2/escrow-holds", body, "placement_hold", ref)
        path = f"/api/v2/escrow-holds/{hold['id']}"
        ending = self.chance.choice(("", "", "release", "cancel"))
        if ending:
            self._reasoned(f"{path}/{ending}", "escrow_release" if ending == "release" else "escrow_refund")

    def trade(self) -> None:
        """An order, its payment, and what becomes of it."""
        order = self.order()
        escrow = order["escrow"]["id"]
        if order["status"] == "awaiting_payment":
            if self.chance.random() < 0.1:
                self._reasoned(f"/api/v1/orders/{order['id']}/cancel", "order_cancelled")
                return
            self.pay(order)
        ending = self.chance.choices([self._let_it_go, self._by_hand, self._dispute, self._freeze], [4, 2, 3, 2])[0]
        ending(order, escrow)

    def order(self) -> dict[str, Any]:
        """A new order between two of its parties."""
        buyer, seller = self.chance.sample(self.parties, 2)
        ref = self._new("order")
        body: dict[str, Any] = {
            "ref": ref,
            "buyer": buyer["ref"],
            "seller": seller["ref"],
            "amount": self._money(1_000, 50_000),
            "terms": self.chance.choice(_TERMS),
            "policy": self.chance.choice(_POLICIES),
            "tenant": self.name,
        }
        if body["terms"] == "unpaid" and self.chance.random() < 0.5:
            body["amount"]["currency"] = PROPOSED
        if body["policy"] == "deadline":
            body["release_at"] = _in(self.chance.uniform(1, 40))
        return self.client.write("/api/v1/orders", body, "order", ref)

    def pay(self, order: dict[str, Any]) -> None:
        """Begin a payment; its payer pays or does not; of some successes nobody tells the desk."""
        provider = self.chance.choice(PROVIDERS)
        body = {"order": order["ref"], "provider": provider}
        payment = self.client.write("/api/v1/payments", body, "payment", order["ref"])
        if not payment.get("reference"):
            return
        outcome = {"outcome": self.chance.choice(_OUTCOMES), "webhook": self.chance.random() < 0.7}
        if self.chance.random() < 0.05:
            outcome["amount"] = 1
        with suppress(requests.RequestException):
            self.world.control(f"pay/{provider}/{payment['reference']}", outcome)
            if provider == "paystack" and outcome["outcome"] == "success" and self.chance.random() < 0.25:
                self._charge_back(payment["reference"])

    def _charge_back(self, reference: str) -> None:
        """The payer's bank wants the money back, and decides later, or never."""
        number = self.world.control("dispute", {"reference": reference})["number"]
        ending = self.chance.choice(("won", "lost", "accepted", ""))
        if ending:
            self.world.control(f"dispute/{number}", {"outcome": ending})

    def _let_it_go(self, order: dict[str, Any], escrow: int) -> None:
        """The work is finished: a job pays the seller."""
        path = f"/api/v1/orders/{order['id']}/complete"
        self.client.write(path, None, "completion", str(order["id"]))

    def _by_hand(self, order: dict[str, Any], escrow: int) -> None:
        """A person in the shop releases or refunds it; sometimes both, at the same time as the job."""
        for action in self.chance.sample(["release", "refund"], self.chance.randint(1, 2)):
            with suppress(Refused):
                self._reasoned(f"/api/v1/escrows/{escrow}/{action}", f"escrow_{action}")
        if self.chance.random() < 0.5:
            self._reverse(escrow)

    def _reverse(self, escrow: int) -> None:
        """Take back what left it; as often as not it is then given to the buyer, in the same decision or after it."""
        for transfer in self.client.read(f"/api/v1/escrows/{escrow}/transfers")["data"]:
            if transfer["kind"] not in _LEAVING:
                continue
            way = self.chance.choice(("reverse", "reverse", "reverse-and-refund"))
            self._reasoned(f"/api/v1/transfers/{transfer['id']}/{way}", "reversal", to_debt=True)
            if way == "reverse" and self.chance.random() < 0.7:
                self._reasoned(f"/api/v1/escrows/{escrow}/refund", "escrow_refund")

    def _freeze(self, order: dict[str, Any], escrow: int) -> None:
        """Freeze it, have the work finished, lift the freeze."""
        self._reasoned(f"/api/v1/escrows/{escrow}/freeze", "freeze")
        with suppress(Refused):
            self._let_it_go(order, escrow)
        self._reasoned(f"/api/v1/escrows/{escrow}/unfreeze", "unfreeze")

    def _dispute(self, order: dict[str, Any], escrow: int) -> None:
        """A claim, and its decision or its withdrawal."""
        claim = self._new("claim")
        body = {"escrow_id": escrow, "claimant": "buyer", "reason_code": self.chance.choice(_REASONS), "claim": claim}
        dispute = self.client.write("/api/v1/disputes", body, "dispute", claim)
        path = f"/api/v1/disputes/{dispute['id']}"
        if self.chance.random() < 0.2:
            self._reasoned(f"{path}/withdraw", "withdrawal")
            return
        resolution = self.chance.choice(("release_to_seller", "refund_to_buyer", "split", "no_fault"))
        decision: dict[str, Any] = {"resolution": resolution, "code": "agreement"}
        if resolution == "split":
            held = int(dispute["amount"]["amount"])
            share = self.chance.randint(1, held - 1)
            decision |= {"buyer_amount": share, "seller_amount": held - share}
        self._reasoned(f"{path}/resolution", "resolution", **decision)

    def _reasoned(self, path: str, kind: str, **body: Any) -> None:
        """A decision with a reason of its own, by which it is found."""
        reason = self._new(kind)
        self.client.write(path, {"reason": reason} | body, kind, reason)

    def _money(self, least: int, most: int) -> dict[str, Any]:
        return {"amount": self.chance.randint(least, most), "currency": CURRENCY}

    def _new(self, what: str) -> str:
        return f"{self.name}-{what}-{next(_NUMBERS)}".replace("_", "-")


def _in(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")
