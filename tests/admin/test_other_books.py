"""Reconciliation and Providers: what they show, to whom, and what they never show."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.conftest import settings_for
from webapp import clock
from webapp.app import create_app
from webapp.models import Difference, ProviderState, ProviderToken, Reconciliation
from webapp.runtime import Runtime, build_runtime
from webapp.sealing import sealed
from webapp.services import alert_rules

SignIn = Callable[..., FlaskClient]


@pytest.fixture
def differing(desk: Runtime) -> Runtime:
    """A desk that differs from two books."""
    now = clock.now()
    rows: list[Any] = [
        Reconciliation(source="blnk", at=now, matched=4_000, different=1),
        Reconciliation(source="paystack-payments", at=now, said="paystack can't be reached."),
    ]
    seen = {"first_seen_at": now, "last_seen_at": now, "said": "It is NGN 1.00 here and NGN 0.90 there."}
    rows += [
        Difference(source="blnk", kind="different", reference="account-9", currency="NGN", ours=100, theirs=90, **seen),
        Difference(
            source="paystack-payments", kind="missing_here", reference="pay-7", currency="NGN", theirs=500, **seen
        ),
        Difference(
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
    for said in ("1 difference", "4,000 agree", "paystack can&#39;t be reached.", "account-9", "pay-7"):
        assert said in page
    assert "=cmd" not in page


def test_differences_are_filtered_and_exported_safely(differing: Runtime, sign_in: SignIn) -> None:
    client = sign_in("viewer")
    page = client.get("/reconciliation?kind=missing_here").text
    assert "pay-7" in page
    assert "account-9" not in page
    export = client.get("/reconciliation/export.csv?tab=resolved").text
    assert "'=cmd" in export


def test_a_difference_is_explained(differing: Runtime, sign_in: SignIn) -> None:
    client = sign_in("viewer")
    with differing.db.reading() as session:
        found = {row.reference: row.id for row in session.query(Difference)}
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
    kept = sealed("token-7", settings.sealing_keys)
    with desk.db.transaction() as session:
        failing = {"failures": 9, "opened_at": now, "last_failure_at": now, "said": "paystack answered 502."}
        session.add(ProviderState(provider="paystack", last_ok_at=now - timedelta(minutes=3), **failing))
        session.add(ProviderToken(provider="flutterwave", sealed=kept, expires_at=now + timedelta(minutes=9)))
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
        unwell = dict(alert_rules.provider_unwell(session, now, settings))
        assert unwell == {"paystack": "paystack failed 9 times in a row: paystack answered 502."}
        assert dict(alert_rules.provider_unwell(session, now, desk.settings)) == {}
    runtime.db.close()


def cookie_of(client: FlaskClient) -> tuple[str, str]:
    """The cookie of who is signed in, for another application over the same database."""
    found = next(iter(client._cookies.values()))
    return found.key, found.value
