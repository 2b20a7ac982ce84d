"""One soak: the world, its load, its faults, then quiet, and what the oracle says."""

import logging
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from soak.client import ApiClient, Refused, Stopped, with_token
from soak.deeds import Worker, workers
from soak.faults.injector import Injector
from soak.faults.kinds import WEIGHTS
from soak.faults.script import script
from soak.forms import Forms
from soak.journal import Journal
from soak.oracle import acknowledged, alerts, audit, books, provider, runs, webhooks
from soak.oracle.findings import Finding, ask_all
from soak.people import Person
from soak.probe import Probe, Proof, recovery
from soak.processes import Start, execute
from soak.rolling import Rolled, roll
from soak.scenarios import Shop
from soak.settle import heal, settle
from soak.world import Size, World, until

ENDPOINTS = {"everything": "*", "escrows": "escrow.*"}
_PROBED = ("create_missing_wallets", "release_placement_holds")
FAULTS_PER_MINUTE = 120.0
"""They overlap: small ones follow each other more quickly than the desk recovers from one."""
log = logging.getLogger("soak")


@dataclass(frozen=True)
class Plan:
    """How long, how much and how bad. `most_faults` ends the faults early.

    With `previous`, a commit, the desk begins as that release, and is brought to this one meanwhile.
    """

    seed: int
    seconds: float
    size: Size = field(default_factory=Size)
    shops: int = 4
    people: int = 2
    faults_per_minute: float = FAULTS_PER_MINUTE
    most_faults: int | None = None
    weights: dict[str, float] = field(default_factory=lambda: dict(WEIGHTS))
    pause: float = 0.3
    probe_pause: float = 0.2
    settle_seconds: float = 480.0
    on_a_small_disk: bool = False
    keep: Path | None = None
    previous: str | None = None


@dataclass
class Outcome:
    """What came of it."""

    seed: int
    faults: Counter[str] = field(default_factory=Counter)
    faults_not_done: Counter[str] = field(default_factory=Counter)
    operations: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    pages: Counter[str] = field(default_factory=Counter)
    samples: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    outstanding: dict[str, int] = field(default_factory=dict)
    recoveries: list[tuple[str, float]] = field(default_factory=list)
    unrecovered: list[str] = field(default_factory=list)
    restarts: dict[str, int] = field(default_factory=dict)
    rolled: Rolled | None = None


def soak(plan: Plan, begin: Start = execute) -> Outcome:
    """Do it all; nothing is left running, whatever happens."""
    world = World(plan.size, begin, on_a_small_disk=plan.on_a_small_disk, previous=plan.previous)
    try:
        return _Soak(plan, world).run()
    finally:
        world.close(plan.keep)


