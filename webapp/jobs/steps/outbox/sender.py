"""Sending what is due: taken in one transaction, sent outside of any, settled in another; lanes side by side."""

import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import timedelta
from itertools import groupby

from sqlalchemy.exc import OperationalError

from webapp.jobs.steps.outbox.channels import Channels
from webapp.providers.http.leases import EffectLease
from webapp.runtime import Runtime
from webapp.services.common import instance
from webapp.services.notifications import delivery_queue
from webapp.services.notifications.delivery_queue import ClaimedDelivery, Lanes, Result
from webapp.sql import database_now

EMAILS_AT_ONCE, CONNECTIONS, IN_A_ROW = 50, 2, 20
"""Emails on one connection, such connections at once, and webhooks of one endpoint that are taken together."""
_EMAIL = "email"
_LEASE = timedelta(seconds=180)
_SETTLED_WITHIN, _PAUSE = 60.0, 0.5
"""For how long a database that is busy or away is tried again: what was sent and is not settled is sent twice."""
_Flying = dict[Future[list[tuple[ClaimedDelivery, Result]]], str]


class OutboxSender:
    """Sends until nothing is due. `settled` is called after each settlement with its results and how many arrived."""

    def __init__(
        self,
        runtime: Runtime,
        *,
        only: Lanes | None = None,
        seconds: float = 300.0,
        settled: Callable[[list[tuple[ClaimedDelivery, Result]], int], None] = lambda results, arrived: None,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        self._runtime, self._only, self._settled, self._check = runtime, only, settled, check
        self._channels = Channels(runtime.settings)
        self._seconds = seconds
        self._lease = _LEASE + timedelta(seconds=runtime.settings.provider_timeout_seconds)
        self._most = runtime.settings.provider_parallel_calls

    def run(self) -> None:
        """Send what is due, taking more for so many seconds. What is under way when it has to stop is settled first.

        Of what may be a copy only alerts leave, for they say that: for the rest it raises NotTheOriginal.
        """
        flying: _Flying = {}
        with ThreadPoolExecutor(self._most, thread_name_prefix="send") as pool:
            try:
                self._go(pool, flying)
            finally:
                if flying:
                    self._settle(flying, wait(flying).done)

    def _go(self, pool: ThreadPoolExecutor, flying: _Flying) -> None:
        ends = time.monotonic() + self._seconds
        while True:
            self._check()
            if time.monotonic() < ends:
                self._take(pool, flying)
            if not flying:
                return
            self._settle(flying, wait(flying, return_when=FIRST_COMPLETED).done)

    def _take(self, pool: ThreadPoolExecutor, flying: _Flying) -> None:
        if self._only is None and list(flying.values()).count(_EMAIL) < CONNECTIONS:
            lease = EffectLease(self._lease)
            self._fly(pool, flying, _EMAIL, self._claim(EMAILS_AT_ONCE, delivery_queue.EMAILS), lease)
        free, lease = self._most - len(flying), EffectLease(self._lease)
        for lane, deliveries in groupby(
            self._claim(free, self._only or delivery_queue.REST), key=lambda each: each.lane
        ):
            self._fly(pool, flying, lane, list(deliveries), lease)

    def _fly(
        self,
        pool: ThreadPoolExecutor,
        flying: _Flying,
        what: str,
        deliveries: list[ClaimedDelivery],
        lease: EffectLease,
    ) -> None:
        if deliveries:
            flying[pool.submit(self._channels.send, deliveries, lease)] = what

    def _claim(self, limit: int, lanes: Lanes) -> list[ClaimedDelivery]:
        if limit <= 0:
            return []
        with self._runtime.db.transaction() as session:
            if self._only != delivery_queue.ALERTS:
                instance.require(session)
            found = delivery_queue.claim(session, database_now(session), self._lease, limit, lanes, in_a_row=IN_A_ROW)
        return sorted(found, key=lambda delivery: (delivery.lane, delivery.id))

    def _settle(self, flying: _Flying, done: set[Future[list[tuple[ClaimedDelivery, Result]]]]) -> None:
        results = [pair for future in done for pair in future.result()]
        for future in done:
            del flying[future]
        self._settled(results, self._write_down(results))

    def _write_down(self, results: list[tuple[ClaimedDelivery, Result]]) -> int:
        ends = time.monotonic() + _SETTLED_WITHIN
        while True:
            try:
                with self._runtime.db.transaction() as session:
                    return delivery_queue.settle(session, results, database_now(session))
            except OperationalError:
                if time.monotonic() >= ends:
                    raise
            time.sleep(_PAUSE)
