"""Log lines as a program reads them: one a line, in UTC, with who and what, and without secrets."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
import structlog
from flask.testing import FlaskClient

from tests.support.people import app, desk, sign_in  # noqa: F401
from webapp import logs

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


def test_a_refused_request_names_who_asked_for_what_and_its_number(written: io.StringIO, sign_in: SignIn) -> None:
    client = sign_in("viewer")
    answer = client.get("/users/")
    assert answer.status_code == 403
    [line] = [each for each in lines(written) if each.get("path") == "/users/"]
    assert (line["event"], line["method"], line["status"]) == ("request", "GET", 403)
    assert line["actor"].startswith("user:")
    assert line["request_id"] == answer.headers["X-Request-ID"]
