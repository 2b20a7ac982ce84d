"""The kept authorization matrix is what the running desk answers, and what its addresses declare."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.authorization import owned, page, routes, webhooks
from tests.support.authorization.callers import World, signed_in, world
from tests.support.authorization.owned import Owned
from tests.support.authorization.routes import Route
from tests.support.authorization.webhooks import Receiver
from webapp.providers import catalogue

pytestmark = [pytest.mark.timeout(300), pytest.mark.long]


@pytest.fixture(scope="module")
def asked(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(sqlite_template, tmp_path_factory.mktemp("matrix")) as made:
        yield made


@pytest.fixture(scope="module")
def things(asked: World) -> list[Owned]:
    return owned.observed(asked)


@pytest.fixture(scope="module")
def receivers(asked: World) -> list[Receiver]:
    return webhooks.observed(asked)


@pytest.fixture(scope="module")
def answers(asked: World, things: list[Owned]) -> list[Route]:
    """Whom each address lets in. It comes after what belongs to somebody, for it ends with signing out."""
    return routes.observed(asked)


def test_the_kept_page_says_what_the_desk_answers(
    answers: list[Route], receivers: list[Receiver], things: list[Owned]
) -> None:
    now = set(page.page(answers, receivers, things).splitlines())
    kept = set(page.KEPT.read_text().splitlines())
    differs = [f"new or changed: {line}" for line in sorted(now - kept)]
    differs += [f"gone: {line}" for line in sorted(kept - now)]
    assert differs == [], f"Look at each line, then run: {page.COMMAND}"


def test_whom_an_address_lets_in_is_whom_it_declares(answers: list[Route]) -> None:
    wrong = {
        (route.address, route.methods): sorted(set(route.let_in) ^ set(route.declared))
        for route in answers
        if route.let_in != route.declared
    }
    assert wrong == {}


def test_a_webhook_is_taken_by_its_signature_alone(receivers: list[Receiver]) -> None:
    by_address = {receiver.address: receiver for receiver in receivers}
    assert set(by_address) == {f"/webhooks/{provider.name}" for provider in catalogue.every()}
    for each in receivers:
        assert (each.unsigned, each.signed_for_another_body, each.signed) == (False, False, True), each.address


def test_what_belongs_to_somebody_is_decided_by_whom_it_belongs_to(things: list[Owned]) -> None:
    for each in things:
        both = (each.by_its_owner, each.by_another)
        refused, done = both if each.is_for_another else both[::-1]
        assert (refused.partition(" ")[0], done.partition(" ")[0]) == ("refused", "done"), each.thing


def test_a_refusal_is_told_to_a_program_as_a_problem_and_to_a_person_as_a_page(asked: World) -> None:
    token, person = asked.token("read"), signed_in(asked.app, "viewer")
    for answer, status in [
        (asked.nobody.ask("/api/v1/escrows"), 401),
        (asked.nobody.ask("/api/v1/escrows", headers={"Authorization": "Bearer wrong"}), 401),
        (token.ask("/api/v1/tokens"), 403),
        (token.ask("/escrows/"), 403),
    ]:
        assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
        assert answer.get_json()["detail"]
        assert answer.headers.get("WWW-Authenticate") == ("Bearer" if status == 401 else None)
    assert (person.ask("/users/").status_code, person.ask("/users/").mimetype) == (403, "text/html")


def test_the_screen_of_our_endpoints_is_a_page_though_webhooks_arrive_below_it(asked: World) -> None:
    for path in ("/webhooks/", "/webhooks/1"):
        answer = asked.nobody.ask(path)
        assert (answer.status_code, answer.headers["Location"].partition("?")[0]) == (302, "/sign-in")
    assert asked.nobody.ask("/webhooks/paystack", "POST").content_type == "application/problem+json"
    assert asked.nobody.ask("/webhooks/unheard-of", "POST").content_type == "application/problem+json"
