"""Blnk's bulks: rows in their order until one is refused; those before it stay, those after it are not tried."""

import uuid

from flask import Response

from webapp.sandbox.blnk import posting
from webapp.sandbox.blnk.balances import tell
from webapp.sandbox.blnk.envelope import BlnkWrong, asked, blueprint, refused, said
from webapp.sandbox.core.sandbox import Sandbox, current
from webapp.sandbox.core.store import Data

_MOST = 10_000
_BULK = "blnk.bulk"
_KEPT = "Previous transactions were not rolled back."
_UNDONE = "All transactions in this batch have been refunded."


@blueprint.post("/transactions/bulk")
def bulk() -> Response:
    """Very many at once. With `atomic` those before a refused one are there, and refunded by further movements."""
    wanted, box = asked(), current()
    rows, batch = wanted.get("transactions") or [], f"bulk_{uuid.uuid4()}"
    if not rows:
        raise BlnkWrong("TXN_BULK_EMPTY", "transactions cannot be empty")
    if len(rows) > _MOST:
        raise BlnkWrong("TXN_BULK_LIMIT_EXCEEDED", f"transactions cannot be more than {_MOST}")
    if wanted.get("run_async"):
        box.agenda.plan(_BULK, {"asked": wanted, "batch": batch})
        message = "Bulk transaction processing started"
        return said({"message": message, "batch_id": batch, "status": "processing"}, 202)
    try:
        _post_all(box, wanted, batch)
    except BlnkWrong as problem:
        return refused(problem, batch_id=batch)
    return said({"batch_id": batch, "status": "applied", "transaction_count": len(rows)}, 201)


def register(box: Sandbox) -> None:
    """Let bulks run by themselves."""
    box.agenda.on(_BULK, lambda task: _later(box, task))


def _post_all(box: Sandbox, wanted: Data, batch: str) -> None:
    """Through the queue a reference that was used is passed over in silence, as Blnk does. Raises BlnkWrong."""
    skip_queue = bool(wanted.get("skip_queue"))
    done: list[str] = []
    for number, each in enumerate(wanted["transactions"], 1):
        if not skip_queue and box.books.get(posting.KIND, str(each.get("reference"))):
            continue
        try:
            row = posting.post(box, each, skip_queue=skip_queue, parent=batch, meta={"sequence": number})
        except BlnkWrong as problem:
            is_undone = bool(wanted.get("atomic")) and skip_queue
            if is_undone:
                _undo(box, done)
            raise _in_batch(problem, each, number, batch, _UNDONE if is_undone else _KEPT) from None
        done.append(row["reference"])


def _undo(box: Sandbox, references: list[str]) -> None:
    for reference in references:
        if row := box.books.get(posting.KIND, reference):
            posting.refund(box, row, {}, skip_queue=True)


def _in_batch(problem: BlnkWrong, each: Data, number: int, batch: str, rest: str) -> BlnkWrong:
    named = {"Reference": each.get("reference"), "Source": each.get("source"), "Destination": each.get("destination")}
    amount = (each.get("precise_amount") or 0) / (each.get("precision") or 1)
    which = ", ".join(f"{name}: {value or ''}" for name, value in named.items())
    why = problem.detail
    if problem.code == "TXN_NOT_FOUND":
        why = f"failed to get source and destination balances: NOT_FOUND: {why}"
    said = f"failed to queue transaction {number} ({which}, Amount: {amount:.2f}): {why}. {rest}"
    return BlnkWrong(problem.code, said, details={"batch_id": batch})


def _later(box: Sandbox, task: Data) -> None:
    event: Data = {"batch_id": task["batch"], "transaction_count": len(task["asked"]["transactions"])}
    try:
        _post_all(box, task["asked"], task["batch"])
        tell(box, "bulk_transaction.applied", event | {"status": "applied"})
    except BlnkWrong as problem:
        tell(box, "bulk_transaction.failed", event | {"status": "failed", "error": problem.detail})
