"""Whatever a Blnk does, in any order: in the end it has each movement once, and the desk knows it.

A few sequences in the suite; `BLNK_SEQUENCES=500` runs more, `BLNK_SEED` begins elsewhere. Each one's seed is its id.
"""

import os
import random
from collections import Counter
from typing import Any

import pytest

from tests.sandbox.conftest import Caller
from tests.services.reconciliation.conftest import send, statuses, theirs, trade
from tests.services.reconciliation.test_comparison import differing
from tests.services.reconciliation.test_mirror import ours, release_all, try_now
from tests.support.job_runs import run_job_now
from webapp.models import ProviderState
from webapp.runtime import Runtime
from webapp.sandbox import Served

FIRST, COUNT = int(os.environ.get("BLNK_SEED", "1")), int(os.environ.get("BLNK_SEQUENCES", "2"))
FAULT_MODES = (
    "error_500",
    "timeout_after",
    "truncated",
    "garbage",
    "html_200",
    "empty",
    "rate_limited",
    "html_502",
    "refuse",
)
CALLS = ("bulk", "transactions", "transaction_by_reference", "transactions_filter", "balances", "balances_filter", "*")
STEPS = (
    "trade",
    "release",
    "send",
    "send",
    "fault",
    "fault",
    "fault",
    "backup",
    "restore",
    "lose",
    "check",
    "send again",
)


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


class World:
    """A desk, its Blnk, and what happens to them by chance."""

    def __init__(self, runtime: Runtime, sandbox: Caller, chance: random.Random) -> None:
        self.runtime, self.sandbox, self.chance, self.held = runtime, sandbox, chance, list[int]()

    def step(self, name: str) -> None:
        """One thing happens."""
        if name == "trade":
            self.held += trade(self.runtime, self.chance.randint(1, 3), fee=250)
        elif name == "release" and self.held:
            release_all(self.runtime, [self.held.pop()])
        elif name == "send":
            self.send()
        elif name == "fault":
            effect = self.chance.random() < 0.5
            times = self.chance.randint(1, 3)
            fault_mode, call = self.chance.choice(FAULT_MODES), self.chance.choice(CALLS)
            self.sandbox.set_fault("blnk", call, fault_mode, times=times, seconds=0, effect=effect)
        elif name in ("backup", "restore", "lose"):
            self.sandbox.control(f"blnk/{name}")
        elif name in ("check", "send again"):
            self._closed()
            asked: dict[str, Any] = {"send": True} if name == "send again" else {}
            run_job_now(self.runtime, "check_mirror", **asked)

    def send(self) -> None:
        """What waits goes out now, whatever failed before."""
        self._closed()
        try_now(self.runtime)
        send(self.runtime)

    def _closed(self) -> None:
        with self.runtime.db.transaction() as session:
            session.query(ProviderState).delete()


@pytest.mark.parametrize("seed", range(FIRST, FIRST + COUNT))
def test_in_the_end_each_movement_is_there_once(desk: Runtime, served: Served, sandbox: Caller, seed: int) -> None:
    chance = random.Random(seed)
    world = World(desk, sandbox, chance)
    world.step("trade")
    for name in chance.choices(STEPS, k=14):
        world.step(name)

    sandbox.control("faults", method="DELETE")
    for _ in range(2):
        world.step("send again")
        world.send()
    world.step("check")

    assert set(statuses(desk)) == {"done"}
    assert theirs(served) == ours(desk)
    references = Counter(row.key for row in served.store.listed("blnk.transaction", limit=10_000))
    assert set(references.values()) <= {1}
    assert differing(desk) == []
    before = served.store.count("blnk.transaction")
    world.step("send again")
    assert served.store.count("blnk.transaction") == before
