"""Auto-deduct: how much, from whom, and never twice a day."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import event, select

from tests.support import money
from tests.support.market import AMINA, DIVINE, NOW, Market, wallet
from webapp.domain.actors import job_actor
from webapp.domain.money.deduction import DebtPosition, DeductionRule, amount_to_take
from webapp.errors import Conflict, Overtaken
from webapp.models import Event, Party
from webapp.services.common import kill_switch
from webapp.services.common.batch_result import Outcome
from webapp.services.parties import auto_deduct as party_auto_deduct
from webapp.services.parties import auto_deduct_mandates
from webapp.services.parties.auto_deduct_mandates import MandateTerms

JOB = job_actor("auto_deduct")
RULE = DeductionRule("Africa/Nairobi", 30, {"NGN": 9_000})


def debtor(
    market: Market,
    *,
    held: int,
    debt: int,
    percent: int | None = 30,
    most: int | None = None,
    least: int | None = 0,
) -> Party:
    party = market.party("debtor", wallet=held)
    money.owe(market.session, party.id, debt, "NGN", reference=f"debt-{party.id}", at=NOW, actor=DIVINE)
    order = MandateTerms(True, percent, most, least)
    auto_deduct_mandates.change(market.session, party.id, "NGN", order, version=0, at=NOW, actor=AMINA)
    return party


def deduct(market: Market, days: int = 0) -> Outcome:
    at = NOW + timedelta(days=days)
    ids = list(market.session.scalars(party_auto_deduct.due().select))
    return party_auto_deduct.deduct_all(market.session, ids, at=at, actor=JOB, rule=RULE)


@pytest.mark.parametrize(
    ("held", "debt", "percent", "most", "least", "taken"),
    [
        (100_000, 10_000, 30, None, 0, 3_000),
        (100_000, 10_000, 100, None, 0, 10_000),
        (100_000, 10_000, 30, 1_000, 0, 1_000),
        (2_000, 10_000, 30, None, 0, 2_000),
        (12_000, 10_000, 30, None, 10_000, 2_000),
        (100_000, 1, 30, None, 0, 1),
    ],
)
def test_the_amount_follows_the_standing_order(
    market: Market, held: int, debt: int, percent: int, most: int | None, least: int, taken: int
) -> None:
    party = debtor(market, held=held, debt=debt, percent=percent, most=most, least=least)

    assert deduct(market).amounts == {"NGN": taken}
    assert wallet(market.session, party.id) == held - taken


def test_a_wallet_below_its_minimum_is_skipped_with_the_reason(market: Market) -> None:
    debtor(market, held=9_999, debt=5_000, least=10_000)

    outcome = deduct(market)
    assert outcome.done == 0
    assert outcome.refused[0].sentence == "The wallet holds NGN 99.99, less than its minimum of NGN 100.00."


def test_it_takes_once_per_local_day(market: Market) -> None:
    party = debtor(market, held=100_000, debt=10_000)
    deduct(market)
    again = deduct(market)

    assert (again.done, again.refused[0].sentence) == (0, "It was taken already today.")
    assert deduct(market, days=1).done == 1
    assert wallet(market.session, party.id) == 100_000 - 3_000 - 2_100


def test_repayments_by_hand_count_towards_the_daily_maximum(market: Market) -> None:
    party = debtor(market, held=100_000, debt=10_000, most=2_500)
    money.repay(market.session, party.id, 2_000, "NGN", reference="by-hand", at=NOW, actor=DIVINE)

    assert deduct(market).amounts == {"NGN": 500}


def test_a_preview_takes_nothing(market: Market) -> None:
    party = debtor(market, held=100_000, debt=10_000)
    ids = list(market.session.scalars(party_auto_deduct.due().select))

    assert party_auto_deduct.preview_all(market.session, ids, at=NOW, rule=RULE).amounts == {"NGN": 3_000}
    assert wallet(market.session, party.id) == 100_000


def test_never_below_the_minimum_and_never_above_the_debt() -> None:
    for held in range(0, 40, 3):
        for debt in range(1, 40, 4):
            answer = amount_to_take(DebtPosition("NGN", debt, held, 30, None, 10, 0))
            if isinstance(answer, int):
                assert 0 < answer <= debt
                assert held - answer >= 10


@pytest.mark.parametrize(
    ("percent", "least", "taken"),
    [(None, 0, 3_000), (50, 0, 5_000), (50, None, 1_000), (None, None, 1_000), (None, 9_500, 500)],
)
def test_what_a_party_has_not_set_is_as_the_rule_says(
    market: Market, percent: int | None, least: int | None, taken: int
) -> None:
    debtor(market, held=10_000, debt=10_000, percent=percent, least=least)

    assert deduct(market).amounts == {"NGN": taken}


def test_a_currency_that_the_rule_does_not_name_has_no_minimum(market: Market) -> None:
    assert DeductionRule("UTC", 30, {"RWF": 10_000}).minimum_balance_of(None, "NGN") == 0


def test_other_systems_are_told_of_each_deduction_and_of_nothing_else(market: Market) -> None:
    party = debtor(market, held=100_000, debt=10_000)
    deduct(market)
    deduct(market)

    told = market.session.scalars(select(Event).where(Event.type == "party.auto_deducted")).all()
    assert [(each.subject_kind, each.subject_id, json.loads(each.payload)) for each in told] == [
        (
            "party",
            party.id,
            {
                "party": party.ref,
                "amount": 3_000,
                "currency": "NGN",
                "debt": 7_000,
                "reference": f"auto-deduct-{party.id}-NGN-2026-03-02",
            },
        )
    ]


def test_nothing_is_taken_while_money_is_stopped(market: Market) -> None:
    party = debtor(market, held=100_000, debt=10_000)
    kill_switch.stop(market.session, "Fraud wave.", at=NOW, actor=DIVINE)
    with pytest.raises(Conflict, match="Fraud wave"):
        deduct(market)
    kill_switch.resume(market.session, "It is over.", at=NOW, actor=DIVINE)
    assert wallet(market.session, party.id) == 100_000


def test_a_stale_standing_order_changes_nothing(market: Market) -> None:
    party, order = debtor(market, held=100, debt=100), MandateTerms(False)
    for version in (0, 2):
        with pytest.raises(Overtaken, match="Nothing was changed"):
            auto_deduct_mandates.change(market.session, party.id, "NGN", order, version=version, at=NOW, actor=AMINA)
    changed = auto_deduct_mandates.change(market.session, party.id, "NGN", order, version=1, at=NOW, actor=AMINA)
    assert (changed.enabled, changed.version) == (False, 2)


def test_more_parties_are_no_more_statements(market: Market) -> None:
    asked: list[str] = []
    event.listen(market.session.get_bind(), "before_cursor_execute", lambda *given: asked.append(given[2]))

    def statements(parties: int, days: int) -> int:
        for _ in range(parties):
            debtor(market, held=100_000, debt=50_000)
        before = len(asked)
        assert deduct(market, days).done >= parties
        return len(asked) - before

    assert statements(1, days=0) == statements(4, days=1)
