"""Comparisons and discrepancies over the API."""

from tests.api.conftest import Caller
from webapp import clock
from webapp.models import Discrepancy, Reconciliation
from webapp.runtime import Runtime


def test_comparisons_and_discrepancies_are_listed(caller: Caller, place: Runtime) -> None:
    now = clock.now()
    seen = {"detail": "They differ.", "first_seen_at": now, "last_seen_at": now}
    with place.db.transaction() as session:
        session.add(Reconciliation(source="blnk", at=now, matched=3, different=1, undecided=2))
        session.add(Discrepancy(source="blnk", kind="different", reference="account-1", ours=1, theirs=2, **seen))
        session.add(Discrepancy(source="blnk", kind="different", reference="account-2", resolved_at=now, **seen))
        gone = {"accepted_at": now, "accepted_by": "Chika", "accepted_reason": "It is to stay."}
        session.add(
            Discrepancy(source="blnk", kind="different", reference="account-3", ours=1, theirs=2, **seen, **gone)
        )
    api = caller("read")

    assert [
        (row["compared"], row["matched"], row["undecided"], row["collected_twice"])
        for row in api.get("/api/v1/reconciliations", source="blnk").json["data"]
    ] == [(6, 3, 2, 0)]
    assert [row["reference"] for row in api.get("/api/v1/discrepancies").json["data"]] == ["account-1"]
    assert [row["reference"] for row in api.get("/api/v1/discrepancies", state="resolved").json["data"]] == [
        "account-2"
    ]
    [accepted] = api.get("/api/v1/discrepancies", state="accepted").json["data"]
    assert (accepted["reference"], accepted["accepted_by"]) == ("account-3", "Chika")
    assert len(api.get("/api/v1/discrepancies", state="all").json["data"]) == 3
    assert api.get("/api/v1/discrepancies", kind="odd").status_code == 422
    assert caller("orders").get("/api/v1/discrepancies").status_code == 403
