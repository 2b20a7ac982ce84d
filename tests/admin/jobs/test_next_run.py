"""The run that a page names as the next one to look at money is one that can: none before the money's time."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from tests.support.market import Market
from tests.support.payouts import planned
from webapp import clock
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.runtime import Runtime

SignIn = Callable[..., FlaskClient]
IN_SIX_DAYS = timedelta(days=6)


def escrow_page(desk: Runtime, wait: timedelta) -> str:
    with desk.db.transaction() as session:
        market = Market(session, desk, at=clock.now())
        return f"/escrows/{market.escrow(10_000, release_at=clock.now() + wait).id}"


def schedule_page(desk: Runtime, wait: timedelta) -> str:
    return f"/payout-schedules/{planned(desk, due_at=clock.now() + wait)}"


@pytest.mark.parametrize("page_of", [escrow_page, schedule_page])
def test_no_run_is_named_that_comes_before_the_money_is_due(
    desk: Runtime, sign_in: SignIn, page_of: Callable[[Runtime, timedelta], str]
) -> None:
    register_jobs(desk)

    page = sign_in("viewer").get(page_of(desk, IN_SIX_DAYS)).text

    said = page.split("The next run that will consider it:")[1].split("</time>")[0]
    assert ">in 6 days" in said or ">in 7 days" in said
