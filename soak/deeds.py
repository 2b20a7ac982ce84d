"""What people do with forms: they freeze and lift, put off, decide, dispute, reverse and approve what they find."""

import random
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from itertools import count

import requests

from soak.client import Refused, Stopped
from soak.forms import Forms

_NUMBERS = count(1)
_ESCROW, _DISPUTE, _APPROVAL = (
    re.compile(rf'href="/{name}/(\d+)["/?]') for name in ("escrows", "disputes", "approvals")
)
_LIFT = re.compile(r'href="(/escrows/\d+/freezes/\d+/lift)"')
_RESOLUTIONS = ("release_to_seller", "refund_to_buyer", "no_fault")
_LISTS = ("/escrows/", "/escrows/?tab=all", "/placements/")
_REASONS = ("not_delivered", "late", "damaged")


class Worker:
    """One of the people who work on the desk; `role` is what they may do, and their name."""

    def __init__(self, role: str, password: str, forms: Forms, chance: random.Random, counts: Counter[str]) -> None:
        self._role, self._password, self._forms = role, password, forms
        self._chance, self._counts = chance, counts

    def work(self, over: threading.Event, pause: float) -> None:
        """Do one thing after another until it is over."""
        deeds = {
            "agent": (self._freeze_and_lift, self._decide, self._decide, self._dispute, self._resolve, self._resolve),
            "approver": (self._approve, self._approve, self._freeze_and_lift, self._resolve),
            "admin": (self._reverse, self._approve, self._decide),
        }[self._role]
        while not over.is_set():
            try:
                self._chance.choice(deeds)()
            except (requests.RequestException, Refused) as failure:
                self._counts[f"form {type(failure).__name__}"] += 1
            except Stopped:
                return
            time.sleep(pause * self._chance.uniform(0.5, 1.5))

    def _freeze_and_lift(self) -> None:
        """Freeze an escrow, and lift what freezes it."""
        for escrow in self._found(_ESCROW, self._chance.choice(_LISTS)):
            self._reasoned(f"/escrows/{escrow}/freeze", "freeze")
            for lift in _LIFT.findall(self._forms.look(f"/escrows/{escrow}").text):
                with suppress(Refused):
                    self._reasoned(lift, "unfreeze")

    def _decide(self) -> None:
        """Pay or give back what is held."""
        for escrow in self._found(_ESCROW, self._chance.choice(_LISTS)):
            action = self._chance.choice(("release", "refund"))
            self._reasoned(f"/escrows/{escrow}/{action}", f"escrow_{action}")

    def _dispute(self) -> None:
        """Open a dispute for the buyer."""
        for escrow in self._found(_ESCROW, "/escrows/"):
            claim = self._new("dispute")
            values = {"claimant": "buyer", "kind": "dispute", "reason_code": self._chance.choice(_REASONS)}
            self._forms.send(f"/disputes/open/{escrow}", values | {"claim": claim}, "dispute", claim)

    def _resolve(self) -> None:
        """Decide a dispute, or write down that it is given up."""
        for dispute in self._found(_DISPUTE, "/disputes/"):
            if self._chance.random() < 0.2:
                self._reasoned(f"/disputes/{dispute}/withdraw", "withdrawal")
                continue
            resolution = self._chance.choice(_RESOLUTIONS)
            self._reasoned(f"/disputes/{dispute}/decision", "resolution", resolution=resolution, code="agreement")

    def _reverse(self) -> None:
        """Take back what left an escrow, and hold it, or give it to the buyer."""
        for escrow in self._found(_ESCROW, "/escrows/?tab=all"):
            then = self._chance.choice(("transfer.reverse", "transfer.reverse_and_refund"))
            self._reasoned(f"/escrows/{escrow}/reversal", "reversal", then=then, to_debt="y")

    def _approve(self) -> None:
        """Approve or reject what somebody else has proposed."""
        for approval in self._found(_APPROVAL, "/approvals/"):
            name, path = f"{self._role}:{approval}", f"/approvals/{approval}"
            if self._chance.random() < 0.8:
                self._forms.send(f"{path}/approve", {"secret": self._password}, "approval", name)
            else:
                self._forms.send(f"{path}/reject", {"reason": "Not so."}, "approval", name)

    def _found(self, what: "re.Pattern[str]", page: str) -> list[str]:
        """The number of one thing that a list shows; nothing when it shows none."""
        numbers = sorted(set(what.findall(self._forms.look(page).text)), key=int)
        return [self._chance.choice(numbers)] if numbers else []

    def _reasoned(self, path: str, kind: str, **values: str) -> None:
        reason = self._new(kind)
        self._forms.send(path, {"reason": reason} | values, kind, reason)

    def _new(self, kind: str) -> str:
        return f"{self._role}-{kind}-{next(_NUMBERS)}".replace("_", "-")


def workers(
    make: Callable[[tuple[str, str]], Forms],
    people: dict[str, tuple[str, str]],
    chance: random.Random,
    counts: Counter[str],
) -> list[Worker]:
    """One for each role that has something to do."""
    return [
        Worker(role, people[role][1], make(people[role]), random.Random(chance.random()), counts)
        for role in ("agent", "approver", "admin")
    ]
