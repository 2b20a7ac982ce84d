"""A sandbox of each test, quick in everything, whose webhooks come to its own receiver."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from webapp.sandbox import Options, SandboxSettings, Served, serving


class Caller:
    """A desk that calls the sandbox."""

    def __init__(self, served: Served) -> None:
        self.served, self.url = served, served.url

    def __call__(self, method: str, path: str, json: Any = None, **more: Any) -> requests.Response:
        more.setdefault("timeout", 30)
        return requests.request(method, f"{self.url}{path}", json=json, allow_redirects=False, **more)

    def control(self, path: str, json: Any = None, method: str = "POST") -> Any:
        """Move the world; the answer's JSON."""
        answer = self(method, f"/control/{path}", json)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def set_fault(self, provider: str, call: str, fault_mode: str, **more: Any) -> None:
        """Let a call have a fault."""
        self.control("faults", {"provider": provider, "call": call, "fault_mode": fault_mode, **more})

    def webhooks(self, provider: str, count: int, seconds: float = 30) -> list[dict[str, Any]]:
        """What came to the desk from this provider, once there are so many."""
        until(lambda: len(self._hooks(provider)) >= count, seconds)
        return self._hooks(provider)

    def _hooks(self, provider: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.control(f"hooks/webhooks/{provider}", method="GET")
        return found


class Paystack(Caller):
    """One that has Paystack's key."""

    def __call__(self, method: str, path: str, json: Any = None, **more: Any) -> requests.Response:
        if path.startswith("/paystack"):
            more.setdefault("headers", {"Authorization": "Bearer sk_sandbox_paystack"})
        return super().__call__(method, path, json, **more)

    def start(self, reference: str, amount: int = 250_000, **more: Any) -> requests.Response:
        """Start a checkout."""
        asked = {"email": "ama@example.com", "amount": amount, "reference": reference, **more}
        return self("POST", "/paystack/transaction/initialize", asked)

    def verify(self, reference: str, **more: Any) -> requests.Response:
        """Ask what became of it."""
        return self("GET", f"/paystack/transaction/verify/{reference}", **more)

    def transfer(self, reference: str, amount: int = 90_000) -> requests.Response:
        """Send money to a recipient."""
        account = {"type": "nuban", "name": "Kofi", "account_number": "0001112223", "bank_code": "058"}
        code = self("POST", "/paystack/transferrecipient", account).json()["data"]["recipient_code"]
        asked = {"source": "balance", "amount": amount, "recipient": code, "reference": reference, "currency": "NGN"}
        return self("POST", "/paystack/transfer", asked)


def until(is_so: Callable[[], object], seconds: float = 30) -> None:
    """Wait for something; fail when it does not come."""
    ends = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < ends, "it did not come"
        time.sleep(0.02)


@pytest.fixture
def served() -> Iterator[Served]:
    """A sandbox whose desk is its own receiver."""
    options = Options(settle_seconds=0.1, refund_seconds=0.1, retry_seconds=0.05, patience=1.0)
    with serving(SandboxSettings(options=options)) as made:
        options.desk = f"{made.url}/hooks"
        yield made


@pytest.fixture
def paystack(served: Served) -> Paystack:
    """Paystack, with the right key."""
    return Paystack(served)
