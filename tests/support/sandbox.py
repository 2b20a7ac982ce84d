"""A desk whose providers are the sandbox, over real HTTP."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import update

from tests.conftest import settings_for
from tests.support import kept_connections
from tests.support.market import DIVINE, Market
from webapp import clock
from webapp.jobs.steps.start_checkout import begin
from webapp.models import Order, Payment
from webapp.runtime import Runtime, build_runtime
from webapp.sandbox import Options, SandboxSettings, Served, serving
from webapp.sandbox.core import fault_modes
from webapp.sandbox.core.settings import SANDBOX_KEYS
from webapp.services.orders import orders
from webapp.services.orders.orders import NewOrder
from webapp.services.payments import payments

OLD = timedelta(hours=25)
PAYS_AFTER = 0.05
"""Seconds after which the sandbox does by itself what it was asked for. A quick machine is there before."""
_IMPATIENT, _PATIENT = 1.0, 15.0


def timeout_for(fault_mode: str) -> float:
    """How many seconds a desk waits for an answer in this fault mode.

    Patient: a busy machine is no provider that is down, and the sandbox itself breaks off what it never answers. Only
    an answer that drips must meet the desk's own patience.
    """
    return _IMPATIENT if fault_mode == fault_modes.SLOW else _PATIENT


@dataclass
class Sandbox:
    """The sandbox, and how a test moves its world."""

    served: Served

    def control(self, path: str, json: Any = None, method: str = "POST") -> Any:
        """Move the world; the answer's JSON."""
        answer = requests.request(method, f"{self.served.url}/control/{path}", json=json, timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def set_fault(self, call: str, fault_mode: str, provider: str = "paystack", **more: Any) -> None:
        """Let a call have a fault."""
        self.control("faults", {"provider": provider, "call": call, "fault_mode": fault_mode, "times": None, **more})

    def clear_faults(self) -> None:
        """No fault any more."""
        self.control("faults", method="DELETE")

    def pay(self, reference: str | None, outcome: str = "success", provider: str = "paystack", **more: Any) -> None:
        """The payer acts; no webhook unless asked for."""
        self.control(f"pay/{provider}/{reference}", {"outcome": outcome, "webhook": False, **more})

    def settings(self) -> dict[str, Any]:
        """Settings of a desk that uses it."""
        url = self.served.url
        keys = {name.lower(): key for name, key in SANDBOX_KEYS.items()}
        return keys | {
            "paystack_url": f"{url}/paystack",
            "flutterwave_url": f"{url}/flutterwave",
            "flutterwave_v3_url": f"{url}/flutterwave",
            "flutterwave_token_url": f"{url}/flutterwave/idp/token",
            "blnk_url": f"{url}/blnk",
            "paystack_calls_per_minute": 60_000,
            "flutterwave_calls_per_minute": 60_000,
            "blnk_calls_per_minute": 60_000,
            "provider_parallel_calls": 4,
        }


@contextmanager
def sandbox() -> Iterator[Sandbox]:
    """A sandbox, quick in everything."""
    options = Options(settle_seconds=PAYS_AFTER, refund_seconds=PAYS_AFTER, retry_seconds=0.05, patience=0.3)
    with serving(SandboxSettings(options=options)) as served:
        options.desk = f"{served.url}/hooks"
        yield Sandbox(served)


@contextmanager
def desk_with(made: Sandbox, url: str, folder: Path, **more: Any) -> Iterator[Runtime]:
    """A desk on this database whose providers are the sandbox."""
    runtime = build_runtime(settings_for(url, folder, **(made.settings() | more)))
    kept_connections.take(runtime.db)
    yield runtime
    kept_connections.leave(runtime.db)


def awaiting(runtime: Runtime, amount: int = 10_000, currency: str = "NGN", **more: Any) -> tuple[int, int]:
    """An unpaid order between two new parties, and a payment of it that is old enough to be asked about."""
    with runtime.db.transaction() as session:
        market = Market(session, runtime, at=clock.now())
        buyer, seller = market.party("buyer", currency=currency), market.party("seller", currency=currency)
        buyer.email = "buyer@example.com"
        new = NewOrder(f"unpaid-{buyer.id}", buyer.id, seller.id, amount, currency, **more)
        order = orders.create(session, new, at=clock.now(), actor=DIVINE, settings=runtime.settings)
        payment = payments.create(
            session, order.id, "paystack", at=clock.now() - OLD, actor=DIVINE, settings=runtime.settings
        )
        return order.id, payment.id


def begun(runtime: Runtime, payment_id: int) -> Payment:
    """The payment, with its checkout begun at its provider."""
    return begin(runtime, payment_id, DIVINE)


def back_dated(runtime: Runtime, order_id: int, hours: int) -> None:
    """The order was made so many hours ago."""
    with runtime.db.transaction() as session:
        session.execute(
            update(Order).where(Order.id == order_id).values(created_at=clock.now() - timedelta(hours=hours))
        )


@pytest.fixture
def world() -> Iterator[Sandbox]:
    """A sandbox of this test."""
    with sandbox() as made:
        yield made


@pytest.fixture
def runtime(world: Sandbox, database_url: str, tmp_path: Path) -> Iterator[Runtime]:
    """A desk on each database whose providers are the sandbox."""
    with desk_with(world, database_url, tmp_path) as made:
        yield made


@pytest.fixture
def pg_runtime(world: Sandbox, pg_url: str, tmp_path: Path) -> Iterator[Runtime]:
    """One on PostgreSQL."""
    with desk_with(world, pg_url, tmp_path) as made:
        yield made


@pytest.fixture
def sqlite_runtime(world: Sandbox, sqlite_url: str, tmp_path: Path) -> Iterator[Runtime]:
    """One on SQLite."""
    with desk_with(world, sqlite_url, tmp_path) as made:
        yield made
