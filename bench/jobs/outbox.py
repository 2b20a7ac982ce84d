"""How many events a second `deliver_outbox` brings to a local receiver that answers in 5 ms, against those asked."""

import multiprocessing
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from sqlalchemy import func, select, text

from bench.child import operator
from bench.places import KINDS, scratch
from bench.table import Ratio, Ratios
from webapp import clock
from webapp.domain.actors import Actor
from webapp.domain.permissions import ROLES
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.jobs.run_job import run_here
from webapp.models import Delivery
from webapp.runtime import Runtime
from webapp.services.scheduling import runs
from webapp.services.webhooks import endpoints
from webapp.services.webhooks.endpoints import NewEndpoint, Pace

JOB = "deliver_outbox"
EVENTS = int(os.environ.get("BENCH_ITEMS", "20000"))
ASKED, LATENCY = 1_000, 0.005
_BY_ONE = 20
"""One in so many of the events, for the endpoint that takes each by itself."""
_MAKER = Actor("cli", None, "bench", ROLES["admin"])
_HAPPEN = """
INSERT INTO event (type, subject_kind, subject_id, payload, at)
SELECT 'bench.happened', 'thing', n, '{"n": 1}', :at FROM (NUMBERS) AS numbers
"""
_NUMBERS = {
    "postgresql": "SELECT n FROM generate_series(1, CAST(:count AS bigint)) AS n",
    "sqlite": "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < :count) SELECT n FROM n",
}


class _Receiver(BaseHTTPRequestHandler):
    """Answers 200 after some milliseconds."""

    def do_POST(self) -> None:
        """Take it."""
        self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(LATENCY)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing on the screen."""


def run() -> Ratios:
    """The ratios of each database: in batches against what is asked, and against each by itself."""
    found: Ratios = {}
    for kind in KINDS:
        with scratch(kind) as runtime, _receiver() as url:
            register_jobs(runtime)
            runtime.settings.webhook_private_addresses = ["127.0.0.0/8"]
            runtime.settings.webhooks_per_minute = 600_000
            found |= _measured(kind, runtime, url)
    return found


def _measured(kind: str, runtime: Runtime, url: str) -> Ratios:
    number = _endpoint(runtime, url)
    single = _rate(kind, runtime, max(1, EVENTS // _BY_ONE))
    with runtime.db.transaction() as session:
        endpoints.set_pace(session, number, Pace(batch_size=100), at=clock.now(), actor=_MAKER)
    rate = _rate(kind, runtime, EVENTS)
    what = f"{JOB}, {kind}: events per second in batches of 100, from the event to the answer"
    return {
        f"job-{JOB}-{kind}": Ratio.of_figures(rate, ASKED, what, "asked"),
        f"job-{JOB}-{kind}-against-one-by-one": Ratio.of_figures(rate, single, what, "each event in a call"),
    }


def _endpoint(runtime: Runtime, url: str) -> int:
    with runtime.db.transaction() as session:
        new = NewEndpoint(url, "bench", ["*"])
        made, _ = endpoints.create(session, new, at=clock.now(), actor=_MAKER, settings=runtime.settings)
        return made.id


def _rate(kind: str, runtime: Runtime, count: int) -> float:
    """Events per second, from the first look at them; runs until all have arrived."""
    at = clock.now()
    stored: Any = f"{at:%Y-%m-%d %H:%M:%S.%f}" if kind == "sqlite" else at
    with runtime.db.engine.connect().execution_options(desk_writes=True) as connection, connection.begin():
        connection.execute(text(_HAPPEN.replace("NUMBERS", _NUMBERS[kind])), {"count": count, "at": stored})
    before, began = _arrived(runtime), time.perf_counter()
    while _arrived(runtime) < before + count:
        with runtime.db.transaction() as session:
            queued = runs.trigger(session, JOB, actor=operator())
        ended = run_here(runtime, queued.id)
        if ended.status != "succeeded":
            raise RuntimeError(f"{JOB} ended {ended.status}: {ended.error}")
    return count / (time.perf_counter() - began)


def _arrived(runtime: Runtime) -> int:
    with runtime.db.reading() as session:
        return session.scalars(select(func.count()).where(Delivery.status == "delivered")).one()


@contextmanager
def _receiver() -> Iterator[str]:
    """A receiver in a process of its own."""
    ready, port = multiprocessing.get_context("spawn").Pipe(duplex=False)
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(port,), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ready.recv()}/hook"
    finally:
        process.terminate()
        process.join()


def _serve(port: Any) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Receiver) as server:
        port.send(server.server_address[1])
        server.serve_forever()


if __name__ == "__main__":
    from bench.table import show

    show(run())
