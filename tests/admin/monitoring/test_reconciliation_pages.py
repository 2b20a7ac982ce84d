"""Reconciliation and Providers: what they show, to whom, and what they never show."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text, update

from tests.conftest import settings_for
from tests.support.job_runs import run_job_now
from tests.support.people import hidden, send
from webapp import clock
from webapp.app import create_app
from webapp.encryption import encrypt
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.jobs.run_job import run_here
from webapp.models import Discrepancy, MirrorEntry, ProviderState, ProviderToken, Reconciliation, Run
from webapp.runtime import Runtime, build_runtime
from webapp.services.monitoring.rules import providers as rules_of_providers

SignIn = Callable[..., FlaskClient]


@pytest.fixture
def differing(desk: Runtime) -> Runtime:
    """A desk that differs from two books."""
    now = clock.now()
    rows: list[Any] = [
        Reconciliation(source="blnk", at=now, matched=4_000, different=1, undecided=7, collected_twice=2),
        Reconciliation(source="paystack-payments", at=now, error="paystack can't be reached."),
    ]
    seen = {"first_seen_at": now, "last_seen_at": now, "detail": "It is NGN 1.00 here and NGN 0.90 there."}
    rows += [
        Discrepancy(
            source="blnk", kind="different", reference="account-9", currency="NGN", ours=100, theirs=90, **seen
        ),
        Discrepancy(
            source="paystack-payments", kind="missing_here", reference="pay-7", currency="NGN", theirs=500, **seen
        ),
        Discrepancy(
            source="blnk",
            kind="missing_there",
            reference="=cmd",
            currency="KES",
            ours=5,
            **seen | {"resolved_at": now},
        ),
    ]
    with desk.db.transaction() as session:
        session.add_all(rows)
    return desk


def test_each_book_is_shown_with_its_last_comparison(differing: Runtime, sign_in: SignIn) -> None:
    page = sign_in("viewer").get("/reconciliation").text
    for said in (
        "1 discrepancy",
        "4,008 compared: 4,000 agree",
        "7 too early to say: moved while",
        "2 references paid twice there",
        "paystack can&#39;t be reached.",
        "account-9",
        "pay-7",
    ):
        assert said in page
    assert "=cmd" not in page


def test_discrepancies_are_filtered_and_exported_safely(differing: Runtime, sign_in: SignIn) -> None:
    client = sign_in("viewer")
    page = client.get("/reconciliation?kind=missing_here").text
    assert "pay-7" in page
    assert "account-9" not in page
    export = client.get("/reconciliation/export.csv?tab=resolved").text
    assert "'=cmd" in export


def test_a_discrepancy_is_explained(differing: Runtime, sign_in: SignIn) -> None:
    client = sign_in("viewer")
    with differing.db.reading() as session:
        found = {row.reference: row.id for row in session.query(Discrepancy)}
    assert "money came or went past the desk" in client.get(f"/reconciliation/{found['pay-7']}").text
    of_balance = client.get(f"/reconciliation/{found['account-9']}").text
    assert "It is NGN 1.00 here and NGN 0.90 there." in of_balance
    assert "Account ," not in of_balance
    assert client.get("/reconciliation/999").status_code == 404


def test_an_empty_desk_says_when_books_are_compared(desk: Runtime, sign_in: SignIn) -> None:
    page = sign_in("viewer").get("/reconciliation").text
    assert "Nothing was compared yet" in page
    assert "No book differs" in page


def test_providers_show_what_is_missing(desk: Runtime, sign_in: SignIn) -> None:
    page = sign_in("viewer").get("/providers").text
    for said in ("PAYSTACK_SECRET_KEY", "FLUTTERWAVE_CLIENT_ID", "LEDGER=blnk", "not configured"):
        assert said in page


def test_a_failing_provider_is_shown_and_alerted_and_its_token_is_not_shown(desk: Runtime, sign_in: SignIn) -> None:
    settings = settings_for(
        desk.db.url,
        desk.settings.var_dir,
        flutterwave_client_id="client-7",
        flutterwave_client_secret="secret-7",
        paystack_secret_key="sk_7",
        ledger="blnk",
        blnk_url="http://127.0.0.1:9",
    )
    runtime, now = build_runtime(settings), clock.now()
    kept = encrypt("token-7", settings.encryption_keys)
    with desk.db.transaction() as session:
        failing = {"failures": 9, "opened_at": now, "last_failure_at": now, "last_error": "paystack answered 502."}
        session.add(ProviderState(provider="paystack", last_ok_at=now - timedelta(minutes=3), **failing))
        session.add(ProviderToken(provider="flutterwave", token_encrypted=kept, expires_at=now + timedelta(minutes=9)))
    client = create_app(runtime).test_client()
    client.set_cookie(*cookie_of(sign_in("viewer")))

    page = client.get("/providers").text
    asked = client.get("/providers/blnk").text

    assert "paystack answered 502." in page
    assert "Token expires" in page
    assert "Blnk is not well" in asked
    for secret in ("token-7", kept, "secret-7", "sk_7"):
        assert secret not in page
    with desk.db.reading() as session:
        unwell = [answer[:2] for answer in rules_of_providers.provider_unwell(session, now, settings)]
        assert unwell == [("paystack", "paystack failed 9 times in a row: paystack answered 502.")]
        assert list(rules_of_providers.provider_unwell(session, now, desk.settings)) == []
    runtime.db.close()


def test_the_external_ledger_is_asked_and_sent_what_it_lacks_by_a_button(desk: Runtime, sign_in: SignIn) -> None:
    runtime = build_runtime(settings_for(desk.db.url, desk.settings.var_dir, ledger="blnk"))
    seen = {"first_seen_at": clock.now(), "last_seen_at": clock.now(), "detail": "Blnk has no t-1, which it was sent."}
    with desk.db.transaction() as session:
        session.add(Discrepancy(source="blnk-transfers", kind="missing_there", reference="t-1", **seen))
        session.add(MirrorEntry(transfer_id=1, status="missing", next_try_at=clock.now()))
    register_jobs(runtime)
    client = create_app(runtime).test_client()
    client.set_cookie(*cookie_of(sign_in("operator")))

    assert "Send again what it lacks" in client.get("/reconciliation").text
    assert "restored from a backup, or lost" in client.get("/reconciliation/1").text
    assert "Transfers that it lacks" in client.get("/reconciliation/send-again").text
    assert send(client, "/reconciliation/send-again").status_code == 303
    with desk.db.reading() as session:
        run = session.query(Run).filter(Run.job == "check_mirror").one()
        assert (run.parameters, run.trigger, run.by_name) == ({"send": True}, "manual", "The operator")
    assert send(client, "/reconciliation/check", since="2026-11-25T04:00").status_code == 409, "one at a time"
    with desk.db.transaction() as session:
        session.execute(update(Run).values(status="succeeded"))
    assert send(client, "/reconciliation/check", since="2026-11-25T04:00").status_code == 303
    with desk.db.reading() as session:
        asked = [row.parameters["since"] for row in session.query(Run) if row.parameters and "since" in row.parameters]
    assert [each[:10] for each in asked] == ["2026-11-25"]
    client.set_cookie(*cookie_of(sign_in("viewer")))
    assert "Send again what it lacks" not in client.get("/reconciliation").text
    assert client.get("/reconciliation/send-again").status_code == 403
    runtime.db.close()


def cookie_of(client: FlaskClient) -> tuple[str, str]:
    """The cookie of who is signed in, for another application over the same database."""
    found = next(iter((client._cookies or {}).values()))
    return found.key, found.value


def test_an_approver_accepts_what_is_to_stay_and_its_page_says_who_and_why(differing: Runtime, sign_in: SignIn) -> None:
    with differing.db.reading() as session:
        found = {row.reference: row.id for row in session.query(Discrepancy)}
    address = f"/reconciliation/{found['account-9']}"
    assert "Only these roles may do this: approver, admin." in sign_in("agent").get(address).text
    assert sign_in("agent").get(f"{address}/accept").status_code == 403
    client = sign_in("approver")
    assert "exactly this" in client.get(f"{address}/accept").text
    assert send(client, f"{address}/accept", reason=" ").status_code == 422
    shown = client.get(f"{address}/accept").text
    with differing.db.transaction() as session:
        session.execute(update(Discrepancy).where(Discrepancy.reference == "account-9").values(theirs=91))
    late = client.post(f"{address}/accept", data=hidden(shown) | {"reason": "It is right there."})
    assert (late.status_code, "not what you have seen" in late.text) == (409, True)

    assert send(client, f"{address}/accept", reason="It is right there.").status_code == 303

    page = sign_in("viewer").get(address).text
    for said in ("Accepted as it is", "The approver", "It is right there.", "The approver has accepted it already."):
        assert said in page
    assert "account-9" not in client.get("/reconciliation").text
    accepted = client.get("/reconciliation?tab=accepted").text
    assert "account-9" in accepted
    assert "agrees but for 1 accepted" in accepted
    assert "It is right there." in client.get("/reconciliation/export.csv?tab=accepted").text
    assert send(client, f"{address}/accept", page="/reconciliation", reason="Again.").status_code == 409


def test_all_of_our_own_book_is_checked_by_a_button(desk: Runtime, sign_in: SignIn) -> None:
    register_jobs(desk)
    assert "Our own book" not in sign_in("viewer").get("/reconciliation").text
    client = sign_in("operator")
    assert "Check all of our own books" in client.get("/reconciliation").text
    assert send(client, "/reconciliation/check-books").status_code == 303
    with desk.db.reading() as session:
        run = session.scalars(select(Run).where(Run.job == "verify_books")).one()
        assert run.parameters == {"from_first": True}
    assert run_here(desk, run.id).status == "succeeded"
    page = client.get("/reconciliation").text
    assert "Our own book agrees with itself" in page
    assert "All of it was last checked" in page
    with desk.db.transaction() as session:
        session.execute(
            text(
                "INSERT INTO account (kind, owner, currency, balance, created_at) "
                "VALUES ('fees', 'x', 'NGN', 5, '2026-03-02 09:30:00.000000')"
            )
        )
    assert run_job_now(desk, "verify_books", from_first=True).status == "succeeded"
    assert "1 thing is wrong" in client.get("/reconciliation").text
