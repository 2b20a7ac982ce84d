"""Every recorded answer of Blnk through the real client: each reads as its `right` says."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.services.reconciliation.conftest import BLNK
from tests.support.replay import Replay, replaying
from webapp.conformance import records
from webapp.providers.blnk.provider import Blnk, BlnkTransaction, Different
from webapp.providers.http.errors import CallFailed, Exists, KeyRefused, NotAnswered, NotSent, ProviderRefused, Unknown

ROWS: list[dict[str, Any]] = [*records.of("blnk")["exchanges"], *records.of("blnk")["answers"]]
BY_NAME = {row["name"]: (row["status"], row["says"]) for row in ROWS}
MOVED = BlnkTransaction("r1<run>", "USD", 500, "<a>", "<b>", "x")


@pytest.fixture
def replay(sqlite_url: str, tmp_path: Path) -> Iterator[Replay]:
    with replaying(sqlite_url, tmp_path, **BLNK) as made:
        yield made


def blnk(replay: Replay, *names: str) -> Blnk:
    """The client, to which these recorded answers are given in turn."""
    replay.say(*(BY_NAME[name] for name in names))
    found = replay.providers.blnk
    assert found is not None
    return found


def reading(replay: Replay, row: dict[str, Any]) -> str:
    """What the client makes of this answer, in the word of the records."""
    method, path = row["call"].split(" ", 1)
    acts = method != "GET" and not path.endswith("/filter")
    try:
        body = blnk(replay, row["name"])._client._call(method, path, json=row.get("sends"), acts=acts)
    except KeyRefused:
        return "key_refused"
    except NotSent:
        return "not_sent"
    except Exists:
        return "exists"
    except (Unknown, NotAnswered):
        return "unknown"
    except ProviderRefused:
        return "refused"
    rows = body["data"] if isinstance(body, dict) and "data" in body else body
    return "answered" if rows else "none"


def test_every_recorded_answer_reads_as_is_right(replay: Replay) -> None:
    assert len(ROWS) == len(BY_NAME) >= 79
    wrong = {row["name"]: (got, row["right"]) for row in ROWS if (got := reading(replay, row)) != row["right"]}
    assert wrong == {}


@pytest.mark.parametrize("name", ["filter balances by meta: none", "none, wrapped", "none, wrapped null"])
def test_none_is_none_in_every_form(replay: Replay, name: str) -> None:
    assert blnk(replay, name).balances(["bln_1"]) == {}
    assert blnk(replay, name).balances_of("ldg_1", [1, 2]) == {}


def test_a_ledger_is_made_where_none_is_found(replay: Replay) -> None:
    assert blnk(replay, "filter ledgers: none", "create ledger", "filter ledgers: one").ledger() == "<ledger>"
    assert [call for call, *_ in replay.stub.asked] == ["POST", "POST", "POST"]
    assert blnk(replay, "filter ledgers: one").ledger() == "<ledger>"


def test_balances_are_made_and_read(replay: Replay) -> None:
    assert blnk(replay, "a").create_balance("<ledger>", 1, "USD") == "<a>"
    assert blnk(replay, "filter balances: one").balances(["<a>"]) == {"<a>": 0}
    assert blnk(replay, "filter balances: with count").balances(["<a>"]) == {"<j>": 0, "<c>": 0, "<b>": 0, "<a>": 0}


def test_a_reference_that_is_there_is_looked_at(replay: Replay) -> None:
    blnk(replay, "move: same reference", "by reference").move(MOVED)
    with pytest.raises(Different, match=r"USD 0\.07 was sent"):
        blnk(replay, "move: same reference, other amount", "by reference").move(
            BlnkTransaction("r1<run>", "USD", 7, "<a>", "<b>", "x")
        )
    with pytest.raises(Unknown):
        blnk(replay, "move: same reference", "by reference: none").move(MOVED)


def test_what_waits_in_the_queue_is_not_known_to_be_there(replay: Replay) -> None:
    queued = BlnkTransaction("q1<run>", "USD", 500, "<a>", "<b>", "x")
    with pytest.raises(Unknown, match="queue"):
        blnk(replay, "move: queued", "by reference: none").has(queued)


def test_an_absent_reference_is_absent_and_a_page_of_a_proxy_is_not(replay: Replay) -> None:
    assert not blnk(replay, "by reference: none").has(MOVED)
    for name in ("unknown path", "a page of a proxy", "a 404 of a gateway in JSON", "an error of its own"):
        with pytest.raises(CallFailed):
            blnk(replay, name).has(MOVED)


def test_the_sentence_of_a_validation_error_is_shown(replay: Replay) -> None:
    with pytest.raises(ProviderRefused, match="reference: cannot be blank"):
        blnk(replay, "move: no reference").move(MOVED)
