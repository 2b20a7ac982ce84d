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

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def asked(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(sqlite_template, tmp_path_factory.mktemp("matrix")) as made:
        yield made


@pytest.fixture(scope="module")
def found(asked: World) -> tuple[list[Route], list[Receiver], list[Owned]]:
    """Everything that was observed. Asking every address ends with signing out."""
    things = owned.observed(asked)
    return routes.observed(asked), webhooks.observed(asked), things


def test_the_kept_page_says_what_the_desk_answers(found: tuple[list[Route], list[Receiver], list[Owned]]) -> None:
    now = set(page.page(*found).splitlines())
    kept = set(page.KEPT.read_text().splitlines())
    differs = [f"new or changed: {line}" for line in sorted(now - kept)]
    differs += [f"gone: {line}" for line in sorted(kept - now)]
    assert differs == [], f"Look at each line, then run: {page.COMMAND}"


def test_whom_an_address_lets_in_is_whom_it_declares(found: tuple[list[Route], list[Receiver], list[Owned]]) -> None:
    wrong = {
        (route.address, route.methods): sorted(set(route.let_in) ^ set(route.declared))
        for route in found[0]
        if route.let_in != route.declared
    }
    assert wrong == {}


def test_a_webhook_is_taken_by_its_signature_alone(found: tuple[list[Route], list[Receiver], list[Owned]]) -> None:
    receivers = {receiver.address: receiver for receiver in found[1]}
    assert set(receivers) == {f"/webhooks/{provider.name}" for provider in catalogue.every()}
    for each in receivers.values():
        assert (each.unsigned, each.signed_for_another_body, each.signed) == (False, False, True), each.address


def test_what_belongs_to_somebody_is_decided_by_whom_it_belongs_to(
    found: tuple[list[Route], list[Receiver], list[Owned]],
) -> None:
    alike = [each.thing for each in found[2] if each.by_its_owner == each.by_another]
    assert alike == []


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
