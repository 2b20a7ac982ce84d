"""Blnk's filters: a list of field, operator and value, all of which must hold."""

from collections.abc import Callable
from datetime import UTC
from typing import Any

from flask import Response

from webapp.domain.instants import parse_time_or_day
from webapp.sandbox.blnk.manner import BlnkWrong, said
from webapp.sandbox.books import Data, Thing
from webapp.sandbox.box import here
from webapp.sandbox.inputs import body

_COMPARED = {"eq": "=", "ne": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "like": "LIKE", "ilike": "LIKE"}
_FILL, _MOST = 20, 100
_IDS = {"transaction_id": "txn_", "balance_id": "bln_", "ledger_id": "ldg_"}
_BALANCE = "json_extract(data, '$.credit') - json_extract(data, '$.debit')"


def filtered(kind: str, own_id: str, shape: Callable[[Thing], Data], fields: tuple[str, ...]) -> Response:
    """What the body's filters leave. More than 100 at once is read as 20, as Blnk does."""
    asked, books = body(), here().books
    conditions, values = ["kind = ?"], [kind]
    for each in asked.get("filters") or []:
        condition, more = _condition(each, own_id, fields)
        conditions.append(condition)
        values += more
    where = " AND ".join(conditions)
    limit, offset = asked.get("limit") or 0, max(0, asked.get("offset") or 0)
    order = "ASC" if str(asked.get("sort_order", "")).lower() == "asc" else "DESC"
    found = books.chosen(where, values, order, limit if 0 < limit <= _MOST else _FILL, offset)
    answer: Data = {"data": [shape(each) for each in found]}
    if asked.get("include_count"):
        answer["total_count"] = books.execute(f"SELECT count(*) FROM things WHERE {where}", values)[0][0]
    return said(answer)


def _condition(asked: Data, own_id: str, fields: tuple[str, ...]) -> tuple[str, list[Any]]:
    name, operator = str(asked.get("field", "")), str(asked.get("operator", "eq"))
    if name not in (*fields, own_id, "created_at") and not name.startswith("meta_data."):
        raise BlnkWrong("GEN_VALIDATION_ERROR", f"invalid filter field: {name}")
    column = _column(name, own_id)
    given = asked.get("values") if operator in ("in", "between") else [asked.get("value")]
    values = [_value(name, each) for each in given or []]
    if operator in _COMPARED:
        return f"{column} {_COMPARED[operator]} ?", values
    if operator == "in" and values:
        return f"{column} IN ({', '.join('?' * len(values))})", values
    if operator == "between" and len(values) == 2:
        return f"{column} BETWEEN ? AND ?", values
    if operator in ("isnull", "isnotnull"):
        return f"{column} IS {'NOT ' if operator == 'isnotnull' else ''}NULL", []
    raise BlnkWrong("GEN_VALIDATION_ERROR", f"invalid filter operator: {operator}")


def _column(name: str, own_id: str) -> str:
    if name == own_id:
        return f"'{_IDS[name]}' || number"
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
        raise BlnkWrong("GEN_VALIDATION_ERROR", f"invalid timestamp: {value}") from None