class _Soak:
    def __init__(self, plan: Plan, world: World) -> None:
        self.plan, self.world = plan, world
        self.outcome = Outcome(plan.seed)
        self.journal = Journal(world.log / "journal.jsonl")
        self.over, self.probes_over, self.patience = threading.Event(), threading.Event(), threading.Event()
        self.quiet = datetime.now(UTC)
        self.injector = Injector(world, most=plan.most_faults)

    def run(self) -> Outcome:
        began = time.monotonic()
        self.world.start()
        log.info("up after %.0f s", time.monotonic() - began)
        shops = self._shops()
        token = self.world.accounts.tokens["probe"]
        pause = self.plan.probe_pause
        probes = [Probe(self.world.url, token, job, self.probes_over, pause) for job in _PROBED]
        threads = _all([*map(self._work, shops), *self._people()])
        helpers = _all(probe.run for probe in probes)
        planned = script(self.plan.seed, self.plan.seconds, self.plan.faults_per_minute, self.plan.weights)
        with ThreadPoolExecutor(1) as beside:
            rolling = beside.submit(roll, self.world, self.plan.seconds, self.over) if self.plan.previous else None
            self.injector.run(planned, self.over)
            self.outcome.rolled = rolling.result() if rolling else None
        log.info("faults are over: %d", len(self.injector.done))
        heal(self.world)
        self._end(threads, helpers, probes)
        return self._judged([proof for probe in probes for proof in probe.proofs])

    def _shops(self) -> list[Shop]:
        token, chance = self.world.accounts.tokens["shop"], random.Random(self.plan.seed)
        shops = []
        for number in range(self.plan.shops):
            client = ApiClient(self.world.url, with_token(token), self.journal, self.patience)
            shops.append(Shop(f"s{number}", client, self.world, random.Random(chance.random())))
        for name, events in ENDPOINTS.items():
            body = {"url": self.world.receiver.url(name), "description": name, "events": [events]}
            made = shops[0].client.write("/api/v1/webhook-endpoints", body, "endpoint", name)
            self.world.receiver.secrets[name] = str(made["secret"])
        for shop in shops:
            shop.open()
        return shops

    def _work(self, shop: Shop) -> Callable[[], None]:
        def work() -> None:
            while not self.over.is_set():
                with suppress(Stopped, Refused):
                    shop.act()
                time.sleep(self.plan.pause * shop.chance.uniform(0.5, 1.5))

        return work

    def _people(self) -> list[Callable[[], None]]:
        accounts, chance = list(self.world.accounts.people.values()), random.Random(self.plan.seed + 1)
        made: list[Callable[[], None]] = []
        for number in range(self.plan.people):
            account = accounts[number % len(accounts)]
            person = Person(self.world.url, account, random.Random(chance.random()), self.outcome.pages)
            made.append(partial(person.work, self.over, self.plan.pause * 4))
        if self.plan.people:
            made += [partial(each.work, self.over, self.plan.pause * 4) for each in self._workers(chance)]
        for role in ("approver", "admin")[: self.plan.people]:
            account = self.world.accounts.people[role]
            person = Person(self.world.url, account, random.Random(chance.random()), self.outcome.pages)
            client = ApiClient(self.world.url, person.session, self.journal, self.patience)
            made.append(partial(person.decide, client, self.over, self.plan.pause * 10))
        return made

    def _workers(self, chance: random.Random) -> list[Worker]:
        def forms(account: tuple[str, str]) -> Forms:
            return Forms(self.world.url, account, self.journal, self.patience)

        return workers(forms, dict(self.world.accounts.people), chance, self.outcome.pages)

    def _end(
        self, threads: Sequence[threading.Thread], helpers: Sequence[threading.Thread], probes: Sequence[Probe]
    ) -> None:
        """Let every write be answered and the desk settle, then stop what plans and what works."""
        with suppress(TimeoutError):
            healed = time.monotonic()
            until(lambda: all(any(each.began > healed for each in probe.proofs) for probe in probes), 90)
        self.over.set()
        ends = time.monotonic() + 60
        for thread in threads:
            thread.join(max(0.0, ends - time.monotonic()))
        self.patience.set()
        self.probes_over.set()
        for thread in (*threads, *helpers):
            thread.join(20)
        log.info("the load is over: %s", dict(self.journal.counts))
        self.quiet = datetime.now(UTC)
        self.outcome.outstanding = settle(self.world, self.plan.settle_seconds, self.quiet)
        log.info("settled; outstanding: %s", self.outcome.outstanding)

    def _judged(self, proofs: list[Proof]) -> Outcome:
        until_then = datetime.now(UTC) - timedelta(seconds=5)
        made = self.outcome
        made.restarts = {
            name: each.starts - 1 for name, each in self.world.supervisor.processes.items() if each.starts > 1
        }
        self._quieten()
        made.findings = judge(self.world, self.world.log / "journal.jsonl", until_then, self.quiet)
        made.faults = Counter(each.kind for each in self.injector.done)
        made.faults_not_done = self.injector.failed
        made.operations, made.answers, made.samples = self.journal.counts, self.journal.answers, self.journal.samples
        for fault in self.injector.done:
            seconds = recovery(proofs, fault.ended)
            if seconds is None:
                made.unrecovered.append(fault.kind)
            else:
                made.recoveries.append((fault.kind, seconds))
        return made

    def _quieten(self) -> None:
        """Stop the desk, and leave its database to the oracle."""
        for each in self.world.supervisor.of("scheduler", "worker", "web"):
            each.held = True
            each.send_to_all(signal.SIGTERM)
        with suppress(TimeoutError):
            until(lambda: not any(each.is_up for each in self.world.supervisor.of("scheduler", "worker", "web")), 40)


def judge(world: World, journal: Path, until_then: datetime, quiet: datetime) -> list[Finding]:
    """Everything that the oracle has to say of slots until an instant, and of events until it was quiet."""
    with world.postgresql.connect() as connection:
        return [
            *ask_all(connection, [*books.RULES, *alerts.RULES]),
            *runs.check(connection, until_then),
            *acknowledged.check(connection, journal),
            *provider.check(connection, world.sandbox_file),
            *webhooks.check(connection, world.folder / "received.jsonl", ENDPOINTS, quiet),
            *audit.check(connection, world.secret),
        ]


def _all(works: Iterable[Callable[[], None]]) -> list[threading.Thread]:
    threads = [threading.Thread(target=work, daemon=True) for work in works]
    for thread in threads:
        thread.start()
    return threads
