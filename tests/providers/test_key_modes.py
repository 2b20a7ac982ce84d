"""A key of a provider's test mode on a desk where money is real."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from tests.conftest import settings_for
from tests.services.payments.test_payment_decisions import tried
from tests.support.market import NOW, Market
from tests.support.payouts import planned, written
from webapp.domain.actors import job_actor
from webapp.domain.money.money import Money
from webapp.domain.providers.provider_results import TEST_ANSWER, ProviderResponse, ProviderStatus
from webapp.errors import Unavailable
from webapp.health_checks import providers as check_providers
from webapp.models import Order, Payment, Payout, Refund
from webapp.providers import key_modes
from webapp.providers.http.client import HttpClient
from webapp.providers.http.errors import Unknown
from webapp.providers.paystack.provider import Paystack
from webapp.providers.protocols import PayoutInstruction
from webapp.providers.registry import Providers
from webapp.runtime import Runtime
from webapp.services.alerts.registry import rules
from webapp.services.monitoring import provider_health, unreal_answers
from webapp.services.payments import settlement as payment_settlement
from webapp.services.refunds import refunds

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
    providers = Providers(settings, sqlite_runtime.db)
    assert not [
        name
        for name in unreal
        if name in providers.payment_collectors or name in providers.payout_senders or name in providers.refund_senders
    ]
    assert [each.name for each in provider_health.wirings(settings) if each.unreal] == unreal
    if unreal:
        without_database = Runtime(settings, None)  # type: ignore[arg-type]
        assert "is a test key of" in check_providers(without_database).found
    with sqlite_runtime.db.reading() as session:
        told = [answer[0] for answer in rules()["test_key_in_production"].question(session, NOW, settings)]
    assert told == unreal
    for name in unreal:
        with pytest.raises(Unavailable, match="is a test key"):
            providers.collector(name)


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
        word = ProviderResponse("r", ProviderStatus.SUCCEEDED, 10_000, "NGN", "77", is_test=is_test)
        actor = job_actor("check_pending_payments")
        payment_settlement.settle_all(session, {payment.id: word}, at=NOW, actor=actor, settings=settings)
        found = session.get_one(Payment, payment.id, populate_existing=True)
        assert found.status == status
        assert (found.status_detail == unreal_answers.TEST_MONEY) == (status == "needs_review")


class _Told(HttpClient):
    """Paystack as one answer says it."""

    def __init__(self, domain: str) -> None:
        self._data = {"id": 7, "domain": domain, "status": "success", "amount": 10_000, "currency": "NGN"}

    def get(self, path: str, **_: Any) -> Any:
        return {"status": True, "data": self._data | {"reference": path.rpartition("/")[2]}}

    def post(self, path: str, body: Any, headers: Mapping[str, str] | None = None) -> Any:
        return {"status": True, "data": self._data | {"reference": body.get("reference")}}


ASKED: dict[str, Callable[[Paystack], object]] = {
    "send_payout": lambda paystack: paystack.send_payout(PayoutInstruction("p-1", "RCP_1", 10_000, "NGN", "Payout")),
    "fetch_payout": lambda paystack: paystack.fetch_payout("p-1"),
    "refund": lambda paystack: paystack.refund("r-1", 10_000, "NGN", "", key="k"),
    "fetch_refund": lambda paystack: paystack.fetch_refund("7", "r-1"),
    "fetch_refunds": lambda paystack: paystack.fetch_refunds("r-1"),
}


@pytest.mark.parametrize("name", [name for name in ASKED if name != "fetch_refunds"])
@pytest.mark.parametrize(("domain", "is_live"), [("live", True), ("test", False)])
def test_money_that_leaves_is_believed_where_it_is_of_the_same_mode(name: str, domain: str, is_live: bool) -> None:
    assert ASKED[name](Paystack(_Told(domain), is_live=is_live)) is not None


@pytest.mark.parametrize("name", ASKED)
def test_a_live_key_that_answers_about_test_money_says_nothing_of_it(name: str) -> None:
    with pytest.raises(Unknown, match="test mode"):
        ASKED[name](Paystack(_Told("test"), is_live=True))


def _buyer(session: Session, payment: Payment) -> int:
    return session.get_one(Order, payment.order_id).buyer_id


@pytest.mark.parametrize("where", [
    {"payment": {"status": "needs_review", "status_detail": unreal_answers.TEST_MONEY}},
    {"payout": {"status": "sending", "status_detail": TEST_ANSWER}},
    {"refund": {"status": "sending", "status_detail": TEST_ANSWER, "next_try_at": NOW}},
])  # fmt: skip
def test_test_answers_alert_and_are_said_by_the_check_up_and_on_providers(
    sqlite_runtime: Runtime, where: dict[str, Any]
) -> None:
    settings = sqlite_runtime.settings
    settings.paystack_secret_key, settings.env = LIVE, "production"
    if "payout" in where:
        written(sqlite_runtime, planned(sqlite_runtime))
    with sqlite_runtime.db.transaction() as session:
        payment = tried(Market(session, sqlite_runtime))
        if "refund" in where:
            refunds.write(
                session,
                payment,
                _buyer(session, payment),
                Money(10_000, "NGN"),
                at=NOW,
                actor=job_actor("deliver_outbox"),
            )
        assert unreal_answers.test_answers(session, settings) == {}
        for name, values in where.items():
            session.execute(update({"payment": Payment, "payout": Payout, "refund": Refund}[name]).values(**values))
        [told] = rules()["test_answers_in_production"].question(session, NOW, settings)
        assert told[0] == "paystack"
        [shown] = [each.wiring.unreal for each in provider_health.health(session, settings) if each.line == "paystack"]
        assert shown == told[1]
    assert "answers from its test mode" in check_providers(sqlite_runtime).found


@pytest.mark.parametrize("env", ["production", "development"])
def test_only_where_money_is_real_a_live_key_has_to_answer_so(
    sqlite_runtime: Runtime, sqlite_url: str, tmp_path: Path, env: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_for(sqlite_url, tmp_path, paystack_secret_key=LIVE).model_copy(update={"env": env})
    found = Providers(settings, sqlite_runtime.db).clients["paystack"]
    assert found is not None
    monkeypatch.setattr(found, "_client", _Told("test"))
    if env == "production":
        with pytest.raises(Unknown):
            found.fetch_payout("p-1")
    else:
        assert found.fetch_payout("p-1").status == ProviderStatus.SUCCEEDED
