"""Blnk's health is asked with the key: a wrong one is said, and scopes that are missing are named."""

import pytest

from tests.providers.conftest import Outfit
from tests.sandbox.conftest import Caller
from tests.services.reconciliation.conftest import BLNK
from webapp import health_checks
from webapp.app import create_app
from webapp.providers.blnk.health import SCOPES, check_health
from webapp.runtime import Runtime

MASTER = {"X-Blnk-Key": BLNK["blnk_api_key"]}


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


def asked(runtime: Runtime) -> tuple[bool, str]:
    blnk = runtime.providers.blnk
    assert blnk is not None
    found = check_health(blnk)
    return found.is_well, found.sentence


def scoped(sandbox: Caller, *scopes: str) -> str:
    """A key of the sandbox with these scopes."""
    made = sandbox("POST", "/blnk/api-keys", {"name": "desk", "owner": "desk", "scopes": [*scopes]}, headers=MASTER)
    return str(made.json()["key"])


def test_with_the_right_key_it_is_well(outfit: Outfit, sandbox: Caller) -> None:
    assert asked(outfit(**BLNK)) == (True, "Blnk is up and takes the key.")
    assert asked(outfit(ledger="blnk", blnk_api_key=scoped(sandbox, *SCOPES)))[0]


def test_a_wrong_key_is_said_by_doctor_and_readiness(outfit: Outfit) -> None:
    desk = outfit(ledger="blnk", blnk_api_key="wrong")
    found = health_checks.external_ledger(desk)
    assert (found.verdict, found.found) == ("wrong", "blnk refuses our key: Invalid API key.")
    assert "BLNK_API_KEY" in found.do
    ready = create_app(desk).test_client().get("/readyz").get_json()
    assert ready["status"] != "ok"
    assert "blnk refuses our key" in ready["checks"]["ledger"]


@pytest.mark.parametrize("missing", SCOPES)
def test_a_scope_that_is_missing_is_named(outfit: Outfit, sandbox: Caller, missing: str) -> None:
    key = scoped(sandbox, *(set(SCOPES) - {missing}))
    assert asked(outfit(ledger="blnk", blnk_api_key=key)) == (False, f"Blnk's key lacks the scopes {missing}.")


def test_a_blnk_that_is_away_is_said(outfit: Outfit) -> None:
    assert asked(outfit(**BLNK, blnk_url="http://127.0.0.1:9")) == (False, "blnk can't be reached.")
