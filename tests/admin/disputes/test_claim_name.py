"""Warranty claims are called what the marketplace calls them: on pages, prints and PDFs, in each language."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from tests.support.market import Market
from tests.support.receivers import with_settings
from webapp import clock
from webapp.runtime import Runtime
from webapp.services.common.claim_names import kind_in_words

SignIn = Callable[..., FlaskClient]


@pytest.fixture
def claim(desk: Runtime) -> int:
    """A warranty claim on an escrow."""
    with desk.db.transaction() as session:
        market = Market(session, desk, at=clock.now())
        return market.dispute(market.escrow(10_000), "warranty_claim").id


def pages(claim: int) -> list[str]:
    """Where a kind of dispute is named."""
    return [f"/disputes/{claim}", "/disputes/?tab=all", f"/disputes/{claim}/print", "/escrows/1"]


def test_a_warranty_claim_has_the_readers_own_word(claim: int, sign_in: SignIn) -> None:
    viewer = sign_in("viewer")
    for page in pages(claim):
        assert "warranty claim" in viewer.get(page).text, page
        assert "réclamation de garantie" in viewer.get(page, headers={"Accept-Language": "fr"}).text, page
    assert "Warranty claim: a complaint" in sign_in("agent").get("/disputes/open/1").text


def test_a_marketplace_calls_it_by_its_own_name(
    desk: Runtime, claim: int, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk.settings, "warranty_claim_name", "backjob")
    viewer = sign_in("viewer")
    for page in pages(claim):
        for language in ("en", "fr", "sw", "pt"):
            text = viewer.get(page, headers={"Accept-Language": language}).text
            assert "backjob" in text, (page, language)
            assert "warranty claim" not in text, (page, language)
    assert "Backjob: a complaint" in sign_in("agent").get("/disputes/open/1").text


def test_what_is_set_is_said_as_it_is_and_blanks_are_no_name(desk: Runtime) -> None:
    assert kind_in_words("warranty_claim", desk.settings) == "warranty claim"
    blank = with_settings(desk, warranty_claim_name="  ").settings
    assert kind_in_words("warranty_claim", blank) == "warranty claim"
    named = with_settings(desk, warranty_claim_name=" Backjob ").settings
    assert (kind_in_words("warranty_claim", named), kind_in_words("dispute", named)) == ("Backjob", "dispute")
