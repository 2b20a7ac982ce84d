"""Blnk's ledgers and balances."""

import uuid

from flask import Response, request

from webapp.sandbox.blnk import serializers
from webapp.sandbox.blnk.envelope import PROVIDER, BlnkWrong, blueprint, invalid, not_found, request_body, respond
from webapp.sandbox.blnk.filters import filtered
from webapp.sandbox.core.request_inputs import query_int
from webapp.sandbox.core.sandbox import Sandbox, current
from webapp.sandbox.core.store import Data, Thing
from webapp.sandbox.webhooks import sender as webhook_sender

LEDGER, BALANCE = "blnk.ledger", "blnk.balance"
_GENERAL = "general_ledger_id"
_MOST = 10_000


@blueprint.post("/ledgers")
def ledgers() -> Response:
    """A new ledger."""
    body, sandbox = request_body(), current()
    if not body.get("name"):
        raise invalid("name: cannot be blank.", "GEN_VALIDATION_ERROR")
    kept = {"name": str(body["name"]), "meta_data": body.get("meta_data")}
    made = sandbox.store.add(LEDGER, uuid.uuid4().hex, kept)
    assert made is not None
    send_webhook(sandbox, "ledger.created", serializers.ledger(made))
    return respond(serializers.ledger(made), 201)


@blueprint.get("/ledgers")
def ledgers_list() -> Response:
    """Every ledger."""
    found = current().store.listed(LEDGER, limit=query_int("limit", 20, _MOST), offset=_offset(), newest=True)
    return respond([serializers.ledger(each) for each in found])


@blueprint.get("/ledgers/<identity>")
def ledger(identity: str) -> Response:
    """One ledger."""
    thing = numbered(current(), LEDGER, "ldg_", identity)
    if thing is None:
        raise not_found("LGR_NOT_FOUND", "Ledger not found")
    return respond(serializers.ledger(thing))


@blueprint.post("/ledgers/filter")
def ledgers_filter() -> Response:
    """Ledgers by name."""
    return filtered("ledgers", LEDGER, serializers.ledger, ("name",))


@blueprint.post("/balances")
def balances() -> Response:
    """A new balance, at zero."""
    body, sandbox = request_body(), current()
    for name in ("ledger_id", "currency"):
        if not body.get(name):
            raise invalid(f"{name}: cannot be blank.", "GEN_VALIDATION_ERROR")
    ledger_id, currency = str(body["ledger_id"]), str(body["currency"])
    if ledger_id != _GENERAL and numbered(sandbox, LEDGER, "ldg_", ledger_id) is None:
        raise BlnkWrong("GEN_BAD_REQUEST", "Invalid ledger ID", details=_violation(ledger_id))
    kept = {name: body.get(name) for name in ("identity_id", "meta_data", "indicator")}
    key = _key(str(body["indicator"]), currency) if body.get("indicator") else uuid.uuid4().hex
    made = _added(sandbox, key, kept | {"ledger_id": ledger_id, "currency": currency})
    if made is None:
        raise BlnkWrong("GEN_CONFLICT", "a balance with this indicator and currency exists already")
    send_webhook(sandbox, "balance.created", serializers.balance(made))
    return respond(serializers.balance(made), 201)


@blueprint.get("/balances")
def balances_list() -> Response:
    """Every balance."""
    found = current().store.listed(BALANCE, limit=query_int("limit", 20, _MOST), offset=_offset(), newest=True)
    return respond([serializers.listed_balance(each) for each in found] or None)


@blueprint.get("/balances/<identity>")
def balance(identity: str) -> Response:
    """One balance."""
    return respond(serializers.balance(found(current(), identity)))


@blueprint.get("/balances/indicator/<indicator>/currency/<currency>")
def balance_by_indicator(indicator: str, currency: str) -> Response:
    """A balance by what it is called."""
    thing = current().store.get(BALANCE, _key(indicator, currency))
    if thing is None:
        raise not_found("BAL_NOT_FOUND", f"Balance with indicator '{indicator}' not found")
    return respond(serializers.balance(thing))


@blueprint.post("/balances/filter")
def balances_filter() -> Response:
    """Balances by what they are."""
    fields = ("ledger_id", "currency", "identity_id", "indicator", "balance")
    return filtered("balances", BALANCE, serializers.listed_balance, fields, none=None)


def found(sandbox: Sandbox, identity: str) -> Thing:
    """A balance by its id. Raises BlnkWrong."""
    thing = numbered(sandbox, BALANCE, "bln_", identity)
    if thing is None:
        raise not_found("BAL_NOT_FOUND", f"Balance with ID '{identity}' not found")
    return thing


def found_or_made(sandbox: Sandbox, identity: str, currency: str) -> Thing:
    """A balance by its id; one that is called by an indicator (`@world`) is made when it is not there."""
    if not identity.startswith("@"):
        return found(sandbox, identity)
    key = _key(identity, currency)
    made = _added(sandbox, key, {"ledger_id": _GENERAL, "currency": currency, "indicator": identity})
    thing = made or sandbox.store.get(BALANCE, key)
    assert thing is not None
    return thing


def numbered(sandbox: Sandbox, kind: str, prefix: str, identity: str) -> Thing | None:
    """A thing by Blnk's id of it."""
    number = identity.removeprefix(prefix)
    return sandbox.store.numbered(kind, int(number)) if number.isdecimal() and identity.startswith(prefix) else None


def adjust(sandbox: Sandbox, identity: str, amount: int) -> Thing:
    """Change a balance without a transaction: a discrepancy that nobody can explain."""
    with sandbox.store.writing():
        thing = found(sandbox, identity)
        thing.data["credit" if amount > 0 else "debit"] += abs(amount)
        sandbox.store.save(thing)
    return thing


def send_webhook(sandbox: Sandbox, event: str, data: Data) -> None:
    """Send a webhook, if the options want Blnk's."""
    if sandbox.options.blnk_webhooks:
        webhook_sender.emit(
            sandbox, PROVIDER, {"event": event, "data": data}, success_again={"event": event, "data": data}
        )


def _added(sandbox: Sandbox, key: str, data: Data) -> Thing | None:
    return sandbox.store.add(BALANCE, key, data | {"credit": 0, "debit": 0, "version": 0})


def _violation(ledger_id: str) -> Data:
    """What PostgreSQL says of a foreign key, which Blnk passes on."""
    empty = ("Hint", "Position", "InternalPosition", "InternalQuery", "Where", "Column", "DataTypeName")
    return dict.fromkeys(empty, "") | {
        "Severity": "ERROR",
        "Code": "23503",
        "Message": 'insert or update on table "balances" violates foreign key constraint "balances_ledger_id_fkey"',
        "Detail": f'Key (ledger_id)=({ledger_id}) is not present in table "ledgers".',
        "Schema": PROVIDER,
        "Table": "balances",
        "Constraint": "balances_ledger_id_fkey",
        "File": "ri_triggers.c",
        "Line": "2650",
        "Routine": "ri_ReportViolation",
    }


def _key(indicator: str, currency: str) -> str:
    return f"{indicator}/{currency}"


def _offset() -> int:
    text = request.args.get("offset", "0")
    return int(text) if text.isdecimal() else 0
