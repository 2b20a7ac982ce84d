"""Tonight and `desk eligible` foresee what a dry run says, and name whom it would pay and from whom it would take."""

from datetime import timedelta

import pytest

from tests.support.job_runs import run_job_now
from tests.support.market import DIVINE, Market
from webapp import clock
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.models import Party
from webapp.runtime import Runtime
from webapp.services.payouts import destinations as payout_destinations
from webapp.services.payouts.destinations import NewDestination
from webapp.services.payouts.schedules import schedules as payout_schedules
from webapp.services.payouts.schedules.schedules import NewSchedule
from webapp.services.read_models import tonight
from webapp.services.read_models.tonight import UpcomingRun

WAYS = {"NGN": "paystack"}


def foreseen(runtime: Runtime, ways: dict[str, str] = WAYS) -> dict[str, UpcomingRun]:
    with runtime.db.reading() as session:
        return {each.job: each for each in tonight.upcoming_runs(session, clock.now(), runtime.settings, ways)}


@pytest.fixture
def rich(filled: tuple[Runtime, dict[str, int]]) -> Runtime:
    """The demo's escrows and debts, with payouts that are due: two that can go out, three that can't."""
    runtime, _ = filled
    with runtime.db.transaction() as session:
        market = Market(session, runtime, at=clock.now())
        for number, (held, account) in enumerate([(9_000, True), (9_000, True), (10, True), (9_000, False)]):
            party = market.party(f"worker {number}", wallet=held)
            planned(market, party, account=account)
        planned(market, market.party("nobody", wallet=None), account=True)
    return runtime


def planned(market: Market, party: Party, *, account: bool) -> None:
    if account:
        to = NewDestination("NGN", "nuban", "058", f"00{party.id:08}", "Kofi Mensah")
        settings = market.runtime.settings
        long_ago = clock.now() - timedelta(days=2)
        payout_destinations.put(market.session, party.id, to, at=long_ago, actor=DIVINE, settings=settings)
    new = NewSchedule(f"plan-{party.id}", party.id, 4_000, "NGN", due_at=clock.now() - timedelta(minutes=1))
    payout_schedules.create(market.session, new, at=market.at, actor=DIVINE)


def test_the_figures_are_those_of_the_dry_run(rich: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(rich.providers), "payout_routes", WAYS)
    found = foreseen(rich)
    assert found["process_payout_schedules"].count == 2
    for job, each in found.items():
        run = run_job_now(rich, job, at=each.at, dry_run=True)
        assert (each.count, each.amounts) == (run.succeeded, run.amounts), job
    assert sum(each.count for each in found.values()) > 10


def test_every_amount_has_its_names_or_is_said_to_be_of_others(rich: Runtime) -> None:
    for each in foreseen(rich).values():
        for currency, amount in each.amounts.items():
            named = [payee for payee in each.payees if payee.currency == currency]
            assert 0 < len(named) <= tonight.NAMED
            assert [payee.amount for payee in named] == sorted((p.amount for p in named), reverse=True)
            others, rest = each.others(currency)
            assert others == each.parties[currency] - len(named)
            assert sum(payee.amount for payee in named) + rest == amount - each.fees.get(currency, 0)
            assert (others == 0) == (rest == 0)


def test_more_than_ten_are_said_to_be_more(runtime: Runtime) -> None:
    register_jobs(runtime)
    with runtime.db.transaction() as session:
        market = Market(session, runtime, at=clock.now() - timedelta(days=9))
        for number in range(13):
            market.escrow(1_000 + number)
    found = foreseen(runtime)["auto_release"]
    assert (len(found.payees), found.others("NGN")) == (10, (3, 1_000 + 1_001 + 1_002))


def test_a_seller_without_a_wallet_is_not_named_but_stays(runtime: Runtime) -> None:
    register_jobs(runtime)
    with runtime.db.transaction() as session:
        market = Market(session, runtime, at=clock.now() - timedelta(days=9))
        market.escrow(90_000, seller=market.party("poor", wallet=None))
        market.escrow(1_000)
    found = foreseen(runtime)["auto_release"]
    assert [payee.amount for payee in found.payees] == [1_000]
    assert [(stay.reason, stay.count, stay.amount) for stay in found.stays] == [("no wallet", 1, 90_000)]


def test_a_large_currency_does_not_crowd_out_a_small_one(runtime: Runtime) -> None:
    register_jobs(runtime)
    with runtime.db.transaction() as session:
        market = Market(session, runtime, at=clock.now() - timedelta(days=9))
        for _ in range(12):
            market.escrow(1_000_000, seller=market.party("big", currency="RWF"), currency="RWF")
        market.escrow(5, seller=market.party("small"))
    found = foreseen(runtime)["auto_release"]
    assert [payee.amount for payee in found.payees if payee.currency == "NGN"] == [5]


def test_without_a_provider_that_pays_out_the_job_is_said_to_be_off(rich: Runtime) -> None:
    found = foreseen(rich, {})["process_payout_schedules"]
    assert (found.count, found.off) == (0, "No provider is configured that pays out.")
