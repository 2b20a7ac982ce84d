"""Log lines as a program reads them: one a line, in UTC, with who and what, and without secrets."""

import io
import json
import logging
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
import structlog
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from tests.support.job_runs import run_job_now
from tests.support.market import LATER, Market
from tests.support.people import app, desk, sign_in  # noqa: F401
from tests.support.personal_data import Watch
from webapp import logs
from webapp.models import RunLine
from webapp.runtime import Runtime
from webapp.services.scheduling import runs

SignIn = Callable[[str], FlaskClient]


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What is logged, as JSON; afterwards logs are as they were."""
    root = logging.getLogger()
    handlers, level, kept = root.handlers[:], root.level, structlog.get_config()
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    logs.configure(SimpleNamespace(log_format="json"))
    structlog.configure(cache_logger_on_first_use=False)
    yield stream
    structlog.reset_defaults()
    structlog.configure(**kept)
    root.handlers[:], root.level = handlers, level


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_value_adds_no_line_and_a_secret_is_masked(written: io.StringIO) -> None:
    forged = 'x\n{"event": "user.sign_in", "actor": "user:1"}'
    logs.get_logger().info("seen", path=forged, password="hunter2 hunter2", api_key="k" * 40, cookie="c")
    [line] = lines(written)
    assert (line["event"], line["path"]) == ("seen", forged)
    assert (line["password"], line["api_key"], line["cookie"]) == ("***", "***", "***")
    assert datetime.fromisoformat(line["timestamp"]).tzinfo == UTC


def test_what_libraries_tell_of_their_own_work_is_not_logged(written: io.StringIO) -> None:
    for name in ("fontTools.subset", "alembic.runtime", "rq.worker"):
        logging.getLogger(name).info("told")
    assert written.getvalue() == ""


def test_a_refused_request_names_who_asked_for_what_and_its_number(written: io.StringIO, sign_in: SignIn) -> None:
    client = sign_in("viewer")
    answer = client.get("/users/")
    assert answer.status_code == 403
    [line] = [each for each in lines(written) if each.get("path") == "/users/"]
    assert (line["event"], line["method"], line["status"]) == ("request", "GET", 403)
    assert line["actor"].startswith("user:")
    assert line["request_id"] == answer.headers["X-Request-ID"]


def test_addresses_are_masked_wherever_they_stand_in_a_line(written: io.StringIO) -> None:
    refused = {"imani@mail.example": (550, b"no such user")}
    try:
        raise RuntimeError(f"refused: {refused}")
    except RuntimeError:
        logs.get_logger().exception(
            "mail.failed", error="550 <imani@mail.example> is not here", to=["+250 788 123 987"]
        )
    logging.getLogger("smtplib").warning("no answer for %s", "imani@mail.example")
    assert "imani" not in written.getvalue()
    assert "788" not in written.getvalue()
    first, second = lines(written)
    assert (first["error"], first["to"]) == ("550 <[address]> is not here", ["[address]"])
    assert second["event"] == "no answer for [address]"


def test_an_instant_and_an_address_of_a_server_stay_as_they_are(written: io.StringIO) -> None:
    at, url = "2026-03-02T09:30:00+10:30", "redis://user@cache:6379/0"
    logs.get_logger().info("seen", at=at, url=url)
    assert (lines(written)[0]["at"], lines(written)[0]["url"]) == (at, url)


def test_a_failed_statement_does_not_tell_its_values(sqlite_runtime: Runtime) -> None:
    with pytest.raises(DBAPIError) as failed, sqlite_runtime.db.reading() as session:
        session.execute(text("SELECT nothing FROM party WHERE name = :name"), {"name": "Imani Zuri"})
    assert "Imani" not in str(failed.value)


@pytest.mark.parametrize(
    "log",
    [
        lambda: logs.get_logger().info("item.failed", message="Imani Zuri has no wallet."),
        lambda: logging.getLogger("other").warning("no wallet for %s", "Imani Zuri"),
        lambda: logs.get_logger().info("payout", account="0690000031"),
        lambda: os.waitpid(os.fork() or _exit_after(lambda: logging.getLogger("x").error("Imani Zuri")), 0),
    ],
)
def test_whoever_logs_personal_data_fails_his_test(log_watch: Watch, log: Callable[[], object]) -> None:
    log_watch.names.add("Imani Zuri")
    log()
    found = log_watch.taken()
    assert found.startswith(("'Imani Zuri' in", "'0690000031' in"))


def _exit_after(log: Callable[[], object]) -> int:
    log()
    os._exit(0)


def test_a_name_within_another_word_is_none(log_watch: Watch) -> None:
    log_watch.names.add("Seller")
    logs.get_logger().info("SellerHasNoWallet")
    assert log_watch.taken() == ""


def test_an_item_that_fails_is_named_in_the_log_by_its_number(runtime: Runtime) -> None:
    with runtime.db.transaction() as session:
        market = Market(session, runtime)
        market.escrow(seller=market.party("imani zuri", wallet=None))
    run = run_job_now(runtime, "auto_release", at=LATER)
    with runtime.db.reading() as session:
        [item] = runs.items(session, run.id)
        assert item.message.startswith("Imani Zuri has no wallet")
        lines_of = session.scalars(select(RunLine).where(RunLine.run_id == run.id)).all()
        assert not [line for line in lines_of if "Imani" in json.dumps(line.fields)]
