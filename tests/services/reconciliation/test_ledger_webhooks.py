"""Blnk's webhooks: ours confirm and are counted; a movement that we did not send is a discrepancy at once."""

import json
import time
from typing import Any

import pytest
from sqlalchemy import select

from tests.providers.conftest import Outfit
from tests.sandbox.conftest import Caller
from tests.services.reconciliation.conftest import BLNK, trade
from tests.services.reconciliation.test_comparison import alerting, differing
from tests.support.declared_jobs import Declare
from tests.support.job_runs import run_job_now
from webapp import clock
from webapp.app import create_app
from webapp.conformance import records
from webapp.domain.alert_definitions import TRANSFER_REJECTED
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.jobs.run_job import run_here
from webapp.models import Alert, IgnoredWebhookEvent, InboundWebhook, MirrorAccount, Run, Transfer
from webapp.runtime import Runtime
from webapp.sandbox import Served
from webapp.sandbox.core.settings import SANDBOX_KEYS, Keys
from webapp.sandbox.webhooks.sender import KIND
from webapp.sandbox.webhooks.signatures import SIGNERS
from webapp.services.alerts import alerts


@pytest.fixture
def told(outfit: Outfit, declare: Declare) -> Runtime:
    """A desk that mirrors its ledger and believes Blnk's webhooks."""
    runtime = outfit(**BLNK, blnk_webhook_secret=SANDBOX_KEYS["BLNK_WEBHOOK_SECRET"])
    register_jobs(runtime)
    return runtime


def hear(runtime: Runtime, bodies: list[Any]) -> None:
    """Blnk posts these, and what is to be done about them is done."""
    client = create_app(runtime).test_client()
    for body in bodies:
        raw = json.dumps(body).encode()
        headers = SIGNERS["blnk"](Keys(), raw, int(time.time()))
        assert client.post("/webhooks/blnk", data=raw, headers=headers).status_code == 200
    with runtime.db.reading() as session:
        asked = session.scalars(select(Run.id).where(Run.job == "handle_webhooks", Run.status == "queued")).all()
    for run_id in asked:
        assert run_here(runtime, run_id).status == "succeeded"


def posted(served: Served) -> list[Any]:
    """What the sandbox's Blnk posted."""
    return [json.loads(row.data["body"]) for row in served.store.listed(KIND, parent="blnk", limit=1_000)]


def mirrored(runtime: Runtime, count: int) -> list[str]:
    trade(runtime, count, fee=250)
    run_job_now(runtime, "deliver_outbox")
    with runtime.db.reading() as session:
        return list(session.scalars(select(MirrorAccount.balance_id)))


def kept(runtime: Runtime) -> list[tuple[str, str | None]]:
    with runtime.db.reading() as session:
        return [(row.status, row.reference) for row in session.scalars(select(InboundWebhook))]


def counted(runtime: Runtime) -> dict[str, int]:
    with runtime.db.reading() as session:
        return {row.event: row.count for row in session.scalars(select(IgnoredWebhookEvent))}


def move(sandbox: Caller, reference: str, source: str, destination: str) -> None:
    asked = {"precise_amount": 9, "precision": 100, "reference": reference, "currency": "NGN", "description": "x"}
    asked |= {"source": source, "destination": destination, "skip_queue": True, "allow_overdraft": True}
    key = {"X-Blnk-Key": SANDBOX_KEYS["BLNK_API_KEY"]}
    assert sandbox("POST", "/blnk/transactions", asked, headers=key).status_code == 201


def test_ours_are_counted_and_leave_no_row_each(told: Runtime, served: Served) -> None:
    mirrored(told, 3)
    hear(told, posted(served))
    assert kept(told) == []
    assert counted(told)["transaction.applied"] == 3
    assert {"ledger.created", "balance.created"} <= counted(told).keys()
    assert differing(told) == []


def test_a_movement_that_we_did_not_send_is_a_discrepancy_at_once(
    told: Runtime, served: Served, sandbox: Caller
) -> None:
    balance = mirrored(told, 1)[0]
    move(sandbox, "by-hand", "@World", balance)
    move(sandbox, "a-stranger", "@World", "@Else")
    hear(told, posted(served))
    assert kept(told) == [("handled", "by-hand")]
    assert differing(told) == [("by-hand", "missing_here", None, 9)]
    [said] = alerting(told)
    assert "by-hand" in said


def test_a_reference_of_ours_with_a_number_that_we_did_not_send_is_not_ours(
    told: Runtime, served: Served, sandbox: Caller
) -> None:
    balance = mirrored(told, 1)[0]
    with told.db.reading() as session:
        reference = session.scalars(select(Transfer.reference)).one()
    move(sandbox, f"{reference}#7", "@World", balance)
    hear(told, posted(served))
    assert [row[0] for row in differing(told)] == [f"{reference}#7"]


def test_a_rejection_of_ours_alerts_and_one_of_strangers_is_counted(told: Runtime) -> None:
    mirrored(told, 1)
    with told.db.reading() as session:
        reference = session.scalars(select(Transfer.reference)).one()
    rejected = {"event": "transaction.rejected", "data": {"transaction_id": "txn_1", "reference": f"{reference}_q"}}
    strange = {"event": "transaction.rejected", "data": {"transaction_id": "txn_2", "reference": "theirs"}}
    hear(told, [rejected, strange])
    with told.db.reading() as session:
        assert session.scalars(select(Alert.rule).where(Alert.rule == "transfer_rejected")).all()
    assert (len(kept(told)), counted(told)) == (1, {"transaction.rejected": 1})


def test_a_rejection_is_over_when_blnk_is_found_to_have_booked_it(told: Runtime, sandbox: Caller) -> None:
    mirrored(told, 1)
    with told.db.reading() as session:
        reference = session.scalars(select(Transfer.reference)).one()
    hear(told, [{"event": "transaction.rejected", "data": {"transaction_id": "txn_1", "reference": f"{reference}_q"}}])
    with told.db.transaction() as session:
        alerts.fire(session, TRANSFER_REJECTED, "another", "Blnk rejected another.", clock.now())
    run_job_now(told, "check_mirror")
    with told.db.reading() as session:
        rows = session.execute(select(Alert.subject, Alert.status).where(Alert.rule == "transfer_rejected"))
        assert {row.subject: row.status for row in rows} == {reference: "resolved", "another": "firing"}


def test_every_recorded_webhook_is_read_as_is_right(told: Runtime, sandbox: Caller) -> None:
    """Of a desk that does not know these balances they are a stranger's; of one that does, two are discrepancies."""
    recorded = [each["body"] for each in records.of("blnk")["webhooks"]]
    hear(told, recorded)
    assert (kept(told), sum(counted(told).values())) == ([], len(recorded))
    mirrored(told, 1)
    ends = {body["data"]["source"] for body in recorded if "source" in body["data"]}
    with told.db.transaction() as session:
        for row, balance in zip(session.scalars(select(MirrorAccount)).all(), sorted(ends), strict=False):
            row.balance_id = balance
    hear(told, recorded)
    assert sorted(row[0] for row in differing(told)) == ["escrow-23111-1-hold", "i1d5e274b6"]
