"""How Blnk moves money: a row under a unique reference, and two balances, together.

A split is not one row. With `skip_queue` each leg is a row `<reference>-<n>` that is applied on its own, and nothing is
kept under the reference itself; a leg that fails leaves the earlier ones applied, or with `atomic` refunded. Through
the queue each leg waits as `<reference>_<n>`, and is applied as `<reference>_<n>_q`.
"""

from webapp.sandbox.blnk import balances, serializers
from webapp.sandbox.blnk.distribution import divided
from webapp.sandbox.blnk.envelope import BlnkWrong
from webapp.sandbox.blnk.transaction_request import read_transaction_request
from webapp.sandbox.core.sandbox import Sandbox
from webapp.sandbox.core.store import Data, Thing

KIND = "blnk.transaction"
QUEUED, APPLIED, REJECTED, INFLIGHT = "QUEUED", "APPLIED", "REJECTED", "INFLIGHT"
_QUEUE = "blnk.queue"
_FAILED = "failed to apply transaction to balances:"


def post(sandbox: Sandbox, body: Data, *, skip_queue: bool, parent: str = "", meta: Data | None = None) -> Data:
    """Do what a transaction asks for, now or soon; what Blnk answers. Raises BlnkWrong."""
    kept, reference = read_transaction_request(body), str(body.get("reference", ""))
    kept["meta_data"] = {**(kept["meta_data"] or {}), **(meta or {})}
    legs = body.get("sources") or body.get("destinations")
    if not legs:
        row = apply(sandbox, reference, kept, parent) if skip_queue else enqueue(sandbox, reference, kept, parent)
        return serializers.made(row)
    side = "source" if body.get("sources") else "destination"
    shares = divided(kept["precise_amount"], kept["precision"], legs)
    parts = [kept | {side: identifier, "precise_amount": share} for identifier, share in shares.items() if share]
    return _split(sandbox, reference, kept, parts, skip_queue=skip_queue, named={side + "s": legs})


def apply(sandbox: Sandbox, reference: str, kept: Data, parent: str = "") -> Thing:
    """Move the money of one row, or hold it, at once."""
    status = INFLIGHT if kept.get("inflight") else APPLIED
    with sandbox.store.writing():
        _refuse_used(sandbox, reference)
        data = _move(sandbox, kept)
        row = sandbox.store.add(KIND, reference, data | {"status": status}, parent=parent)
    assert row is not None
    balances.send_webhook(sandbox, f"transaction.{status.lower()}", serializers.webhook_row(row))
    return row


def enqueue(sandbox: Sandbox, reference: str, kept: Data, parent: str = "") -> Thing:
    """Keep a row that waits; it is applied, or rejected, as `<reference>_q`."""
    with sandbox.store.writing():
        _refuse_used(sandbox, reference)
        ends = {side: _id(_end(sandbox, kept, side)) for side in ("source", "destination")}
        row = sandbox.store.add(KIND, reference, kept | ends | {"status": QUEUED}, parent=parent)
        sandbox.delayed_tasks.plan(_QUEUE, {"reference": reference}, after=sandbox.options.settle_seconds)
    assert row is not None
    balances.send_webhook(sandbox, "transaction.queued", serializers.made(row))
    return row


def refund(sandbox: Sandbox, row: Thing, more: Data, *, skip_queue: bool) -> Thing:
    """Move the money of a row back, once; an overdraft is no hindrance. Raises BlnkWrong."""
    if row.data["status"] not in (APPLIED, "VOID"):
        raise BlnkWrong("TXN_INVALID_STATUS_ACTION", f"a transaction that is {row.data['status']} can't be refunded")
    reference = f"txn_{row.number}_refund"
    if sandbox.store.get(KIND, reference):
        raise BlnkWrong("GEN_CONFLICT", f"transaction txn_{row.number} has already been refunded")
    meta = (row.data.get("meta_data") or {}) | (more.get("meta_data") or {})
    back = {"source": row.data["destination"], "destination": row.data["source"], "allow_overdraft": True}
    described = {"description": more.get("description") or row.data["description"], "meta_data": meta}
    kept = row.data | back | described | {"skip_queue": skip_queue}
    return (apply if skip_queue else enqueue)(sandbox, reference, kept, f"txn_{row.number}")


