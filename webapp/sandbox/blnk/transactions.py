"""Blnk's transactions over HTTP: alone, back again, and asked for."""

from flask import Response

from webapp.sandbox.blnk import posting, serializers
from webapp.sandbox.blnk.balances import numbered
from webapp.sandbox.blnk.envelope import blueprint, not_found, request_body, respond
from webapp.sandbox.blnk.filters import filtered
from webapp.sandbox.core.request_inputs import query_int
from webapp.sandbox.core.sandbox import Sandbox, current
from webapp.sandbox.core.store import Thing

_MOST = 10_000


@blueprint.post("/transactions")
def transactions() -> Response:
    """Move money under a reference that nobody used before."""
    body = request_body()
    return respond(posting.post(current(), body, skip_queue=bool(body.get("skip_queue"))), 201)


@blueprint.get("/transactions")
def transactions_list() -> Response:
    """Every row, newest first."""
    rows = current().store.listed(posting.KIND, limit=query_int("limit", 20, _MOST), newest=True)
    return respond([serializers.listed(each) for each in rows])


@blueprint.get("/transactions/<identity>")
def transaction(identity: str) -> Response:
    """One row by its id."""
    return respond(serializers.by_id(found(current(), identity)))


@blueprint.get("/transactions/reference/<path:reference>")
def transaction_by_reference(reference: str) -> Response:
    """One row by its reference."""
    thing = current().store.get(posting.KIND, reference)
    if thing is None:
        raise _none(f"reference '{reference}'")
    return respond(serializers.by_reference(thing))


@blueprint.post("/transactions/filter")
def transactions_filter() -> Response:
    """Rows by what they are."""
    fields = ("reference", "parent_transaction", "status", "currency", "source", "destination", "description")
    return filtered("transactions", posting.KIND, serializers.listed, fields)


@blueprint.post("/refund-transaction/<identity>")
def refund_transaction(identity: str) -> Response:
    """The whole amount back, once; through the queue unless `skip_queue` says otherwise."""
    sandbox, body = current(), request_body()
    with sandbox.store.writing():
        row = posting.refund(sandbox, found(sandbox, identity), body, skip_queue=bool(body.get("skip_queue")))
    return respond(serializers.made(row), 201)


def found(sandbox: Sandbox, identity: str) -> Thing:
    """A row by its id. Raises BlnkWrong."""
    thing = numbered(sandbox, posting.KIND, "txn_", identity)
    if thing is None:
        raise _none(f"ID '{identity}'")
    return thing


def alter(sandbox: Sandbox, reference: str, amount: int) -> Thing:
    """Change the amount of a row by hand, and no balance."""
    with sandbox.store.writing():
        thing = sandbox.store.get(posting.KIND, reference)
        if thing is None:
            raise _none(f"reference '{reference}'")
        thing.data["precise_amount"] += amount
        sandbox.store.save(thing)
    return thing


def _none(what: str) -> Exception:
    return not_found("TXN_NOT_FOUND", f"Transaction with {what} not found")
