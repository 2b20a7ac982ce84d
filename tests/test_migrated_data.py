"""What rows of the past are after a migration, on both databases: nothing is lost under another name."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from tests.support.migrating import Row, bring, put, rows, triggers, unwatched
from tests.support.postgresql import Server

SAID = {
    "payment": "status_detail",
    "refund": "status_detail",
    "payout": "status_detail",
    "provider_dispute": "status_detail",
    "payout_pause": "reason",
    "webhook_refusal": "reason",
    "incoming_webhook": "result",
    "delivery": "last_error",
    "provider_state": "last_error",
    "provider_token": "last_error",
    "mirror": "last_error",
    "reconciliation": "error",
    "difference": "detail",
}
LISTED = {"id": "RF-1", "said": "processed", "amount": 10, "currency": "NGN"}


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'past.sqlite3'}"
        return
    pg: Server = request.getfixturevalue("pg")
    made = pg.empty_database()
    yield made
    pg.drop(made)


def test_columns_get_plain_names_and_keep_what_is_in_them(url: str) -> None:
    bring(url, "0043")
    with unwatched(url) as connection:
        for table in SAID:
            put(connection, table, said=f"of {table}")
        put(connection, "refund", id=2, payment_id=2, rows=json.dumps([LISTED]))
        put(connection, "escrow", left_at=None, left_reason="expired")
        put(connection, "entry", id=1, amount=5)
        put(connection, "entry", id=2, amount=-5)
        put(connection, "transfer", leaves=True, escrow_id=1, hold_no=1)
        put(connection, "run", asked='{"since":"2026-11-01"}')
        put(connection, "sign_in_strike", key="password:a", failures=3)
        before, watched = {table: rows(connection, table) for table in _renamed()}, triggers(connection)

    bring(url, "0044")
    with unwatched(url) as connection:
        for table, (now, names) in _renamed().items():
            assert rows(connection, now) == [_under(names, row) for row in before[table]], table
        assert triggers(connection) == watched
    with pytest.raises(IntegrityError), unwatched(url) as connection:
        put(connection, "entry", id=3, transfer_id=2, amount=5)
        put(connection, "entry", id=4, transfer_id=2, amount=-5)
        put(connection, "transfer", id=2, reference="again", is_disbursement=True, escrow_id=1, hold_no=1)


def _renamed() -> dict[str, tuple[str, dict[str, str]]]:
    """Each table that changed: its name since, and its columns' new names by their old ones."""
    tables = {table: (table, {"said": name}) for table, name in SAID.items()}
    return tables | {
        "escrow": ("escrow", {"left_at": "closed_at", "left_reason": "close_reason"}),
        "transfer": ("transfer", {"leaves": "is_disbursement"}),
        "run": ("run", {"asked": "parameters"}),
        "sign_in_strike": ("failed_login", {}),
    }


def _under(names: dict[str, str], row: Row) -> Row:
    named = {names.get(column, column): value for column, value in row.items()}
    if named.get("rows"):
        listed = {("provider_status" if key == "said" else key): value for key, value in LISTED.items()}
        named["rows"] = json.dumps([listed], sort_keys=True, separators=(",", ":"))
    return named


def test_what_was_kept_as_a_row_each_is_counted_when_the_desk_is_upgraded(url: str) -> None:
    bring(url, "0029")
    unused: dict[str, Any] = {"status": "ignored", "said": "The desk does nothing about events of this kind."}
    with unwatched(url) as connection:
        put(connection, "incoming_webhook", id=1, key="a", **(unused | {"said": "Something else."}))
        for number in (2, 3):
            put(connection, "incoming_webhook", id=number, key=str(number), body=f"body {number}", **unused)

    bring(url, "0030")
    with unwatched(url) as connection:
        assert [row["id"] for row in rows(connection, "incoming_webhook")] == [1]
        assert [(row["count"], row["body"]) for row in rows(connection, "incoming_kind")] == [(2, "body 3")]
