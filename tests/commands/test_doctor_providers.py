"""`desk doctor` about what is outside."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.conftest import SECRET
from tests.providers.conftest import V3, V4, Outfit
from tests.sandbox.conftest import Caller
from tests.services.reconciliation.conftest import BLNK, trade
from webapp import clock, health_checks
from webapp.commands.doctor import command
from webapp.models import ProviderState, ProviderToken
from webapp.sandbox import Served
from webapp.sandbox.core.settings import SANDBOX_KEYS


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


def test_it_says_which_providers_there_are_and_which_fail(outfit: Outfit) -> None:
    desk = outfit(paystack_secret_key="sk_7")
    assert health_checks.providers(desk).verdict == "ok"
    assert "flutterwave (FLUTTERWAVE_CLIENT_ID" in health_checks.providers(desk).found
    with desk.db.transaction() as session:
        session.add(
            ProviderState(provider="paystack", failures=5, opened_at=clock.now(), last_error="It answered 502.")
        )
    found = health_checks.providers(desk)
    assert (found.verdict, "paystack: It answered 502." in found.found) == ("warning", True)


PAYSTACK = SANDBOX_KEYS["PAYSTACK_SECRET_KEY"]


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ({"paystack_secret_key": PAYSTACK}, {"paystack_secret_key": "sk_" + "test_" + "wrong"}),
        (V3, {"flutterwave_secret_key": "FLWSECK_TEST-wrong"}),
        (V4, V4 | {"flutterwave_client_secret": "wrong"}),
    ],
    ids=["paystack", "flutterwave v3", "flutterwave v4"],
)
def test_it_asks_each_provider_whether_it_takes_the_key(
    served: Served, outfit: Outfit, right: dict[str, str], wrong: dict[str, str]
) -> None:
    where = {"paystack_url": f"{served.url}/paystack"}
    well, refused = health_checks.keys(outfit(**where, **right)), health_checks.keys(outfit(**where, **wrong))
    assert (well.verdict, well.found.endswith(" takes our key.")) == ("ok", True), well
    assert refused.verdict == "wrong", refused
    assert "Set the key of " in refused.do


def test_what_can_not_be_asked_is_said_to_be_unknown(outfit: Outfit) -> None:
    assert health_checks.keys(outfit()).found == "No provider's key is set."
    away = health_checks.keys(outfit(paystack_secret_key=PAYSTACK, paystack_url="http://127.0.0.1:9"))
    assert (away.verdict, away.found) == (
        "warning",
        "paystack can't be reached. Whether paystack takes our key is unknown.",
    )


def test_addresses_of_chats_are_understood_or_named(outfit: Outfit) -> None:
    assert health_checks.chats(outfit()).found.startswith("No chat")
    sms = "twilio://" + "AC" + "0" * 32 + ":" + "1" * 32 + "@+15551234567/{phone}"
    known = health_checks.chats(outfit(notify_urls=[sms], alert_urls=["json://127.0.0.1/x"]))
    assert (known.verdict, "2 addresses of a kind" in known.found, "unknown" in known.found) == ("ok", True, True)
    odd = health_checks.chats(outfit(alert_urls=["smoke://signals/secret"]))
    assert (odd.verdict, "smoke-" in odd.found, "secret" in odd.found) == ("wrong", True, False)


def test_it_asks_blnk_and_counts_what_waits(outfit: Outfit, sandbox: Caller) -> None:
    assert health_checks.external_ledger(outfit()).found == "The ledger is the desk's own."
    trade(outfit(), 1)
    desk = outfit(**BLNK)
    assert "desk ledger mirror" in health_checks.external_ledger(desk).do
    sandbox.set_fault("blnk", "*", "error_500", times=None)
    assert health_checks.external_ledger(desk).verdict == "wrong"


def test_it_tells_of_a_token_that_can_not_be_refreshed(outfit: Outfit) -> None:
    desk = outfit(flutterwave_client_id="id", flutterwave_client_secret="secret")
    assert health_checks.tokens(desk).verdict == "ok"
    with desk.db.transaction() as session:
        session.add(ProviderToken(provider="flutterwave", failures=3, last_error="It is away."))
    assert health_checks.tokens(desk).verdict == "warning"


def test_it_holds_a_provider_to_its_records_by_asking_only(served: Served, tmp_path: Path, sqlite_url: str) -> None:
    environment = {"DATABASE_URL": sqlite_url, "VAR_DIR": str(tmp_path), "SECRET_KEY": SECRET}
    blnk = {"BLNK_URL": f"{served.url}/blnk", "BLNK_API_KEY": BLNK["blnk_api_key"]}
    right = CliRunner().invoke(command, ["--provider", "blnk"], env=environment | blnk)
    wrong = CliRunner().invoke(command, ["--provider", "blnk"], env=environment | blnk | {"BLNK_API_KEY": "no"})
    unset = CliRunner().invoke(command, ["--provider", "blnk"], env=environment | {"BLNK_API_KEY": ""})
    assert (right.exit_code, "as recorded" in right.output) == (0, True), right.output
    assert (wrong.exit_code, "it answered 401, recorded is 200" in wrong.output) == (1, True), wrong.output
    assert (unset.exit_code, "BLNK_API_KEY is not set" in unset.output) == (1, True), unset.output
    assert served.store.count("blnk.ledger") == served.store.count("blnk.balance") == 0
