"""`make conformance`: our sandbox answers as recorded, and a server that does not is told of."""

import copy
import json
from typing import Any

import pytest

from tests.sandbox.conftest import served  # noqa: F401
from tests.support.replay import stub
from webapp.conformance import records, servers
from webapp.conformance.__main__ import main
from webapp.conformance.comparing import differences
from webapp.conformance.exchanges import is_harmless, replay
from webapp.sandbox import Served
from webapp.sandbox.webhooks.sender import KIND as WEBHOOK


def test_the_sandbox_answers_every_exchange_as_recorded(served: Served) -> None:
    found = [each for server in servers.own(served.url) for each in replay(server, records.of(server.provider))]
    assert len(found) >= 67
    assert {each.name: each.differences for each in found if each.differences} == {}


def test_the_sandbox_tells_of_what_happens_in_the_recorded_shapes(served: Served) -> None:
    [server] = [each for each in servers.own(served.url) if each.provider == "blnk"]
    list(replay(server, records.of("blnk")))
    recorded = {each["body"]["event"]: copy.deepcopy(each["body"]) for each in records.of("blnk")["webhooks"]}
    told = {row.data["event"]: json.loads(row.data["body"]) for row in served.store.listed(WEBHOOK, parent="blnk")}
    assert recorded.keys() <= told.keys()
    for event, body in recorded.items():
        body["data"]["meta_data"] = told[event]["data"]["meta_data"]
        assert sorted(_shape(told[event])) == sorted(_shape(body)), event


def _shape(body: Any, place: str = "") -> list[str]:
    if not isinstance(body, dict):
        return [f"{place}: {'number' if isinstance(body, int | float) else type(body).__name__}"]
    return [each for name, value in body.items() for each in _shape(value, f"{place}.{name}")]


def test_a_server_that_answers_otherwise_is_told_of(capsys: pytest.CaptureFixture[str]) -> None:
    with stub() as server:
        server.say((200, {"data": []}))
        assert main({"BLNK_URL": server.url, "BLNK_API_KEY": "a-key"}) == 1
    said = capsys.readouterr().out
    assert "filter balances: none (POST /balances/filter): the answer is dict, recorded is null." in said
    assert "it answered 200, recorded is 404." in said
    assert "67 exchanges, different: 6" in said


def test_a_server_that_is_away_is_a_difference(capsys: pytest.CaptureFixture[str]) -> None:
    assert main({"BLNK_URL": "http://127.0.0.1:9", "BLNK_API_KEY": "a-key"}) == 1
    assert "it was not answered" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("recorded", "got", "said"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, "b is there, and not recorded."),
        ({"a": 1, "b": None}, {"a": 1}, "b is missing."),
        ({"a": 1}, {"a": 1.5}, "a is float, recorded is int."),
        (None, [], "the answer is list, recorded is null."),
        ([], [{}], "the answer has 1 row, recorded are 0."),
        ({"at": "<time>"}, {"at": "now"}, "at is 'now', recorded is a <time>."),
        ({"code": "A"}, {"code": "B"}, "code is 'B', recorded is 'A'."),
        ({"rows": [{"a": 1}]}, {"rows": [{"a": 2}, {}]}, "rows[1].a is missing."),
        ({"message": "A"}, {"message": "B"}, None),
    ],
)
def test_what_is_a_difference(recorded: Any, got: Any, said: str | None) -> None:
    assert list(differences(recorded, got, ("code",))) == ([said] if said else [])


def test_what_is_harmless_only_asks() -> None:
    rows = [row["call"] for row in records.of("blnk")["exchanges"] if is_harmless(row)]
    assert "POST /balances/filter" in rows
    assert {call.split(" ")[0] for call in rows if not call.endswith("/filter")} == {"GET"}
    assert not [call for call in rows if "<" in call.replace("none<run>", "")]
