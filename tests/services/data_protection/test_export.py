"""The export of a party: everything about it as one JSON document, and nothing about others that is theirs."""

import json
from typing import Any

import pytest

from tests.services.data_protection.scene import ANSWER, CLAIM, EMAIL, NAME, NOTE, NUMBER, forgotten, lived
from tests.support.market import AMINA, DIVINE, NOW
from webapp.errors import NotAllowed
from webapp.runtime import Runtime
from webapp.services.data_protection import export as exports


def document(runtime: Runtime, party_id: int) -> Any:
    with runtime.db.reading() as session:
        return json.loads("".join(exports.export(session, party_id, at=NOW, actor=DIVINE)))


def test_everything_about_it_is_in_one_document(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "_PAGE", 2)
    with runtime.db.transaction() as session:
        party_id = lived(session, runtime).party.id
    found = document(runtime, party_id)
    assert found["format"] == "escrow-desk-party-1"
    assert (found["party"]["name"], found["party"]["email"]) == (NAME, EMAIL)
    assert found["disputes"][0]["claim"] == CLAIM
    assert [each["body"] for each in found["messages"]] == [ANSWER, NOTE]
    assert [each["name"] for each in found["evidence"]] == ["receipt-imani.txt"]
    assert found["payout_destinations"][0]["account_ending"] == "0031"
    assert [each["reference"] for each in found["payments"]] == ["pay-imani"]
    assert len(found["messages_sent"]) == 2
    actions = [each["action"] for each in found["audit_records"]]
    assert {"party.create", "party.change", "order.create", "dispute.open", "evidence.attach"} <= set(actions)
    assert actions[:2] == ["party.create", "party.change"]
    assert found["orders"][0]["ref"] == "o-imani"
    assert found["escrows"][0]["status"] == "released"
    assert {"what", "why"} == set(found["left_out"][0])


def test_what_is_somebody_elses_is_not_in_it(sqlite_runtime: Runtime) -> None:
    with sqlite_runtime.db.transaction() as session:
        scene = lived(session, sqlite_runtime)
    text = json.dumps(document(sqlite_runtime, scene.party.id), ensure_ascii=False)
    for theirs in (NUMBER, "got it.", "sign?", "Amina", "Divine", "user:4", "account_encrypted"):
        assert theirs not in text, theirs


def test_a_forgotten_party_exports_its_books_alone(sqlite_runtime: Runtime) -> None:
    with sqlite_runtime.db.transaction() as session:
        scene = lived(session, sqlite_runtime)
    with sqlite_runtime.db.transaction() as session:
        forgotten(session, sqlite_runtime, scene.party.id)
    found = document(sqlite_runtime, scene.party.id)
    assert NAME not in json.dumps(found, ensure_ascii=False)
    assert found["orders"][0]["ref"] == "o-imani"


def test_it_takes_the_right(sqlite_runtime: Runtime) -> None:
    with sqlite_runtime.db.reading() as session, pytest.raises(NotAllowed):
        next(exports.export(session, 1, at=NOW, actor=AMINA))
