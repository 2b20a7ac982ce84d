"""Blnk's transactions over HTTP: alone, in bulk, back again, and asked for."""

import uuid

from flask import Response

from webapp.sandbox.blnk import posting, shapes
from webapp.sandbox.blnk.balances import numbered, tell
from webapp.sandbox.blnk.filters import filtered
from webapp.sandbox.blnk.manner import BlnkWrong, blueprint, said
from webapp.sandbox.books import Data, Thing
from webapp.sandbox.box import Box, here
from webapp.sandbox.inputs import body, natural

_MOST = 10_000
_BULK = "blnk.bulk"


@blueprint.post("/transactions")
def transactions() -> Response:
    """Move money under a reference that nobody used before."""
    asked = body()
    return said(posting.post(here(), asked, skip_queue=bool(asked.get("skip_queue"))), 201)


@blueprint.get("/transactions")
def transactions_list() -> Response:
    """Every row, newest first."""
    found = here().books.listed(posting.KIND, limit=natural("limit", 20, _MOST), newest=True)
    return said([shapes.transaction(each) for each in found])


@blueprint.get("/transactions/<identity>")
def transaction(identity: str) -> Response:
    """One row by its id."""
    return said(shapes.transaction(_found(here(), identity)))


@blueprint.get("/transactions/reference/<path:reference>")
def transaction_by_reference(reference: str) -> Response:
    """One row by its reference."""
    thing = here().books.get(posting.KIND, reference)
    if thing is None:
        raise BlnkWrong("TXN_NOT_FOUND", f"Transaction with reference '{reference}' not found")
    return said(shapes.transaction(thing))


@blueprint.post("/transactions/filter")
def transactions_filter() -> Response:
    """Rows by what they are."""
    fields = ("reference", "parent_transaction", "status", "currency", "source", "destination", "precise_amount")
    return filtered(posting.KIND, "transaction_id", shapes.transaction, (*fields, "description"))


@blueprint.post("/refund-transaction/<identity>")
def refund_transaction(identity: str) -> Response:
    """The whole amount back, once."""
    box = here()
    with box.books.writing():
        row = posting.refund(box, _found(box, identity), body())
    return said(shapes.transaction(row), 201)


@blueprint.post("/transactions/bulk")
def bulk() -> Response:
    """Very many at once; together only with `atomic`."""
    asked, box = body(), here()
    wanted, batch = asked.get("transactions") or [], f"bulk_{uuid.uuid4()}"
    if not 0 < len(wanted) <= _MOST:
        raise BlnkWrong("TXN_VALIDATION_ERROR", f"transactions: between 1 and {_MOST}")
    if asked.get("run_async"):
        box.agenda.plan(_BULK, {"asked": asked, "batch": batch})
        message = "Bulk transaction processing started"
        return said({"message": message, "batch_id": batch, "status": "processing"}, 202)
    _post_all(box, asked, batch)
    return said({"batch_id": batch, "status": "applied", "transaction_count": len(wanted)}, 201)


def alter(box: Box, reference: str, amount: int) -> Thing:
    """Change the amount of a row by hand, and no balance."""
    with box.books.writing():
        thing = box.books.get(posting.KIND, reference)
        if thing is None:
            raise BlnkWrong("TXN_NOT_FOUND", f"Transaction with reference '{reference}' not found")
        thing.data["precise_amount"] += amount
        box.books.save(thing)
    return thing


def register(box: Box) -> None:
    """Let bulks run by themselves."""
    box.agenda.on(_BULK, lambda task: _bulk_later(box, task))


def _found(box: Box, identity: str) -> Thing:
    thing = numbered(box, posting.KIND, "txn_", identity)
    if thing is None:
        raise BlnkWrong("TXN_NOT_FOUND", f"Transaction with ID '{identity}' not found")
    return thing


def _post_all(box: Box, asked: Data, batch: str) -> None:
    """Through the queue a reference that was used is passed over in silence, as Blnk does."""
    skip_queue, done = bool(asked.get("skip_queue")), []
    try:
        for each in asked["transactions"]:
            if skip_queue or box.books.get(posting.KIND, str(each.get("reference"))) is None:
                done.append(posting.post(box, each, skip_queue=skip_queue, parent=batch)["reference"])
    except BlnkWrong:
        for reference in done if asked.get("atomic") and skip_queue else []:
            if row := box.books.get(posting.KIND, reference):
                posting.refund(box, row, {})
        raise


def _bulk_later(box: Box, task: Data) -> None:
    event: Data = {"batch_id": task["batch"], "transaction_count": len(task["asked"]["transactions"])}
    try:
        _post_all(box, task["asked"], task["batch"])
        tell(box, "bulk_transaction.applied", event | {"status": "applied"})
    except BlnkWrong as problem:
        tell(box, "bulk_transaction.failed", event | {"status": "failed", "error": problem.detail})
