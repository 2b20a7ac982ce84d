"""Blnk's ledgers and balances."""

import uuid

from flask import Response, request

from webapp.sandbox.blnk import serializers
from webapp.sandbox.blnk.envelope import PROVIDER, BlnkWrong, asked, blueprint, invalid, not_found, said
from webapp.sandbox.blnk.filters import filtered
from webapp.sandbox.core.request_inputs import natural
from webapp.sandbox.core.sandbox import Sandbox, current
from webapp.sandbox.core.store import Data, Thing
from webapp.sandbox.webhooks import sender as webhook_sender

LEDGER, BALANCE = "blnk.ledger", "blnk.balance"
_GENERAL = "general_ledger_id"
_MOST = 10_000


@blueprint.post("/ledgers")
def ledgers() -> Response:
    """A new ledger."""
    wanted, box = asked(), current()
    if not wanted.get("name"):
        raise invalid("name: cannot be blank.", "GEN_VALIDATION_ERROR")
    kept = {"name": str(wanted["name"]), "meta_data": wanted.get("meta_data")}
    made = box.books.add(LEDGER, uuid.uuid4().hex, kept)
    assert made is not None
    tell(box, "ledger.created", serializers.ledger(made))
    return said(serializers.ledger(made), 201)


@blueprint.get("/ledgers")
def ledgers_list() -> Response:
    """Every ledger."""
    found = current().books.listed(LEDGER, limit=natural("limit", 20, _MOST), offset=_offset(), newest=True)
    return said([serializers.ledger(each) for each in found])


@blueprint.get("/ledgers/<identity>")
def ledger(identity: str) -> Response:
    """One ledger."""
    thing = numbered(current(), LEDGER, "ldg_", identity)
    if thing is None:
        raise not_found("LGR_NOT_FOUND", "Ledger not found")
    return said(serializers.ledger(thing))


@blueprint.post("/ledgers/filter")
def ledgers_filter() -> Response:
    """Ledgers by name."""
    return filtered("ledgers", LEDGER, serializers.ledger, ("name",))


@blueprint.post("/balances")
def balances() -> Response:
    """A new balance, at zero."""
    wanted, box = asked(), current()
    for name in ("ledger_id", "currency"):
        if not wanted.get(name):
            raise invalid(f"{name}: cannot be blank.", "GEN_VALIDATION_ERROR")
    ledger_id, currency = str(wanted["ledger_id"]), str(wanted["currency"])
    if ledger_id != _GENERAL and numbered(box, LEDGER, "ldg_", ledger_id) is None:
        raise BlnkWrong("GEN_BAD_REQUEST", "Invalid ledger ID", details=_violation(ledger_id))
    kept = {name: wanted.get(name) for name in ("identity_id", "meta_data", "indicator")}
    key = _key(str(wanted["indicator"]), currency) if wanted.get("indicator") else uuid.uuid4().hex
    made = _added(box, key, kept | {"ledger_id": ledger_id, "currency": currency})
    if made is None:
        raise BlnkWrong("GEN_CONFLICT", "a balance with this indicator and currency exists already")
    tell(box, "balance.created", serializers.balance(made))
    return said(serializers.balance(made), 201)


@blueprint.get("/balances")
def balances_list() -> Response:
    """Every balance."""
    found = current().books.listed(BALANCE, limit=natural("limit", 20, _MOST), offset=_offset(), newest=True)
    return said([serializers.listed_balance(each) for each in found] or None)


@blueprint.get("/balances/<identity>")
def balance(identity: str) -> Response:
    """One balance."""
    return said(serializers.balance(found(current(), identity)))


@blueprint.get("/balances/indicator/<indicator>/currency/<currency>")
def balance_by_indicator(indicator: str, currency: str) -> Response:
    """A balance by what it is called."""
    thing = current().books.get(BALANCE, _key(indicator, currency))
    if thing is None:
        raise not_found("BAL_NOT_FOUND", f"Balance with indicator '{indicator}' not found")
    return said(serializers.balance(thing))


@blueprint.post("/balances/filter")
def balances_filter() -> Response:
    """Balances by what they are."""
    fields = ("ledger_id", "currency", "identity_id", "indicator", "balance")
    return filtered("balances", BALANCE, serializers.listed_balance, fields, none=None)


def found(box: Sandbox, identity: str) -> Thing:
    """A balance by its id. Raises BlnkWrong."""
    thing = numbered(box, BALANCE, "bln_", identity)
    if thing is None:
        raise not_found("BAL_NOT_FOUND", f"Balance with ID '{identity}' not found")
    return thing


def found_or_made(box: Sandbox, identity: str, currency: str) -> Thing:
    """A balance by its id; one that is called by an indicator (`@world`) is made when it is not there."""
    if not identity.startswith("@"):
        return found(box, identity)
    key = _key(identity, currency)
    made = _added(box, key, {"ledger_id": _GENERAL, "currency": currency, "indicator": identity})
    thing = made or box.books.get(BALANCE, key)
    assert thing is not None
    return thing


def numbered(box: Sandbox, kind: str, prefix: str, identity: str) -> Thing | None:
    """A thing by Blnk's id of it."""
    number = identity.removeprefix(prefix)
    return box.books.numbered(kind, int(number)) if number.isdecimal() and identity.startswith(prefix) else None


def adjust(box: Sandbox, identity: str, amount: int) -> Thing:
    """Change a balance without a transaction: a discrepancy that nobody can explain."""
    with box.books.writing():
        thing = found(box, identity)
        thing.data["credit" if amount > 0 else "debit"] += abs(amount)
        box.books.save(thing)
    return thing


def tell(box: Sandbox, event: str, data: Data) -> None:
    """Send a webhook, if the options want Blnk's."""
    if box.options.blnk_webhooks:
        webhook_sender.emit(box, PROVIDER, {"event": event, "data": data}, success_again={"event": event, "data": data})


def _added(box: Sandbox, key: str, data: Data) -> Thing | None:
    return box.books.add(BALANCE, key, data | {"credit": 0, "debit": 0, "version": 0})


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
