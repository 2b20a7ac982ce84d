"""The pages of placements and of the night's money."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from tests.support.market import DIVINE, Market, all_books_agree
from tests.support.people import send
from webapp import clock
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.models import Escrow
from webapp.runtime import Runtime
from webapp.services.approvals import escrow_decisions
from webapp.services.orders import orders, placement_holds
from webapp.services.orders.placement_holds import NewHold

SignIn = Callable[..., FlaskClient]


def hold(market: Market, ref: str, placement: str, amount: int, *, days: float = 9) -> Escrow:
    payer = market.party("payer", wallet=amount)
    due = market.at + timedelta(days=days)
    new = NewHold(ref, placement, payer.id, market.party("worker").id, amount, "NGN", due)
    return placement_holds.create(market.session, new, at=market.at, actor=DIVINE, settings=market.runtime.settings)


@pytest.fixture
def placed(desk: Runtime) -> Runtime:
    """Two holds of P-1, one of P/2, and an escrow that is none."""
    register_jobs(desk)
    with desk.db.transaction() as session:
        market = Market(session, desk, at=clock.now() - timedelta(days=1))
        market.limit(10**6)
        hold(market, "h-1", "P-1", 10_000)
        hold(market, "h-2", "P-1", 5_000)
        hold(market, "h-3", "P/2", 70_000)
        market.escrow(900_000)
    return desk


def shown(client: FlaskClient, path: str, **query: str) -> str:
    answer = client.get(path, query_string=query)
    assert answer.status_code == 200, answer.text
    return answer.text.replace("\xa0", " ")


def test_the_list_adds_up_what_is_held_still(placed: Runtime, sign_in: SignIn) -> None:
    viewer = sign_in("viewer")
    page = shown(viewer, "/placements")
    assert "NGN 850.00" in page
    assert all(ref in page for ref in ("E-h-1", "E-h-2", "E-h-3"))
    assert "9,000.00" not in page
    some = shown(viewer, "/placements", placement="P-1")
    assert "NGN 150.00" in some
    assert "E-h-3" not in some
    assert "Nothing to show" in shown(viewer, "/placements", placement="P-404")


def test_a_placement_has_its_holds_and_its_total(placed: Runtime, sign_in: SignIn) -> None:
    viewer, agent = sign_in("viewer"), sign_in("agent")
    page = shown(viewer, "/placements/of/P-1")
    assert "NGN 150.00" in page
    assert "E-h-3" not in page
    assert "Release…" not in page
    assert "E-h-3" in shown(viewer, "/placements/of/P/2")
    assert "/escrows/1/release" in shown(agent, "/placements/of/P-1")
    assert "Nothing is held back from this placement" in shown(viewer, "/placements/of/P-404")


def test_a_hold_is_cancelled_from_its_placement(placed: Runtime, sign_in: SignIn) -> None:
    agent = sign_in("agent")
    with placed.db.reading() as session:
        version = str(escrow_decisions.get(session, 1).version)
    done = send(agent, "/escrows/1/refund", reason="The worker left.", step="do", version=version)
    assert done.status_code == 303
    assert "NGN 50.00" in shown(agent, "/placements/of/P-1")
    all_books_agree(placed)


def test_holds_are_exported(placed: Runtime, sign_in: SignIn) -> None:
    viewer = sign_in("viewer")
    assert viewer.get("/placements/export.csv").text.count("E-h-") == 3
    assert viewer.get("/placements/export.csv/P/2").text.count("E-h-") == 1


def test_tonight_shows_every_job_that_moves_money(placed: Runtime, sign_in: SignIn) -> None:
    with placed.db.transaction() as session:
        market = Market(session, placed, at=clock.now() - timedelta(days=8))
        for policy in ("completion", "buffer"):
            escrow = market.escrow(3_300, policy=policy)
            orders.complete(session, escrow.order_id, at=market.at, actor=DIVINE, settings=placed.settings)
        market.escrow(4_400, policy="completion", release_at=market.at)
        hold(market, "h-9", "P-9", 5_500, days=1)
    page = shown(sign_in("viewer"), "/tonight")
    jobs = ("auto_release", "release_completed_orders", "release_pending_earnings", "release_placement_holds")
    parts = {job: page.split(f'id="{job}"')[1].split("</section>")[0] for job in (*jobs, "auto_deduct")}
    assert [("NGN 33.00" in parts[job], "NGN 55.00" in parts[job]) for job in jobs[1:]] == [
        (True, False),
        (True, False),
        (False, True),
    ]
    assert "the order is not completed" in parts["release_completed_orders"]
    assert "Worker" in parts["release_placement_holds"]


def test_a_backjob_is_rejected_by_its_own_words(placed: Runtime, sign_in: SignIn) -> None:
    with placed.db.transaction() as session:
        market = Market(session, placed, at=clock.now())
        escrow = market.escrow(10_000, policy="buffer")
        orders.complete(session, escrow.order_id, at=clock.now(), actor=DIVINE, settings=placed.settings)
        dispute = market.dispute(escrow, "warranty_claim").id
    agent = sign_in("agent")
    path = f"/disputes/{dispute}/decision"
    assert "Reject the claim: the money stays a while longer" in shown(agent, path)
    said = {"resolution": "release_to_seller", "code": "policy", "reason": "It holds."}
    preview = send(agent, path, **said)
    assert "Reject the claim" in preview.text
    assert "nobody is paid now" in preview.text
    assert send(agent, path, step="do", **said).status_code == 303
    assert "The claim was rejected" in shown(agent, f"/disputes/{dispute}")
    all_books_agree(placed)
