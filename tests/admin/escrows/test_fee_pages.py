"""What the seller gets after the fee is said wherever a decision is shown: preview, approval, decision and print."""

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from tests.support.market import Market
from tests.support.people import PASSWORD, hidden, send
from webapp import clock
from webapp.runtime import Runtime

SignIn = Callable[..., FlaskClient]
SPLIT = {
    "resolution": "split",
    "buyer_amount": "60.00",
    "seller_amount": "40.00",
    "code": "agreement",
    "reason": "They agreed.",
}
SENTENCE = "plit of NGN 100.00: NGN 60.00 to the buyer, NGN 38.00 to the seller after the fee of NGN 2.00"


def disputed(desk: Runtime, limit: int) -> int:
    with desk.db.transaction() as session:
        market = Market(session, desk, at=clock.now())
        market.limit(limit)
        return market.dispute(market.escrow(10_000, fee=500)).id


def plain(text: str) -> str:
    return text.replace("\xa0", " ")


def split(client: FlaskClient, dispute: int) -> tuple[str, str]:
    """The preview, and what is said when it is done."""
    address = f"/disputes/{dispute}/decision"
    preview = send(client, address, page=f"/disputes/{dispute}", **SPLIT).text
    done = client.post(address, data=hidden(preview, address), follow_redirects=True)
    return plain(preview), plain(done.text)


def facts(page: str) -> dict[str, str]:
    """The terms of the page's lists of facts."""
    return dict(re.findall(r"<dt>(.*?)</dt>\s*<dd>\s*(.*?)\s*</dd>", page, re.DOTALL))


def test_preview_decision_card_and_print_say_it(desk: Runtime, sign_in: SignIn) -> None:
    dispute, agent = disputed(desk, 1_000_000), sign_in("agent")
    preview, done = split(agent, dispute)

    assert f"S{SENTENCE}." in preview
    assert f"is resolved: s{SENTENCE}." in done
    for address in (f"/disputes/{dispute}", f"/disputes/{dispute}/print"):
        said = facts(plain(agent.get(address).text))
        assert (said["To the buyer"], said["To the seller, after the fee"], said["Fee taken"]) == (
            "NGN 60.00",
            "NGN 38.00",
            "NGN 2.00",
        )


def test_the_approval_says_it_before_and_after_in_its_list_and_on_its_page(desk: Runtime, sign_in: SignIn) -> None:
    dispute = disputed(desk, 0)
    split(sign_in("agent"), dispute)
    approver = sign_in("approver")
    waiting = plain(approver.get("/approvals").text)
    page = plain(approver.get("/approvals/1").text)

    assert f"s{SENTENCE}" in waiting
    assert page.count(f"S{SENTENCE}.") == 2, "what was proposed, and what approving would post now"
    assert send(approver, "/approvals/1/approve", page="/approvals/1", secret=PASSWORD).status_code == 303
    assert f"S{SENTENCE}." in plain(approver.get("/approvals/1").text)
    assert f"s{SENTENCE}" in plain(approver.get("/approvals?tab=decided").text)


@pytest.mark.parametrize("fee", [0, 500])
def test_the_preview_of_a_release_names_the_sum_that_arrives(desk: Runtime, sign_in: SignIn, fee: int) -> None:
    with desk.db.transaction() as session:
        escrow = Market(session, desk, at=clock.now()).escrow(10_000, fee=fee).id
    preview = plain(send(sign_in("agent"), f"/escrows/{escrow}/release", reason="Agreed.").text)

    arrives = "NGN 95.00 to the seller after the fee of NGN 5.00" if fee else "Release of NGN 100.00 to the seller."
    assert arrives in preview