def register(sandbox: Sandbox) -> None:
    """Let the queue be worked off."""
    sandbox.delayed_tasks.on(_QUEUE, lambda task: _work_off(sandbox, task["reference"]))


def _split(sandbox: Sandbox, reference: str, kept: Data, parts: list[Data], *, skip_queue: bool, named: Data) -> Data:
    with sandbox.store.writing():
        parent = f"txn_{sandbox.store.next_number()}"
    act, mark = (apply, "-") if skip_queue else (enqueue, "_")
    done: list[Thing] = []
    try:
        for number, part in enumerate(parts, 1):
            done.append(act(sandbox, f"{reference}{mark}{number}", part, parent))
    except BlnkWrong:
        for row in done if kept["atomic"] and skip_queue else []:
            refund(sandbox, row, {}, skip_queue=True)
        raise
    whole = Thing(0, KIND, reference, "", done[0].at, kept | {"status": APPLIED if skip_queue else QUEUED})
    ids = {row.data["source" if "sources" in named else "destination"]: f"txn_{row.number}" for row in done}
    legs_by_id = [
        leg | {"transaction_id": ids.get(str(leg["identifier"]), "")} for legs in named.values() for leg in legs
    ]
    return serializers.made(whole) | {"transaction_id": parent} | dict.fromkeys(named, legs_by_id)


def _work_off(sandbox: Sandbox, reference: str) -> None:
    waiting, after = sandbox.store.get(KIND, reference), f"{reference}_q"
    if waiting is None or sandbox.store.get(KIND, after):
        return
    parent = f"txn_{waiting.number}"
    meta = (waiting.data.get("meta_data") or {}) | {"QUEUED_PARENT_TRANSACTION": parent}
    try:
        apply(sandbox, after, waiting.data | {"meta_data": meta}, parent)
    except BlnkWrong as problem:
        rejected = waiting.data | {"status": REJECTED, "meta_data": meta | {"blnk_rejection_reason": problem.detail}}
        row = sandbox.store.add(KIND, after, rejected, parent=parent)
        assert row is not None
        balances.send_webhook(sandbox, "transaction.rejected", serializers.made(row))


def _refuse_used(sandbox: Sandbox, reference: str) -> None:
    if sandbox.store.get(KIND, reference):
        detail = f"transaction validation failed: reference {reference} has already been used"
        raise BlnkWrong("TXN_DUPLICATE_REFERENCE", detail)


def _move(sandbox: Sandbox, kept: Data) -> Data:
    """The currency of a balance is nothing that protects it: an amount is applied at face value, as by Blnk."""
    source, destination = (_end(sandbox, kept, side) for side in ("source", "destination"))
    amount = kept["precise_amount"]
    if amount <= 0:
        raise BlnkWrong("TXN_VALIDATION_ERROR", f"{_FAILED} transaction precise amount must be positive")
    left = source.data["credit"] - source.data["debit"] - source.data.get("inflight_debit", 0) - amount
    limit = int((kept.get("overdraft_limit") or 0) * kept["precision"])
    if left < 0 and (not kept["allow_overdraft"] or (limit and left < -limit)):
        raise BlnkWrong("TXN_INSUFFICIENT_FUNDS", f"{_FAILED} insufficient funds in source balance")
    held = "inflight_" if kept.get("inflight") else ""
    for each, side in ((source, "debit"), (destination, "credit")):
        each.data[held + side] = each.data.get(held + side, 0) + amount
        each.data["version"] += 1
        sandbox.store.save(each)
    return kept | {"source": _id(source), "destination": _id(destination)}


def _end(sandbox: Sandbox, kept: Data, side: str) -> Thing:
    """One of a row's two balances. Raises BlnkWrong: what is missing is called a transaction, as by Blnk."""
    try:
        return balances.found_or_made(sandbox, kept[side], kept["currency"])
    except BlnkWrong as problem:
        raise BlnkWrong("TXN_NOT_FOUND", problem.detail, details={}) from None


def _id(balance: Thing) -> str:
    return f"bln_{balance.number}"
