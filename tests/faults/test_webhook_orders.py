"""Webhooks of each kind twice, late, out of order and in parallel: each thing is settled once, as it is there."""

import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from tests.faults.money import Case, come_due, named, theirs
from tests.support.job_runs import run_job_now
from tests.support.sandbox import PAYS_AFTER, Sandbox, desk_with, world  # noqa: F401
from webapp.app import create_app
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.jobs.run_job import run_here
from webapp.models import InboundWebhook, Payment, Payout, Run
from webapp.runtime import Runtime
from webapp.sandbox.core.settings import Keys
from webapp.sandbox.webhooks.signatures import SIGNERS

Told = list[dict[str, Any]]
KINDS = {"payments": "charge", "payouts": "transfer", "refunds": "refund"}


def prepared(runtime: Runtime, world: Sandbox, case: Case) -> None:
    """Done at the provider; here nobody has heard of it."""
    case.seed(runtime, world)
    if case.name != "payments":
        run_job_now(runtime, case.job)
        time.sleep(2 * PAYS_AFTER)


def told(runtime: Runtime, world: Sandbox, case: Case, state: str) -> Told:
    """What the provider sends of each, in this state."""
    with runtime.db.reading() as session:
        refs = list(session.scalars(select(Payout.ref if case.name == "payouts" else Payment.reference)))
    if case.name == "refunds":
        rows = theirs(world, "paystack.refund")
        data: Told = [{"transaction_reference": row["parent"], "amount": row["amount"]} for row in rows]
    else:
        data = [{"reference": each} for each in refs]
    return [{"event": f"{KINDS[case.name]}.{state}", "data": each | {"status": state}} for each in data]


def post(app: Flask, bodies: Sequence[dict[str, Any]]) -> None:
    """Each is taken, whatever became of it before."""
    client = app.test_client()
    for body in bodies:
        raw = json.dumps(body).encode()
        headers = SIGNERS["paystack"](Keys(), raw, int(time.time()))
        answer = client.post("/webhooks/paystack", data=raw, headers=headers, content_type="application/json")
        assert answer.status_code == 200


def handled(runtime: Runtime) -> None:
    """Carry out the runs that webhooks asked for."""
    come_due(runtime)
    with runtime.db.reading() as session:
        asked = list(session.scalars(select(Run.id).where(Run.job == "handle_webhooks", Run.status == "queued")))
    for each in asked:
        run_here(runtime, each)


def _twice(runtime: Runtime, app: Flask, case: Case, last: Told, stale: Told) -> None:
    post(app, [*last, *last])
    handled(runtime)
    post(app, last)
    handled(runtime)


def _late(runtime: Runtime, app: Flask, case: Case, last: Told, stale: Told) -> None:
    """Asking was quicker."""
    come_due(runtime)
    run_job_now(runtime, case.job)
    assert case.is_done(runtime)
    post(app, last)
    handled(runtime)


def _out_of_order(runtime: Runtime, app: Flask, case: Case, last: Told, stale: Told) -> None:
    """What overtook is followed by what it overtook, and by a failure that is not so any more."""
    post(app, list(reversed(last)))
    handled(runtime)
    post(app, stale)
    handled(runtime)


def _in_parallel(runtime: Runtime, app: Flask, case: Case, last: Told, stale: Told) -> None:
    with ThreadPoolExecutor(4) as pool:
        for each in [pool.submit(post, app, [*last, *stale]) for _ in range(4)]:
            each.result()
    handled(runtime)


HOW: dict[str, Callable[[Runtime, Flask, Case, Told, Told], None]] = {
    "twice": _twice,
    "late": _late,
    "out-of-order": _out_of_order,
    "in-parallel": _in_parallel,
}
LAST = {"payments": "success", "payouts": "success", "refunds": "processed"}


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("kind", KINDS)
def test_however_they_come_each_thing_is_settled_once(
    kind: str,
    how: str,
    world: Sandbox,
    request: pytest.FixtureRequest,
    tmp_path: Path,
) -> None:
    url = request.getfixturevalue("pg_url" if how == "in-parallel" else "sqlite_url")
    case = named(kind)
    with desk_with(world, url, tmp_path) as runtime:
        register_jobs(runtime)
        prepared(runtime, world, case)
        last, stale = (told(runtime, world, case, state) for state in (LAST[kind], "failed"))
        HOW[how](runtime, create_app(runtime), case, last, stale)

        assert case.is_done(runtime)
        case.agree(runtime, world)
        with runtime.db.reading() as session:
            rows = session.execute(select(InboundWebhook.status, InboundWebhook.times)).all()
        assert {status for status, _ in rows} == {"handled"}
        sent = {"twice": 3 * len(last), "late": len(last), "out-of-order": 2 * len(last), "in-parallel": 8 * len(last)}
        assert sum(times for _, times in rows) == sent[how]
