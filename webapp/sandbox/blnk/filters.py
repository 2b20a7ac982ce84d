"""Blnk's filters: a list of field, operator and value, all of which must hold."""

from collections.abc import Callable, Sequence
from datetime import UTC
from typing import Any

from flask import Response

from webapp.domain.instants import parse_time_or_day
from webapp.sandbox.blnk.envelope import BlnkWrong, request_body, respond
from webapp.sandbox.core.sandbox import current
from webapp.sandbox.core.store import Data, Thing

_COMPARED = {"eq": "=", "ne": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "like": "LIKE", "ilike": "LIKE"}
_FILL, _MOST = 20, 100
_IDS = {
    "transactions": ("transaction_id", "txn_"),
    "balances": ("balance_id", "bln_"),
    "ledgers": ("ledger_id", "ldg_"),
}
_OPERATORS = "eq, ne, gt, gte, lt, lte, in, between, like, ilike, isnull, isnotnull"
_BALANCE = "json_extract(data, '$.credit') - json_extract(data, '$.debit')"


def filtered(
    table: str, kind: str, shape: Callable[[Thing], Data], fields: tuple[str, ...], *, none: Sequence[Data] | None = ()
) -> Response:
    """What the body's filters leave: a bare list, or `none` for none. More than 100 at once is read as 20."""
    body, store = request_body(), current().store
    conditions, values = ["kind = ?"], [kind]
    for each in body.get("filters") or []:
        condition, more = _condition(each, table, fields)
        conditions.append(condition)
        values += more
    where = " AND ".join(conditions)
    limit, offset = body.get("limit") or 0, max(0, body.get("offset") or 0)
    order = "ASC" if str(body.get("sort_order", "")).lower() == "asc" else "DESC"
    found = store.chosen(where, values, order, limit if 0 < limit <= _MOST else _FILL, offset)
    rows = [shape(each) for each in found] or none
    if not body.get("include_count"):
        return respond(rows)
    total = store.execute(f"SELECT count(*) FROM things WHERE {where}", values)[0][0]
    return respond({"data": rows, "total_count": total})


def _condition(each: Data, table: str, fields: tuple[str, ...]) -> tuple[str, list[Any]]:
    name, operator = str(each.get("field", "")), str(each.get("operator", "eq"))
    if operator not in _OPERATORS.split(", "):
        raise _wrong(f"invalid operator '{operator}' for field '{name}': must be one of {_OPERATORS}")
    if name not in (*fields, _IDS[table][0], "created_at") and not name.startswith("meta_data."):
        raise _wrong(f"invalid field '{name}' for table '{table}'")
    column = _column(name, table)
    values = [_value(name, value) for value in _given(each, name, operator)]
    if operator in _COMPARED:
        return f"{column} {_COMPARED[operator]} ?", values
    if operator == "in":
        return f"{column} IN ({', '.join('?' * len(values))})", values
    if operator == "between":
        return f"{column} BETWEEN ? AND ?", values
    return f"{column} IS {'NOT ' if operator == 'isnotnull' else ''}NULL", []


def _given(each: Data, name: str, operator: str) -> list[Any]:
    values = each.get("values") or []
    if operator == "in" and not values:
        raise _wrong(f"operator 'in' for field '{name}' requires at least one value in 'values'")
    if operator == "between" and len(values) != 2:
        raise _wrong(
            f"operator 'between' for field '{name}' requires exactly two values in 'values', got {len(values)}"
        )
    return values if operator in ("in", "between") else [each.get("value")]


def _wrong(message: str) -> BlnkWrong:
    return BlnkWrong("GEN_BAD_REQUEST", f"Invalid filter: {message}", details={})


def _column(name: str, table: str) -> str:
    own, prefix = _IDS[table]
    if name == own:
        return f"'{prefix}' || number"
    if name == "balance":
        return _BALANCE
    path = name.replace("'", "").replace('"', "")
    known = {"reference": "key", "parent_transaction": "parent", "created_at": "at"}
    return known.get(name, f"json_extract(data, '$.{path}')")


def _value(name: str, value: Any) -> Any:
    if name != "created_at":
        return value if isinstance(value, str | int | float | None) else str(value)
    try:
        return parse_time_or_day(str(value), UTC).timestamp()
    except ValueError:
        raise _wrong(f"invalid timestamp: {value}") from None
