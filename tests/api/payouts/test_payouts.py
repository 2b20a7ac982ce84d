"""Payouts and their schedules over HTTP."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from tests.api.conftest import ON_SQLITE, Api, Caller, a_party, ngn
from tests.support.payouts import planned, settled, written
from webapp import clock
from webapp.domain.providers.provider_results import ProviderStatus
from webapp.models import PayoutDestination, PayoutSchedule, Run
from webapp.runtime import Runtime
from webapp.services.payouts import destinations as payout_destinations

ALL = "/api/v2/payout-schedules"
LATER = "2030-01-02T03:04:05Z"
TO = {
    "currency": "NGN",
    "kind": "nuban",
    "bank_code": "058",
    "account_number": "0123 456 789",
    "account_name": "Kofi Mensah",
}


@pytest.fixture
def payer(caller: Caller) -> Api:
    return caller("read", "payouts", "parties")


def body(**changes: Any) -> dict[str, Any]:
    return {"ref": "s-1", "party": "kofi", "amount": ngn(5_000), "due_at": LATER, "placement": "p-1"} | changes


def ended(place: Runtime, run_id: int) -> None:
    """The run is over, so that another may begin."""
    with place.db.transaction() as session:
        session.get_one(Run, run_id).status = "succeeded"


def test_a_schedule_is_created_found_changed_and_cancelled(payer: Api) -> None:
    a_party(payer, "kofi")
    answer = payer.post(ALL, body())
    made = answer.json
    assert (answer.status_code, answer.headers["Location"]) == (201, f"{ALL}/{made['id']}")
    assert (made["amount"], made["due_at"], made["party"]["ref"]) == (ngn(5_000), LATER, "kofi")
    assert payer.get(f"{ALL}/{made['id']}").json == made
    for query in ({"placement": "p-1"}, {"status": "pending"}, {"party": "kofi"}, {"ref": "s-1"}):
        assert payer.get(ALL, **query).json["data"] == [made]
    assert payer.get(ALL, placement="p-2").json["data"] == []
    change = {"amount": ngn(6_000), "due_at": LATER, "guarantee_completion_date": LATER, "version": 1}
    changed = payer.put(f"{ALL}/{made['id']}", change)
    assert (changed.status_code, changed.json["amount"], changed.json["placement"]) == (200, ngn(6_000), None)
    assert payer.put(f"{ALL}/{made['id']}", change).status_code == 409
    kes = {"amount": {"amount": 1, "currency": "KES"}, "due_at": LATER}
    assert list(payer.put(f"{ALL}/{made['id']}", kes).json["errors"]) == ["amount.currency"]
    assert payer.post(f"{ALL}/{made['id']}/trigger").status_code == 422
    cancelled = payer.delete(f"{ALL}/{made['id']}")
    assert (cancelled.status_code, cancelled.json["status"]) == (200, "cancelled")
    assert payer.delete(f"{ALL}/{made['id']}").status_code == 409
    why = payer.get("/api/v2/audit-log", action="payout_schedule.cancel").json["data"]
    assert [each["reason"] for each in why] == ["Cancelled over the API."]


def test_a_reason_for_cancelling_is_kept(payer: Api) -> None:
    a_party(payer, "kofi")
    made = payer.made(ALL, body())
    assert payer.delete(f"{ALL}/{made['id']}", reason="Not owed.").status_code == 200
    [record] = payer.get("/api/v2/audit-log", action="payout_schedule.cancel").json["data"]
    assert record["reason"] == "Not owed."


@ON_SQLITE
@pytest.mark.parametrize(
    ("wrong", "status", "field"),
    [
        ({"party": "nobody"}, 422, "party"),
        ({"amount": ngn(0)}, 422, "amount.amount"),
        ({"amount": {"amount": 1, "currency": "XQX"}}, 422, "amount.currency"),
        ({"due_at": "2030-01-02T03:04:05"}, 422, "due_at"),
        ({"placement": "a\x00b"}, 422, "placement"),
        ({"ref": ""}, 422, "ref"),
        ({"colour": "red"}, 422, "colour"),
        ({"ref": "taken"}, 409, "ref"),
    ],
)
def test_what_is_wrong_is_named(payer: Api, wrong: dict[str, Any], status: int, field: str) -> None:
    a_party(payer, "kofi")
    payer.made(ALL, body(ref="taken"))
    answer = payer.post(ALL, body(**wrong))
    assert (answer.status_code, list(answer.json["errors"])) == (status, [field])


@ON_SQLITE
@pytest.mark.parametrize("path", [f"{ALL}?placement=%00", "/api/v1/payouts?ref=%00", "/api/v1/payments?order=%00"])
def test_a_query_that_cannot_be_is_refused(payer: Api, path: str) -> None:
    assert payer.get(path).status_code == 422


def test_lists_are_paged(payer: Api) -> None:
    a_party(payer, "kofi")
    made = [payer.made(ALL, body(ref=f"s-{number}"))["id"] for number in range(3)]
    first = payer.get(ALL, limit=2).json
    last = payer.get(ALL, limit=2, cursor=first["next_cursor"]).json
    assert [each["id"] for each in first["data"] + last["data"]] == made[::-1]
    assert last["next_cursor"] is None


def test_one_is_triggered_and_all_that_is_due_processed_by_runs(place: Runtime, payer: Api) -> None:
    plan = planned(place, due_at=clock.now() + timedelta(days=1))
    answer = payer.post(f"{ALL}/{plan}/trigger")
    run = answer.json
    assert (answer.status_code, answer.headers["Location"]) == (202, f"/api/v1/runs/{run['id']}")
    assert (run["job"], run["trigger"], run["status"]) == ("process_payout_schedules", "api", "queued")
    assert payer.post(f"{ALL}/process-due").status_code == 409
    ended(place, run["id"])
    answer = payer.post(f"{ALL}/process-due")
    assert answer.status_code == 202
    with place.db.reading() as session:
        first, second = session.scalars(select(Run.parameters).order_by(Run.id)).all()
    assert (first["schedule"], second) == (plan, None)


def test_a_payout_is_read_masked_and_cancelled_before_it_is_sent(place: Runtime, payer: Api) -> None:
    plan = planned(place)
    number = written(place, plan)
    found = payer.get(f"/api/v1/payouts/{number}").json
    assert (found["status"], found["amount"], found["schedule_id"]) == ("pending", ngn(4_000), plan)
    assert len(found["destination"]["account_ending"]) == 4
    assert f"00{found['party']['id']:08}" not in str(found)
    for query in ({"status": "pending"}, {"party": found["party"]["ref"]}, {"schedule": plan}, {"ref": found["ref"]}):
        assert payer.get("/api/v1/payouts", **query).json["data"] == [found]
    assert payer.get("/api/v1/payouts", status="sent").json["data"] == []
    assert payer.post(f"/api/v1/payouts/{number}/retry").status_code == 409
    assert list(payer.post(f"/api/v1/payouts/{number}/cancel").json["errors"]) == ["reason"]
    assert payer.made(f"/api/v1/payouts/{number}/cancel", {"reason": "Wrong."})["status"] == "cancelled"
    assert payer.post(f"/api/v1/payouts/{number}/cancel", {"reason": "Wrong."}).status_code == 409


def test_a_failed_payout_is_retried_once_per_key(place: Runtime, payer: Api) -> None:
    number = written(place, planned(place))
    settled(place, number, ProviderStatus.FAILED, "Account closed.")
    assert payer.get(f"/api/v1/payouts/{number}").json["status_detail"] == "Account closed."
    first = payer.post(f"/api/v1/payouts/{number}/retry", key="k")
    again = payer.post(f"/api/v1/payouts/{number}/retry", key="k")
    assert first.status_code == again.status_code == 202
    assert first.json == again.json


def test_a_destination_is_set_and_its_number_never_told(place: Runtime, payer: Api) -> None:
    party = a_party(payer, "kofi")["id"]
    path = f"/api/v1/parties/{party}/payout-destination"
    answer = payer.put(path, TO)
    assert answer.status_code == 200
    assert answer.json["account_ending"] == "6789"
    assert "0123" not in answer.text
    with place.db.reading() as session:
        row = session.scalars(select(PayoutDestination)).one()
        assert payout_destinations.number_of(row, place.settings.encryption_keys) == "0123456789"
    for wrong in ({"kind": "cheque"}, {"account_number": "12"}, {"account_number": "12\x0034"}, {"currency": "XQX"}):
        refused = payer.put(path, TO | wrong)
        assert (refused.status_code, list(refused.json["errors"])) == (422, list(wrong))
    assert payer.put("/api/v1/parties/77/payout-destination", TO).status_code == 404


WRITES = [
    ("post", ALL, body()),
    ("put", f"{ALL}/1", {"amount": ngn(1), "due_at": LATER}),
    ("delete", f"{ALL}/1", None),
    ("post", f"{ALL}/1/trigger", {}),
    ("post", f"{ALL}/process-due", {}),
    ("post", "/api/v1/payouts/1/retry", {}),
    ("post", "/api/v1/payouts/1/cancel", {"reason": "x"}),
    ("put", "/api/v1/parties/1/payout-destination", TO),
]


@ON_SQLITE
@pytest.mark.parametrize(("method", "path", "sent"), WRITES)
def test_writes_need_a_token_and_its_scope(place: Runtime, caller: Caller, method: str, path: str, sent: Any) -> None:
    planned(place)
    for api, status in ((caller(), 401), (caller("read"), 403), (caller("orders", "payments"), 403)):
        answer = getattr(api, method)(path) if sent is None else getattr(api, method)(path, sent)
        assert answer.status_code == status
        assert answer.content_type == "application/problem+json"
    with place.db.reading() as session:
        assert session.scalars(select(PayoutSchedule.version)).all() == [1]


@ON_SQLITE
@pytest.mark.parametrize("path", [ALL, f"{ALL}/1", "/api/v1/payouts", "/api/v1/payouts/1"])
def test_reads_need_a_token_and_its_scope(caller: Caller, path: str) -> None:
    assert caller().get(path).status_code == 401
    assert caller("orders").get(path).status_code == 403
