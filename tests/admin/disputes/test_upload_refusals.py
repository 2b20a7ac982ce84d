"""A file that is too large is refused in words, with the limit and the way back to its form."""

from collections.abc import Callable
from io import BytesIO

from flask.testing import FlaskClient

from tests.support.market import Market
from tests.support.people import hidden
from webapp import clock
from webapp.runtime import Runtime

SignIn = Callable[..., FlaskClient]
MEGABYTE = 1024 * 1024


def test_a_body_above_the_limit_is_refused_with_the_limit_and_the_way_back(desk: Runtime, sign_in: SignIn) -> None:
    with desk.db.transaction() as session:
        market = Market(session, desk, at=clock.now())
        number = market.dispute(market.escrow(10_000)).id
    agent, address = sign_in("agent"), f"/disputes/{number}/evidence/file"
    form = hidden(agent.get(address).text, address) | {"side": "buyer"}
    answer = agent.post(address, data=form | {"file": (BytesIO(b"x" * 21 * MEGABYTE), "large.png")})
    assert answer.status_code == 413
    refusal = answer.text.partition("data-refusal>")[2].partition("</p>")[0]
    assert refusal == "What was sent is too large: a file may have at most 10 MB. Nothing was changed."
    assert f'href="{address}">Back to the form</a>' in answer.text
    page = agent.get(address).text
    assert f'href="/disputes/{number}"' in page
    assert 'data-signed-out="You were signed out' in agent.get(f"/disputes/{number}").text


def test_a_text_above_the_limit_is_no_file(desk: Runtime, sign_in: SignIn) -> None:
    agent = sign_in("agent")
    answer = agent.post(
        "/views/add?screen=escrows&query=", data={"name": "x" * MEGABYTE}, content_type="multipart/form-data"
    )
    assert answer.status_code == 413
    assert "a file may have" not in answer.text
    assert "What was sent is too large." in answer.text
