"""Blnk's bulks: rows in their order until one is refused; those before it stay, those after it are not tried."""

import uuid

from flask import Response

from webapp.sandbox.blnk import posting
from webapp.sandbox.blnk.balances import send_webhook
from webapp.sandbox.blnk.envelope import BlnkWrong, blueprint, refused, request_body, respond
from webapp.sandbox.core.sandbox import Sandbox, current
from webapp.sandbox.core.store import Data

_MOST = 10_000
_BULK = "blnk.bulk"
_KEPT = "Previous transactions were not rolled back."
_UNDONE = "All transactions in this batch have been refunded."


@blueprint.post("/transactions/bulk")
def bulk() -> Response:
    """Very many at once. With `atomic` those before a refused one are there, and refunded by further movements."""
    body, sandbox = request_body(), current()
    rows, batch = body.get("transactions") or [], f"bulk_{uuid.uuid4()}"
    if not rows:
        raise BlnkWrong("TXN_BULK_EMPTY", "transactions cannot be empty")
    if len(rows) > _MOST:
        raise BlnkWrong("TXN_BULK_LIMIT_EXCEEDED", f"transactions cannot be more than {_MOST}")
    if body.get("run_async"):
        sandbox.delayed_tasks.plan(_BULK, {"request": body, "batch": batch})
        message = "Bulk transaction processing started"
        return respond({"message": message, "batch_id": batch, "status": "processing"}, 202)
    try:
        _post_all(sandbox, body, batch)
    except BlnkWrong as problem:
        return refused(problem, batch_id=batch)
    return respond({"batch_id": batch, "status": "applied", "transaction_count": len(rows)}, 201)


def register(sandbox: Sandbox) -> None:
    """Let bulks run by themselves."""
    sandbox.delayed_tasks.on(_BULK, lambda task: _later(sandbox, task))


def _post_all(sandbox: Sandbox, body: Data, batch: str) -> None:
    """Through the queue a reference that was used is passed over in silence, as Blnk does. Raises BlnkWrong."""
    skip_queue = bool(body.get("skip_queue"))
    done: list[str] = []
    for number, each in enumerate(body["transactions"], 1):
        if not skip_queue and sandbox.store.get(posting.KIND, str(each.get("reference"))):
            continue
        try:
            row = posting.post(sandbox, each, skip_queue=skip_queue, parent=batch, meta={"sequence": number})
        except BlnkWrong as problem:
            is_undone = bool(body.get("atomic")) and skip_queue
            if is_undone:
                _undo(sandbox, done)
            raise _in_batch(problem, each, number, batch, _UNDONE if is_undone else _KEPT) from None
        done.append(row["reference"])


def _undo(sandbox: Sandbox, references: list[str]) -> None:
    for reference in references:
        if row := sandbox.store.get(posting.KIND, reference):
            posting.refund(sandbox, row, {}, skip_queue=True)


def _in_batch(problem: BlnkWrong, each: Data, number: int, batch: str, rest: str) -> BlnkWrong:
    named = {"Reference": each.get("reference"), "Source": each.get("source"), "Destination": each.get("destination")}
    amount = (each.get("precise_amount") or 0) / (each.get("precision") or 1)
    which = ", ".join(f"{name}: {value or ''}" for name, value in named.items())
    why = problem.detail
    if problem.code == "TXN_NOT_FOUND":
        why = f"failed to get source and destination balances: NOT_FOUND: {why}"
    detail = f"failed to queue transaction {number} ({which}, Amount: {amount:.2f}): {why}. {rest}"
    return BlnkWrong(problem.code, detail, details={"batch_id": batch})


def _later(sandbox: Sandbox, task: Data) -> None:
    event: Data = {"batch_id": task["batch"], "transaction_count": len(task["request"]["transactions"])}
    try:
        _post_all(sandbox, task["request"], task["batch"])
        send_webhook(sandbox, "bulk_transaction.applied", event | {"status": "applied"})
    except BlnkWrong as problem:
        send_webhook(sandbox, "bulk_transaction.failed", event | {"status": "failed", "error": problem.detail})
