"""Blnk's held rows: committed or voided whole, once, through the queue or at once."""

import uuid

from flask import Response

from webapp.sandbox.blnk import balances, posting, serializers
from webapp.sandbox.blnk.envelope import BlnkWrong, blueprint, invalid, request_body, respond
from webapp.sandbox.blnk.transactions import found
from webapp.sandbox.core.sandbox import Sandbox, current
from webapp.sandbox.core.store import Data, Thing

_SETTLE = "blnk.inflight"
_DONE = {"commit": "APPLIED", "void": "VOID"}
_ALREADY = {"APPLIED": "TXN_ALREADY_COMMITTED", "VOID": "TXN_ALREADY_VOIDED"}


@blueprint.put("/transactions/inflight/<identity>")
def inflight(identity: str) -> Response:
    """Commit or void what is held. Shows the row itself, which stays, or with `skip_queue` the one that settled it."""
    body, sandbox = request_body(), current()
    status = str(body.get("status", ""))
    if status not in _DONE:
        raise BlnkWrong("TXN_INVALID_STATUS_ACTION", "status must be commit or void")
    if body.get("precise_amount") or body.get("amount"):
        raise invalid("amount: this sandbox commits whole amounts only.")
    with sandbox.store.writing():
        row = _held(sandbox, identity)
        row.data["settling"] = status
        sandbox.store.save(row)
        if not body.get("skip_queue"):
            sandbox.delayed_tasks.plan(_SETTLE, {"reference": row.key}, after=sandbox.options.settle_seconds)
            return respond(serializers.by_id(row) | {"queued": True})
    return respond(serializers.made(_settle(sandbox, row.key, f"ref_{uuid.uuid4()}")))


def register(sandbox: Sandbox) -> None:
    """Let what was queued be settled."""

    def settle(task: Data) -> None:
        _settle(sandbox, task["reference"], f"{task['reference']}_{uuid.uuid4()}")

    sandbox.delayed_tasks.on(_SETTLE, settle)


def _held(sandbox: Sandbox, identity: str) -> Thing:
    row = found(sandbox, identity)
    if row.data["status"] != posting.INFLIGHT:
        raise BlnkWrong("TXN_NOT_INFLIGHT", f"transaction {identity} is not inflight")
    if settled := row.data.get("settled"):
        raise BlnkWrong(_ALREADY[settled], f"transaction {identity} was settled already")
    if row.data.get("settling"):
        raise BlnkWrong("GEN_CONFLICT", "a commit or void is already queued for this transaction")
    return row


def _settle(sandbox: Sandbox, reference: str, by: str) -> Thing:
    with sandbox.store.writing():
        row = sandbox.store.get(posting.KIND, reference)
        assert row is not None
        status = _DONE[row.data["settling"]]
        for side, held in (("source", "debit"), ("destination", "credit")):
            balance = balances.found(sandbox, row.data[side])
            balance.data[f"inflight_{held}"] -= row.data["precise_amount"]
            balance.data[held] += row.data["precise_amount"] if status == "APPLIED" else 0
            balance.data["version"] += 1
            sandbox.store.save(balance)
        row.data["settled"] = status
        sandbox.store.save(row)
        child: Data = row.data | {"status": status, "inflight": False}
        made = sandbox.store.add(posting.KIND, by, child, parent=f"txn_{row.number}")
    assert made is not None
    balances.send_webhook(sandbox, f"transaction.{status.lower()}", serializers.made(made))
    return made
