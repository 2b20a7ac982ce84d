"""A Paystack of recorded bodies: what it did is known here, what it answers is any body that fits, or silence."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from tests.support.sequences import Answer, Trace
from webapp.conformance import records

ROWS = {row["name"]: row for row in records.of("paystack")["answers"]}
ACCEPTED = ("transfer-pending", "transfer-queued-but-success", "transfer-otp-short", "transfer-otp-old-shape")
DUPLICATE = ("transfer-duplicate", "transfer-duplicate-404")
NOT_DONE = ("verify-429-json", "verify-429-html", "verify-invalid-key-401", "verify-ip-not-allowed-403")
REFUSED = ("initialize-currency-400", "initialize-currency-not-supported")
MEANS_NOTHING = ("initialize-zero", "refund-create-minimum", "refund-create-fully-reversed", "initialize-missing-email")
"""Errors of other calls: nobody knows what they would mean here."""
SHOWN = {
    "pending": ("transfer-verify-pending", "transfer-verify-received"),
    "otp": ("transfer-verify-otp",),
    "success": ("transfer-verify-success",),
    "failed": (
        "transfer-verify-failed",
        "transfer-verify-abandoned",
        "transfer-verify-blocked",
        "transfer-verify-rejected",
        "transfer-verify-gateway-response",
    ),
    "reversed": ("transfer-verify-reversed",),
}
ON_ITS_WAY = ("pending", "otp", "success")
OWN_TIME = timedelta(hours=20)
"""For how long it may not show what it has."""


@dataclass
class Transfer:
    """What really became of one."""

    amount: int
    made_at: datetime
    state: str = "pending"
    was_paid: bool = False

    @property
    def is_out(self) -> bool:
        """Whether the money has left us, or is about to."""
        return self.state in ON_ITS_WAY

    def become(self, state: str) -> None:
        self.state, self.was_paid = state, self.was_paid or state == "success"


@dataclass
class World:
    """Paystack, and the line to it."""

    dice: Random
    at: datetime
    trace: Trace
    transfers: dict[str, Transfer] = field(default_factory=dict)
    recipients: int = 1
    known: bool = True
    can_pay: bool = True
    is_honest: bool = False
    """Whether it answers everything at once, and nothing happens by itself."""

    def answer(self, method: str, path: str, params: Mapping[str, Any], body: Any) -> Answer:
        """What is answered; None for silence."""
        if path.endswith("/transferrecipient"):
            return self._recipient()
        return self._transfer(body) if method == "POST" else self._verify(path.rpartition("/")[2])

    def happens(self) -> None:
        """Something moves at Paystack by itself."""
        move = self.dice.random()
        if move < 0.15:
            self.can_pay = not self.can_pay
        elif move < 0.2:
            self.known = False
        for each in self.transfers.values():
            if self.dice.random() < 0.5 and each.is_out:
                paid = each.state == "success"
                each.become(self.dice.choice(("failed", "reversed", "success", "success") if paid else _NEXT))
        self.trace.note(f"truth: {[each.state for each in self.transfers.values()]}")

    def _recipient(self) -> tuple[int, Any]:
        self.recipients += not self.known
        self.known = True
        return self._said("recipient-created", recipient_code=f"RCP_{self.recipients}")

    def _transfer(self, asked: Any) -> Answer:
        reference, amount = asked["reference"], asked["amount"]
        if not self.is_honest and self.dice.random() < 0.15:
            return self._said(self.dice.choice(NOT_DONE))
        if not self.can_pay:
            return self._said(self.dice.choice(("transfer-insufficient-balance", "transfer-starter-business")))
        if asked["recipient"] != f"RCP_{self.recipients}" or not self.known:
            return self._said("transfer-invalid-recipient")
        if not self.is_honest and self.dice.random() < 0.35:  # It may look at other things before the reference.
            return self._or_silence(lambda: self._said(self.dice.choice((*REFUSED, *MEANS_NOTHING))), 0.6)
        if reference in self.transfers:
            return self._or_silence(lambda: self._said(self.dice.choice(DUPLICATE)))
        self.transfers[reference] = Transfer(amount, self.at)
        if not self.is_honest and self.dice.random() < 0.15:
            return self._said(self.dice.choice(MEANS_NOTHING))
        name = self.dice.choice(ACCEPTED)
        return self._or_silence(lambda: self._said(name, reference=reference, amount=amount, currency="NGN"), 0.3)

    def _verify(self, reference: str) -> Answer:
        found = self.transfers.get(reference)
        if not self.is_honest and self.dice.random() < 0.15:
            return self._said(self.dice.choice((*NOT_DONE, *MEANS_NOTHING)))
        if not self.is_honest and self.dice.random() < 0.1:
            return self._said(self.dice.choice(SHOWN["success"] + SHOWN["failed"]))  # a stranger's
        hidden = found is not None and self.at - found.made_at < OWN_TIME and not self.is_honest
        if found is None or (hidden and self.dice.random() < 0.4):
            return self._or_silence(lambda: self._said("transfer-verify-404"))
        name = self.dice.choice(SHOWN[found.state])
        return self._or_silence(lambda: self._said(name, reference=reference, amount=found.amount, currency="NGN"))

    def _or_silence(self, say: Callable[[], tuple[int, Any]], share: float = 0.15) -> Answer:
        if self.is_honest or self.dice.random() > share:
            return say()
        return self.dice.choice((None, (500, "<html>Bad gateway</html>"), (200, "{")))

    def _said(self, name: str, **changed: Any) -> tuple[int, Any]:
        row = ROWS[name]
        body = row["says"]
        if changed:
            body = body | {"data": body["data"] | changed}
        return row["status"], body


_NEXT = ("pending", "otp", "success", "success", "failed", "reversed")
