"""`desk up` with an external ledger: the demo's money moves by itself through the sandbox, and every book agrees."""

import json
import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.faults.desk import until
from tests.support import forked
from tests.support.local_desk import LocalDesk

Start = Callable[..., LocalDesk]
pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]
SHOWN = {
    "a payment verified, a missed webhook found": "SELECT count(*) >= 3 FROM payment WHERE status = 'succeeded'",
    "too little kept for a person": "SELECT count(*) FROM payment WHERE status = 'needs_review'",
    "the fee borne by the payer": "SELECT count(*) FROM payment WHERE amount = 900000 AND status = 'succeeded'",
    "a failure declined": "SELECT count(*) FROM payment WHERE status = 'failed' AND provider = 'paystack'",
    "a webhook handled": "SELECT count(*) FROM inbound_webhook WHERE status = 'handled'",
    "payouts sent and confirmed": "SELECT count(*) >= 4 FROM payout WHERE status = 'succeeded'",
    "a token": "SELECT count(*) FROM provider_token WHERE token_encrypted IS NOT NULL",
    "an email": "SELECT count(*) FROM delivery WHERE channel = 'email' AND status = 'delivered'",
    "an SMS": "SELECT count(*) FROM delivery WHERE channel = 'sms' AND status = 'delivered'",
    "a chat message": "SELECT count(*) FROM delivery WHERE channel = 'chat' AND status = 'delivered'",
    "an outgoing webhook": "SELECT count(*) FROM delivery WHERE channel = 'webhook' AND status = 'delivered'",
    "every transfer mirrored": "SELECT count(*) > 100 AND sum(status <> 'done') = 0 FROM mirror_entry",
}


def asked(folder: Path, question: str) -> Any:
    with sqlite3.connect(folder / "desk.sqlite3", timeout=20) as database:
        return database.execute(question).fetchone()[0]


def happened(folder: Path) -> str:
    """What went out and what did not, what fires, and what the processes complained of."""
    with sqlite3.connect(folder / "desk.sqlite3", timeout=20) as database:
        sent = database.execute(
            "SELECT channel, status, attempts, lease_until, last_error, count(*) FROM delivery GROUP BY 1, 2, 3, 4, 5"
        )
        told = [
            *sent,
            *database.execute("SELECT rule, status, demo, fired_at, sentence FROM alert ORDER BY id DESC LIMIT 30"),
        ]
    logs = [line for log in (folder / "log").iterdir() for line in log.read_text().splitlines() if "[info" not in line]
    return "\n".join([*map(str, told), *logs[-100:]])


def verified(up: LocalDesk) -> dict[str, Any]:
    """A run of verify_books from the command line, as an outside cron would start it."""
    said, errors = up.folder.with_name("verify_books.json"), up.folder.with_name("verify_books.errors")
    forked.desk("run", "verify_books", "--json", environment=up.environment, log=said, errors=errors).wait(120)
    found: dict[str, Any] = json.loads(said.read_text())
    return found


def found_of_blnk(up: LocalDesk) -> int:
    """How many discrepancies with Blnk there are after one more comparison."""
    verified(up)
    found: int = asked(up.folder, "SELECT count(*) FROM discrepancy WHERE source = 'blnk' AND resolved_at IS NULL")
    return found


def test_the_demo_moves_by_itself_and_every_book_agrees(start: Start, tmp_path: Path) -> None:
    up = start(LEDGER="blnk")
    up.wait_until_ready()
    folder = tmp_path / "var"
    for what, question in SHOWN.items():
        try:
            until(partial(asked, folder, question), 240)  # It takes one minute, or two; a full machine takes longer.
        except AssertionError as late:
            raise AssertionError(f"{what}: {late}\n{happened(folder)}") from None
    where = json.loads((folder / "sandbox.json").read_text())["paystack_url"].removesuffix("/paystack")
    mailbox = requests.get(f"{where}/mailbox", timeout=10).json()
    assert {"email", "sms", "chat"} <= {message["channel"] for message in mailbox}
    assert requests.get(f"{where}/control/hooks/demo", timeout=10).json()

    assert verified(up)["status"] == "succeeded"
    assert asked(folder, "SELECT count(*) FROM discrepancy WHERE resolved_at IS NULL") == 0

    balance = asked(folder, "SELECT balance_id FROM mirror_account ORDER BY account_id LIMIT 1")
    changed = {"balance": balance, "amount": -3}
    assert requests.post(f"{where}/control/blnk/adjust", json=changed, timeout=10).status_code == 200
    until(partial(found_of_blnk, up), 240)  # What moves while it is compared is left to the next comparison.
    assert asked(folder, "SELECT count(*) FROM discrepancy WHERE resolved_at IS NULL") == 1
    assert asked(folder, "SELECT count(*) FROM alert WHERE rule = 'books_differ' AND status = 'firing'") == 1
    _said, left = up.stop()
    assert left == []
