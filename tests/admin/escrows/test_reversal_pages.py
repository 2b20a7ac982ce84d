"""Reversing on the page of an escrow: both steps of a correction stand in one preview, and are done as one."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from tests.support.market import Market
from tests.support.people import hidden, send
from tests.support.reversals import let_go, owes, spend
from webapp import clock
from webapp.runtime import Runtime
from webapp.services.approvals import escrow_decisions

SignIn = Callable[..., FlaskClient]
SPLIT = {"then": "transfer.reverse_and_split", "buyer_amount": "30.00", "seller_amount": "70.00"}


@pytest.fixture
def released(desk: Runtime) -> tuple[int, int]:
    """An escrow whose seller was paid and spent it, and that seller."""
    with desk.db.transaction() as session:
        market = Market(session, desk, at=clock.now())
        market.limit(10**9)
        escrow = market.escrow(10_000, fee=500)
        let_go(market, "release", escrow.id)
        spend(market, escrow.seller_id, 9_500)
        return escrow.id, escrow.seller_id


def plain(text: str) -> str:
    return text.replace("\xa0", " ")


def test_reverse_and_split_shows_both_steps_and_does_them_together(
    desk: Runtime, sign_in: SignIn, released: tuple[int, int]
) -> None:
    escrow, seller = released
    admin, address = sign_in("admin"), f"/escrows/{escrow}/reversal"
    assert address in admin.get(f"/escrows/{escrow}").text

    preview = plain(send(admin, address, reason="Both.", to_debt="y", **SPLIT).text)
    assert "NGN 66.50 of it meets the seller" in preview
    assert "Seller owes NGN 95.00 of it" in preview
    assert "Reverse and split NGN 100.00" in preview
    done = plain(admin.post(address, data=hidden(preview, address), follow_redirects=True).text)

    assert "Done: reversal of NGN 100.00" in done
    assert "NGN 30.00 into the wallet of Buyer, NGN 66.50 off the debt of Seller, NGN 3.50 fee" in done
    assert "NGN 95.00 more owed by Seller" in done
    assert "NGN 100.00 to the seller" not in done
    with desk.db.reading() as session:
        assert escrow_decisions.get(session, escrow).status == "split"
        assert owes(session, seller) == 2_850


def test_a_reversal_alone_is_what_is_offered_first(desk: Runtime, sign_in: SignIn, released: tuple[int, int]) -> None:
    escrow, _seller = released
    admin, address = sign_in("admin"), f"/escrows/{escrow}/reversal"

    preview = send(admin, address, reason="Wrong.", to_debt="y", then="transfer.reverse").text
    admin.post(address, data=hidden(preview, address))

    page = plain(admin.get(f"/escrows/{escrow}").text)
    assert "Seller owes NGN 95.00 since it was reversed: a release meets that first." in page


def test_an_amount_that_is_none_is_told_at_its_field(desk: Runtime, sign_in: SignIn, released: tuple[int, int]) -> None:
    escrow, _seller = released
    wrong = SPLIT | {"seller_amount": "many"}
    answer = send(sign_in("admin"), f"/escrows/{escrow}/reversal", reason="Both.", to_debt="y", **wrong)
    assert answer.status_code == 422
    assert "seller_amount-error" in answer.text


def test_while_it_waits_for_a_second_person_the_escrow_says_so_and_leads_there(
    desk: Runtime, sign_in: SignIn, released: tuple[int, int]
) -> None:
    with desk.db.transaction() as session:
        Market(session, desk, at=clock.now()).limit(1)
    escrow, admin = released[0], sign_in("admin")
    address = f"/escrows/{escrow}/reversal"
    preview = send(admin, address, reason="Both.", to_debt="y", **SPLIT).text
    admin.post(address, data=hidden(preview, address), follow_redirects=True)
    page = plain(admin.get(f"/escrows/{escrow}").text)
    notice = page.partition('class="notice warn"')[2].partition("</div>")[0]
    assert "proposed a decision" in notice
    assert 'href="/approvals/1"' in notice
