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
TABLES = {
    "incoming_webhook": "inbound_webhook",
    "incoming_kind": "ignored_webhook_event",
    "difference": "discrepancy",
    "mirror": "mirror_entry",
    "provider_dispute": "chargeback",
}
COLUMNS = {
    "schedule": {"paused_why": "pause_reason"},
    "webhook_endpoint": {"paused_why": "pause_reason", "secret_sealed": "secret_encrypted"},
    "alert": {"resolved_why": "resolution_reason"},
    "provider_token": {"sealed": "token_encrypted"},
    "payout_destination": {"account_sealed": "account_encrypted"},
    "payout": {"look_again_at": "recheck_at"},
    "payout_schedule": {"unpaid_nights": "unpaid_days", "unpaid_on": "last_unpaid_on"},
    "payment": {"seen_amount": "provider_amount", "seen_currency": "provider_currency"},
    "refund": {"tries": "times_sent", "first_tried_at": "first_sent_at", "last_tried_at": "last_sent_at"},
    "delivery": {"answer_status": "response_status"},
    "run": {"besides": "other_amounts"},
    "desk_user": {"must_change": "must_change_password"},
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


def test_tables_and_a_job_get_plain_names_and_keep_their_rows(url: str) -> None:
    """What is named by its job goes on under the job's new name."""
    bring(url, "0044")
    with unwatched(url) as connection:
        for table in [*TABLES, *COLUMNS]:
            put(connection, table)
        put(connection, "job_total", job="tidy_queue", what="runs", label="", value=3)
        for table, column in (("schedule", "job"), ("run", "job"), ("alert", "subject")):
            put(connection, table, **({"id": 2} if table != "schedule" else {}), **{column: "tidy_queue"})
        put(connection, "run_item", subject_kind="incoming_webhook")
        before = {table: rows(connection, table) for table in [*TABLES, *COLUMNS, "job_total", "run_item"]}

    bring(url, "0045")
    with unwatched(url) as connection:
        for table, was in before.items():
            kept = [_called_by_job(_under(COLUMNS.get(table, {}), row)) for row in was]
            assert rows(connection, TABLES.get(table, table)) == kept, table


def _called_by_job(row: Row) -> Row:
    now = {"tidy_queue": "purge_expired", "incoming_webhook": "inbound_webhook"}
    return {column: now.get(value, value) if isinstance(value, str) else value for column, value in row.items()}


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


def test_tenants_that_orders_name_are_there_when_the_desk_is_upgraded(url: str) -> None:
    bring(url, "0051")
    with unwatched(url) as connection:
        put(connection, "party", id=1, demo=True)
        put(connection, "party", id=2, ref="other", demo=False)
        for number, tenant, buyer in ((1, "demo-shop", 1), (2, "shop", 2), (3, "shop", 1), (4, None, 2)):
            put(
                connection,
                "purchase_order",
                id=number,
                ref=str(number),
                tenant=tenant,
                buyer_id=buyer,
                seller_id=3 - buyer,
            )

    bring(url, "0052")
    with unwatched(url) as connection:
        made = {row["ref"]: (row["name"], bool(row["demo"])) for row in rows(connection, "tenant")}
        assert made == {"demo-shop": ("demo-shop", True), "shop": ("shop", False)}
