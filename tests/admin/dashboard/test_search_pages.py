"""Search everywhere: what may be done is found by its words, only by who may do it, and works without a script."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.support.market import Market
from tests.support.people import hidden
from webapp import clock
from webapp.runtime import Runtime

SignIn = Callable[..., FlaskClient]


def found(client: FlaskClient, words: str) -> dict[str, str]:
    """Labels with their addresses, in their order."""
    return {each["label"]: each["url"] for each in results(client, words)}


def results(client: FlaskClient, words: str) -> Any:
    answer = client.get("/search.json", query_string={"q": words}).json
    assert answer is not None
    return answer["results"]


@pytest.fixture
def escrow(desk: Runtime) -> tuple[int, str]:
    with desk.db.transaction() as session:
        made = Market(session, desk, at=clock.now()).escrow(5_000)
        return made.id, made.ref


def test_an_escrow_is_frozen_from_the_search_by_who_may(sign_in: SignIn, escrow: tuple[int, str]) -> None:
    number, ref = escrow
    agent = sign_in("agent")
    rows = found(agent, f"freeze {ref}")
    assert rows == {f"Freeze {ref}": f"/escrows/{number}/freeze"}
    assert agent.get(rows[f"Freeze {ref}"]).status_code == 200
    assert found(sign_in("operator"), f"freeze {ref}") == {}


def test_a_job_is_run_from_the_search_by_who_may(into_bare: SignIn) -> None:
    assert found(into_bare("operator"), "run auto_ded")["Run auto_deduct"] == "/jobs/auto_deduct/run"
    assert "Dry run auto_deduct" in found(into_bare("operator"), "dry run auto deduct")
    assert found(into_bare("agent"), "run auto_ded") == {}


def test_money_is_stopped_from_the_search_by_who_may(sign_in: SignIn) -> None:
    assert found(sign_in("admin"), "stop money")["Stop outgoing money"] == "/settings/stop"
    assert "Stop outgoing money" not in found(sign_in("approver"), "stop money")


def test_settings_are_found_by_their_names_by_who_may_see_them(sign_in: SignIn) -> None:
    admin = sign_in("admin")
    address = found(admin, "database url")["DATABASE_URL"]
    assert f'id="{address.partition("#")[2]}"' in admin.get("/settings/").text
    assert found(sign_in("operator"), "database url") == {}


def test_signing_out_and_colours_are_done_by_a_form_without_a_script(sign_in: SignIn) -> None:
    client = sign_in("viewer")
    page = client.get("/search/?q=dark").text
    answer = client.post("/theme?next=/", data=hidden(page, "/theme") | {"theme": "dark"})
    assert answer.status_code == 303
    assert "desk_theme=dark" in answer.headers["Set-Cookie"]
    page = client.get("/search/?q=sign+out").text
    assert client.post("/sign-out", data=hidden(page, "/sign-out")).status_code == 303
    assert client.get("/search/").status_code == 302


def test_every_command_that_an_administrator_is_offered_opens(sign_in: SignIn) -> None:
    client = sign_in("admin")
    for words in (
        "my",
        "change",
        "add",
        "check",
        "compare",
        "plan",
        "process",
        "try",
        "verify",
        "back up",
        "let",
        "stop",
    ):
        offered = [each for each in results(client, words) if each["kind"] == "action" and not each.get("posts")]
        assert offered, words
        for each in offered:
            assert client.get(each["url"]).status_code == 200, each


def test_without_a_script_a_thing_is_found_on_the_page(sign_in: SignIn, escrow: tuple[int, str]) -> None:
    number, ref = escrow
    page = sign_in("agent").get("/search/", query_string={"q": ref}).text
    assert f'<a href="/escrows/{number}">{ref}</a>' in page


def test_without_a_script_every_page_has_a_field_to_find_by(sign_in: SignIn) -> None:
    page = sign_in("viewer").get("/disputes/").text
    plain = page.split("<noscript>")[1].split("</noscript>")[0]
    assert 'action="/search/"' in plain
    assert 'name="q"' in plain
