"""What the desk's processes count of themselves: requests, queries, waits. Each adds what is new to sums in Redis with
its heartbeat, so that whichever process Prometheus asks tells those of all, of every host, and a restart takes nothing
away.

Redis is a hint: without it nothing waits, what was counted is added later, and the other figures are told as before.
"""

import json
import os
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from functools import cached_property
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import event

from webapp.db import Database

_SUMS, _GAUGES = "desk:process-figures:1", "desk:process-gauges:1"
_SILENT_SECONDS = 120
"""A process that has added nothing for so long is gone, and its gauges with it."""
_WAITS, _AWAY = 1.0, 30.0
_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
_QUERIES = (5, 10, 20, 50, 100, 500)
_LOCK_FAILURES = {"55P03": "timeout", "40P01": "deadlock"}

in_request: ContextVar[list[int] | None] = ContextVar("in_request", default=None)
"""The queries of the request that is being answered, one number; None outside of one."""


class ProcessFigures:
    """Those of one process, and the sums of all."""

    def __init__(self, connect: Callable[[float], Redis]) -> None:
        """`connect` makes a client that waits no longer than so many seconds."""
        self._connect = connect
        self._registry = CollectorRegistry(auto_describe=False)
        self._kind: str | None = None
        self._database: Database | None = None
        self._sent: dict[str, float] = {}
        self._away_until = 0.0
        self._name = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self.request_seconds = self._histogram(
            "desk_http_request_duration_seconds", "Until the answer begins, by the route's template.", "method", "route"
        )
        self.requests = self._counter("desk_http_requests", "Answers by status.", "method", "route", "status")
        self.request_queries = self._histogram(
            "desk_http_request_queries", "Queries of a request.", "method", "route", buckets=_QUERIES
        )
        self._queries = self._counter("desk_database_queries", "Queries of the desk's processes.", "process")
        self._query_seconds = self._counter("desk_database_query_seconds", "Seconds that they took.", "process")
        self._lock_failures = self._counter(
            "desk_database_lock_failures", "Queries that gave up waiting for a lock.", "process", "reason"
        )
        self._seal_seconds = self._histogram(
            "desk_audit_seal_duration_seconds", "Sealing of audit records, waiting for others included.", "process"
        )

    def watch(self, kind: str, database: Database) -> None:
        """From now on count what this process does with its database, as a process of this kind."""
        self._kind, self._database = kind, database
        queries, seconds = self._queries.labels(kind), self._query_seconds.labels(kind)

        @event.listens_for(database.engine, "before_cursor_execute")
        def begin(connection: Any, *_: Any) -> None:
            connection.info[self] = time.perf_counter()

        @event.listens_for(database.engine, "after_cursor_execute")
        def end(connection: Any, *_: Any) -> None:
            queries.inc()
            if (begun := connection.info.pop(self, None)) is not None:
                seconds.inc(max(0.0, time.perf_counter() - begun))
            if (counted := in_request.get()) is not None:
                counted[0] += 1

        @event.listens_for(database.engine, "handle_error")
        def fail(context: Any) -> None:
            problem = context.original_exception
            reason = _LOCK_FAILURES.get(getattr(problem, "sqlstate", None) or "")
            if reason is None and "database is locked" in str(problem):
                reason = "timeout"
            if reason is not None:
                self._lock_failures.labels(kind, reason).inc()

    def sealed(self, seconds: float) -> None:
        """A transaction's audit records were sealed, in so many seconds."""
        self._seal_seconds.labels(self._kind or "").observe(seconds)

    def flush(self) -> None:
        """Add what is new to the sums of all. Raises RedisError; what was not added is so the next time."""
        if self._kind is None:
            return
        counted = dict(self._counted())
        # In one transaction: half of a histogram would be told for as long as Redis is away.
        pipe = self._redis.pipeline(transaction=True)
        for key, value in counted.items():
            # Zeros too, once: a quantile is reckoned from the empty buckets as well.
            if key not in self._sent or value != self._sent[key]:
                pipe.hincrbyfloat(_SUMS, key, value - self._sent.get(key, 0))
        pipe.hset(_GAUGES, self._name, json.dumps(self._gauges()))
        pipe.execute()
        self._sent = counted

    def forget(self) -> None:
        """This process ends: add what is new, and take its gauges away. Raises RedisError."""
        if self._kind is not None:
            self.flush()
            self._redis.hdel(_GAUGES, self._name)

    def families(self) -> Iterator[Metric]:
        """The sums of all processes; no samples while Redis is away."""
        sums, gauges = self._read()
        found = sorted(((*json.loads(key), float(value)) for key, value in sums.items()), key=_in_order)
        for family in self._registry.collect():
            complete = Metric(family.name, family.documentation, family.type)
            of_family = {f"{family.name}{end}" for end in ("", "_total", "_bucket", "_sum", "_count")}
            for name, labels, value in found:
                if name in of_family:
                    complete.add_sample(name, labels, value)
            yield complete
        yield from _of_pools(gauges)

    def _read(self) -> tuple[dict[bytes, bytes], list[dict[str, Any]]]:
        if time.monotonic() < self._away_until:
            return {}, []
        try:
            pipe = self._redis.pipeline(transaction=False)
            pipe.hgetall(_SUMS)
            pipe.hgetall(_GAUGES)
            sums, gauges = pipe.execute()
            alive = {name: json.loads(value) for name, value in gauges.items()}
            old = [name for name, each in alive.items() if time.time() - each["at"] > _SILENT_SECONDS]
            if old:
                self._redis.hdel(_GAUGES, *old)
            return sums, [each for name, each in alive.items() if name not in old]
        except (RedisError, ValueError):
            self._away_until = time.monotonic() + _AWAY
            return {}, []

    def _counted(self) -> Iterator[tuple[str, float]]:
        for family in self._registry.collect():
            for sample in family.samples:
                if not sample.name.endswith("_created"):
                    yield json.dumps([sample.name, sample.labels], sort_keys=True), sample.value

    def _gauges(self) -> dict[str, Any]:
        assert self._database is not None
        pool: Any = self._database.engine.pool
        used, idle = pool.checkedout(), pool.checkedin()
        return {
            "at": time.time(),
            "process": self._kind,
            "in_use": used,
            "idle": idle,
            "limit": self._database.pool_limit,
        }

    def _counter(self, name: str, description: str, *labels: str) -> Counter:
        return Counter(name, description, labels, registry=self._registry)

    def _histogram(self, name: str, description: str, *labels: str, buckets: Any = _SECONDS) -> Histogram:
        return Histogram(name, description, labels, registry=self._registry, buckets=buckets)

    @cached_property
    def _redis(self) -> Redis:
        return self._connect(_WAITS)


def _in_order(sample: tuple[str, dict[str, str], float]) -> tuple[Any, ...]:
    """Series by series, each one's buckets from the smallest."""
    name, labels, _ = sample
    others = sorted((key, value) for key, value in labels.items() if key != "le")
    return (others, name, float(labels.get("le", 0)))


def _of_pools(gauges: list[dict[str, Any]]) -> Iterator[Metric]:
    states = GaugeMetricFamily(
        "desk_database_pool_connections", "Connections that processes hold.", labels=["process", "state"]
    )
    limits = GaugeMetricFamily(
        "desk_database_pool_limit", "Connections that they may hold at most.", labels=["process"]
    )
    for kind in sorted({each["process"] for each in gauges}):
        of_kind = [each for each in gauges if each["process"] == kind]
        for state in ("idle", "in_use"):
            states.add_metric([kind, state], sum(each[state] for each in of_kind))
        limits.add_metric([kind], sum(each["limit"] for each in of_kind))
    yield states
    yield limits
