"""While outgoing money is stopped, pages close what would be refused, and say the reason beside it."""

import html
import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from tests.support import payouts as payouts_of
from tests.support.copies import become_a_copy
from tests.support.market import DIVINE, Market
from tests.support.people import send
from webapp import clock
from webapp.domain.providers.provider_results import ProviderStatus
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.jobs.steps.evaluate_alerts import evaluate_all
from webapp.runtime import Runtime
from webapp.services.common import kill_switch

SignIn = Callable[..., FlaskClient]


@pytest.fixture
def doors(desk: Runtime) -> dict[str, list[str]]:
    """Pages, and what they offer while money flows."""
    register_jobs(desk)
    plan, failed = payouts_of.planned(desk), payouts_of.planned(desk)
    number = payouts_of.written(desk, failed)
    payouts_of.settled(desk, number, ProviderStatus.FAILED, "Account closed.")
    with desk.db.transaction() as session:
        escrow = f"/escrows/{Market(session, desk).escrow().id}"
    return {
        escrow: [f"{escrow}/release", f"{escrow}/refund"],
        f"/payouts/{number}": [f"/payouts/{number}/retry"],
        f"/payout-schedules/{plan}": [f"/payout-schedules/{plan}/trigger"],
        "/payout-schedules/": ["/payout-schedules/process-due"],
    }


def test_a_page_offers_nothing_that_the_switch_refuses(
    desk: Runtime, doors: dict[str, list[str]], sign_in: SignIn
) -> None:
    admin = sign_in("admin")
    for address, ways in doors.items():
        page = admin.get(address).text
        assert [way for way in ways if f'href="{way}"' not in page] == []
    with desk.db.transaction() as session:
        kill_switch.stop(session, "Fraud wave.", at=clock.now(), actor=DIVINE)
    for address, ways in doors.items():
        page = html.unescape(admin.get(address).text)
        assert [way for way in ways if f'href="{way}"' in page] == []
        closed = page.partition("What can't be done now")[2]
        assert "Outgoing money is stopped by Divine since" in closed
        assert "</time>: Fraud wave." in closed
        assert not re.search(r"T\d\d:\d\d:\d\d\.\d+Z", page), "an instant is on the reader's clocks"
        assert "Stopped by Divine, since <time" in page
        if address.startswith("/payouts/"):
            assert "pays nothing before it flows again." in page
            assert "by itself, with a new payout" not in page
    settings = html.unescape(admin.get("/settings/").text)
    assert not re.search(r"T\d\d:\d\d:\d\d\.\d+Z", settings)


def test_every_page_says_what_is_the_matter_with_redis(desk: Runtime, sign_in: SignIn) -> None:
    who = sign_in("viewer")
    assert "Redis can't be used" not in html.unescape(who.get("/escrows/").text)
    evaluate_all(desk)
    said = html.unescape(who.get("/escrows/").text)
    assert "Jobs don't run: Redis can't be used." in said
    assert "`desk run NAME` works meanwhile" in said


def test_every_page_says_that_the_desk_may_be_a_copy_until_an_admin_confirms(
    desk: Runtime, doors: dict[str, list[str]], sign_in: SignIn
) -> None:
    admin = sign_in("admin")
    assert admin.get("/settings/instance").status_code == 409, "there is nothing to confirm"
    become_a_copy(desk)
    for address, ways in doors.items():
        page = html.unescape(admin.get(address).text)
        assert "This desk may be a copy: nothing leaves it." in page
        assert [way for way in ways if f'href="{way}"' in page] == []
    viewer = sign_in("viewer")
    assert "This desk may be a copy" in viewer.get("/").text
    assert viewer.get("/settings/instance").status_code == 403
    assert 'href="/settings/instance"' in admin.get("/settings").text
    assert send(admin, "/settings/instance", why="").status_code == 422
    assert send(admin, "/settings/instance", why="The old one is gone.", secret="wrong").status_code == 422
    assert "This desk may be a copy" in viewer.get("/").text
    assert send(admin, "/settings/instance", why="The old one is gone.").status_code == 303
    assert "This desk may be a copy" not in viewer.get("/").text
