"""Sending what is due: taken in one transaction, sent outside of any, settled in another; lanes side by side."""

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import timedelta
from typing import Any

from webapp import clock
from webapp.domain.states import Channel
from webapp.jobs.carriers import Carriers
from webapp.models import Delivery
from webapp.runtime import Runtime
from webapp.services import delivery_queue
from webapp.services.delivery_queue import Parcel, Result

LETTERS, MAILMEN = 50, 2
"""Emails on one connection, and such connections at once."""
_LEASE = timedelta(seconds=180)
_Flying = dict[Future[list[tuple[Parcel, Result]]], str]


class Sending:
    """Sends until nothing is due. `settled` is called after each settlement with its results and how many arrived."""

    def __init__(
        self,
        runtime: Runtime,
        *,
        only: Sequence[Any] = (),
        settled: Callable[[list[tuple[Parcel, Result]], int], None] = lambda results, arrived: None,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        self._runtime, self._only, self._settled, self._check = runtime, tuple(only), settled, check
        self._carriers = Carriers(runtime.settings)
        self._lease = _LEASE + timedelta(seconds=runtime.settings.provider_timeout_seconds)
        self._most = runtime.settings.provider_parallel_calls

    def run(self) -> None:
        """Send everything that is due. What is under way when it has to stop is settled first."""
        flying: _Flying = {}
        with ThreadPoolExecutor(self._most, thread_name_prefix="send") as pool:
            try:
                self._go(pool, flying)
            finally:
                if flying:
                    self._settle(flying, wait(flying).done)

    def _go(self, pool: ThreadPoolExecutor, flying: _Flying) -> None:
        while True:
            self._check()
            self._take(pool, flying)
            if not flying:
                return
            self._settle(flying, wait(flying, return_when=FIRST_COMPLETED).done)

    def _take(self, pool: ThreadPoolExecutor, flying: _Flying) -> None:
        if list(flying.values()).count(Channel.EMAIL) < MAILMEN:
            letters = self._claim(LETTERS, Delivery.channel == Channel.EMAIL)
            if letters:
                flying[pool.submit(self._carriers.send, letters)] = Channel.EMAIL
        free = self._most - len(flying)
        for parcel in self._claim(free, Delivery.channel != Channel.EMAIL) if free > 0 else []:
            flying[pool.submit(self._carriers.send, [parcel])] = parcel.channel

    def _claim(self, limit: int, *which: Any) -> list[Parcel]:
        with self._runtime.db.transaction() as session:
            return delivery_queue.claim(session, clock.now(), self._lease, limit, *which, *self._only)

    def _settle(self, flying: _Flying, done: set[Future[list[tuple[Parcel, Result]]]]) -> None:
        results = [pair for future in done for pair in future.result()]
        for future in done:
            del flying[future]
        with self._runtime.db.transaction() as session:
            arrived = delivery_queue.settle(session, results, clock.now())
        self._settled(results, arrived)
