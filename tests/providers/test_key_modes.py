"""A key of a provider's test mode on a desk where money is real."""

from pathlib import Path

import pytest

from tests.conftest import settings_for
from tests.money.test_payment_decisions import tried
from tests.support.market import NOW, Market
from webapp.checkup import providers as check_providers
from webapp.domain.actors import job_actor
from webapp.domain.provider_words import Fate, Seen
from webapp.errors import Unavailable
from webapp.models import Payment
from webapp.providers import key_modes
from webapp.providers.house import Providers
from webapp.runtime import Runtime
from webapp.services import payment_settling, provider_health, unreal_money
from webapp.services.alert_rules import rules

TEST, LIVE = "sk_test_0123456789", "sk_live_0123456789"


@pytest.mark.parametrize(
    ("keys", "unreal"),
    [
        ({"paystack_secret_key": TEST}, ["paystack"]),
        ({"paystack_secret_key": LIVE}, []),
        ({"flutterwave_secret_key": "FLWSECK_TEST-1-X"}, ["flutterwave"]),
        ({"flutterwave_secret_key": "FLWSECK-1-X"}, []),
        (
            {
                "flutterwave_secret_key": "FLWSECK_TEST-1-X",
                "flutterwave_client_id": "c",
                "flutterwave_client_secret": "s",
            },
            [],
        ),
    ],
)
def test_a_production_desk_talks_to_nobody_with_a_test_key(
    sqlite_runtime: Runtime, sqlite_url: str, tmp_path: Path, keys: dict[str, str], unreal: list[str]
) -> None:
    elsewhere = settings_for(sqlite_url, tmp_path, **keys)
    assert key_modes.of(elsewhere) == {}
    settings = elsewhere.model_copy(update={"env": "production"})
    assert list(key_modes.of(settings)) == unreal
    house = Providers(settings, sqlite_runtime.db)
    assert not [name for name in unreal if name in house.collecting or name in house.paying or name in house.refunding]
    assert [each.name for each in provider_health.wirings(settings) if each.unreal] == unreal
    with sqlite_runtime.db.reading() as session:
        told = dict(rules()["test_key_in_production"].question(session, NOW, settings))
    assert list(told) == unreal
    for name in unreal:
        with pytest.raises(Unavailable, match="is a test key"):
            house.collector(name)


def test_the_check_up_says_so(sqlite_runtime: Runtime) -> None:
    assert check_providers(sqlite_runtime).verdict == "ok"
    sqlite_runtime.settings.paystack_secret_key, sqlite_runtime.settings.env = TEST, "production"
    found = check_providers(sqlite_runtime)
    assert (found.verdict, found.do) == ("wrong", "Set the live key.")
    assert "PAYSTACK_SECRET_KEY is a test key of paystack" in found.found


@pytest.mark.parametrize(("env", "is_test", "status"), [
    ("production", True, "needs_review"), ("production", False, "succeeded"), ("development", True, "succeeded"),
])  # fmt: skip
def test_what_was_paid_in_test_mode_is_not_held_where_money_is_real(
    runtime: Runtime, env: str, is_test: bool, status: str
) -> None:
    settings = runtime.settings.model_copy(update={"env": env})
    with runtime.db.transaction() as session:
        payment = tried(Market(session, runtime))
        word = Seen("r", Fate.SUCCEEDED, 10_000, "NGN", "77", is_test=is_test)
        actor = job_actor("check_pending_payments")
        payment_settling.settle_all(session, {payment.id: word}, at=NOW, actor=actor, settings=settings)
        found = session.get_one(Payment, payment.id, populate_existing=True)
        assert found.status == status
        assert (found.said == unreal_money.SAID) == (status == "needs_review")
