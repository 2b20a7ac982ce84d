"""The first page's money, tonight, and the settings."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.support.market import DIVINE, Market
from tests.support.people import PASSWORD, hidden, send
from webapp import clock
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.models import Audit
from webapp.runtime import Runtime
from webapp.services.approvals import limits
from webapp.services.common import kill_switch
from webapp.services.escrows import freezes

SignIn = Callable[..., FlaskClient]


@pytest.fixture
def held(desk: Runtime) -> Runtime:
    """A desk that holds NGN 300.00, of which NGN 100.00 is frozen, and everything is due."""
    register_jobs(desk)
    with desk.db.transaction() as session:
        market = Market(session, desk)
        market.escrow(10_000)
        market.escrow(10_000)
        freezes.freeze(session, market.escrow(10_000).id, "Looks odd.", at=clock.now(), actor=DIVINE)
    return desk


def test_tiles_add_up_what_is_held_leaving_and_frozen(held: Runtime, sign_in: SignIn) -> None:
    page = sign_in("viewer").get("/").text
    tiles = page.split('class="tiles"')[1].split('class="columns"')[0].replace("\xa0", " ")
    assert tiles.count("NGN 300.00") == 1
    assert tiles.count("NGN 200.00") == 1
    assert tiles.count("NGN 100.00") == 1


def test_tonight_says_how_much_for_whom_and_what_stays(held: Runtime, sign_in: SignIn) -> None:
    page = sign_in("viewer").get("/tonight").text.replace("\xa0", " ")
    assert "data-count>2<" in page
    assert "NGN 200.00" in page
    assert "frozen" in page
    assert "Seller" in page


def test_what_is_frozen_offers_no_way_out_that_is_refused(held: Runtime, sign_in: SignIn) -> None:
    person = sign_in("approver")
    free, frozen = (person.get(f"/escrows/{number}").text for number in (1, 3))
    for way in ("/release", "/refund"):
        assert f'/escrows/1{way}"' in free
        assert f'/escrows/3{way}"' not in frozen
    assert "Looks odd." in frozen


def test_money_is_stopped_with_a_reason_and_everybody_sees_it(held: Runtime, sign_in: SignIn) -> None:
    admin = sign_in("admin")
    assert send(admin, "/settings/stop").status_code == 422
    assert send(admin, "/settings/stop", why="The bank called.").status_code == 303
    assert "The bank called." in sign_in("viewer").get("/escrows").text
    assert "none of this happens" in admin.get("/tonight").text
    assert send(admin, "/settings/resume", why="All clear.").status_code == 303
    with held.db.reading() as session:
        assert not kill_switch.stopped(session)


def test_a_limit_is_changed_audited_and_not_over_another_change(desk: Runtime, sign_in: SignIn) -> None:
    admin = sign_in("admin")
    assert send(admin, "/settings/limits", currency="NGN", limit="2,500.00").status_code == 303
    stale = admin.get("/settings/limits").text
    assert send(admin, "/settings/limits", currency="RWF", limit="9000").status_code == 303
    with desk.db.reading() as session:
        assert limits.all_limits(session, desk.settings) == {"NGN": 250_000, "RWF": 9_000}
        assert session.scalars(select(Audit.id).where(Audit.action == "settings.limits")).all()
    late = admin.post("/settings/limits", data=hidden(stale) | {"currency": "KES", "limit": "1", "secret": PASSWORD})
    assert late.status_code == 409
    for wrong in (
        {"currency": "XQX", "limit": "1"},
        {"currency": "RWF", "limit": "1.5"},
        {"currency": "NGN", "limit": "-1"},
    ):
        assert send(admin, "/settings/limits", **wrong).status_code == 422
    assert "NGN\xa02,500.00" in admin.get("/settings").text


@pytest.mark.parametrize("role", ["viewer", "agent", "approver", "operator"])
def test_settings_are_for_admins(desk: Runtime, sign_in: SignIn, role: str) -> None:
    client = sign_in(role)
    for path in ("/settings", "/settings/stop", "/settings/limits"):
        assert client.get(path).status_code == 403


def test_no_secret_is_shown(desk: Runtime, sign_in: SignIn) -> None:
    page = sign_in("admin").get("/settings").text
    assert "SECRET_KEY" in page
    assert desk.settings.secret_key not in page


def test_a_standing_order_without_its_own_figures_takes_the_desk_s(desk: Runtime, sign_in: SignIn) -> None:
    with desk.db.transaction() as session:
        party = Market(session, desk).party("debtor", wallet=50_000).id
    desk.settings.auto_deduct_percent, desk.settings.auto_deduct_minimum_balance = 40, {"NGN": 1_200}
    agent, path = sign_in("agent"), f"/parties/{party}/auto-deduct/NGN"
    assert "NGN 12.00" in agent.get(path).text.replace("\xa0", " ").replace("\xa0", " ")

    assert send(agent, path, enabled="y", percent="", daily_max="", minimum_balance="").status_code == 303
    page = agent.get(f"/parties/{party}").text.replace("\xa0", " ")
    assert "40% of the debt" in page
    assert "leaves at least NGN 12.00" in page
    desk.settings.auto_deduct_percent = 60
    assert "60% of the debt" in agent.get(f"/parties/{party}").text.replace("\xa0", " ")
    assert send(agent, path, enabled="y", percent="20", daily_max="", minimum_balance="0").status_code == 303
    page = agent.get(f"/parties/{party}").text.replace("\xa0", " ")
    assert "20% of the debt" in page
    assert "leaves at least NGN 0.00" in page
