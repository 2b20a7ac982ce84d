"""Blnk's held rows: committed or voided whole, once, through the queue or at once."""

import uuid

from flask import Response

from webapp.sandbox.blnk import balances, posting, serializers
from webapp.sandbox.blnk.envelope import BlnkWrong, asked, blueprint, invalid, said
from webapp.sandbox.blnk.transactions import found
from webapp.sandbox.core.sandbox import Sandbox, current
from webapp.sandbox.core.store import Data, Thing

_SETTLE = "blnk.inflight"
_DONE = {"commit": "APPLIED", "void": "VOID"}
_ALREADY = {"APPLIED": "TXN_ALREADY_COMMITTED", "VOID": "TXN_ALREADY_VOIDED"}


@blueprint.put("/transactions/inflight/<identity>")
def inflight(identity: str) -> Response:
    """Commit or void what is held. Shows the row itself, which stays, or with `skip_queue` the one that settled it."""
    wanted, box = asked(), current()
    status = str(wanted.get("status", ""))
    if status not in _DONE:
        raise BlnkWrong("TXN_INVALID_STATUS_ACTION", "status must be commit or void")
    if wanted.get("precise_amount") or wanted.get("amount"):
        raise invalid("amount: this sandbox commits whole amounts only.")
    with box.books.writing():
        row = _held(box, identity)
        row.data["settling"] = status
        box.books.save(row)
        if not wanted.get("skip_queue"):
            box.agenda.plan(_SETTLE, {"reference": row.key}, after=box.options.settle_seconds)
            return said(serializers.by_id(row) | {"queued": True})
    return said(serializers.made(_settle(box, row.key, f"ref_{uuid.uuid4()}")))


def register(box: Sandbox) -> None:
    """Let what was queued be settled."""

    def settle(task: Data) -> None:
        _settle(box, task["reference"], f"{task['reference']}_{uuid.uuid4()}")

    box.agenda.on(_SETTLE, settle)


def _held(box: Sandbox, identity: str) -> Thing:
    row = found(box, identity)
    if row.data["status"] != posting.INFLIGHT:
        raise BlnkWrong("TXN_NOT_INFLIGHT", f"transaction {identity} is not inflight")
    if settled := row.data.get("settled"):
        raise BlnkWrong(_ALREADY[settled], f"transaction {identity} was settled already")
    if row.data.get("settling"):
        raise BlnkWrong("GEN_CONFLICT", "a commit or void is already queued for this transaction")
    return row


def _settle(box: Sandbox, reference: str, by: str) -> Thing:
    with box.books.writing():
        row = box.books.get(posting.KIND, reference)
        assert row is not None
        status = _DONE[row.data["settling"]]
        for side, held in (("source", "debit"), ("destination", "credit")):
            balance = balances.found(box, row.data[side])
            balance.data[f"inflight_{held}"] -= row.data["precise_amount"]
            balance.data[held] += row.data["precise_amount"] if status == "APPLIED" else 0
            balance.data["version"] += 1
            box.books.save(balance)
        row.data["settled"] = status
        box.books.save(row)
        child: Data = row.data | {"status": status, "inflight": False}
        made = box.books.add(posting.KIND, by, child, parent=f"txn_{row.number}")
    assert made is not None
    balances.tell(box, f"transaction.{status.lower()}", serializers.made(made))
    return made
