"""Passkeys in requests: who may ask, how often, from which browser, and where a second factor is required."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.support.arguments import ByActorUnderSettings
from tests.support.authenticator import Authenticator
from tests.support.market import Market, person
from tests.support.people import PASSWORD, hidden, send
from webapp import clock
from webapp.models import Audit, Passkey, PayoutDestination, User
from webapp.runtime import Runtime
from webapp.services.approvals import approvals, escrow_decisions
from webapp.services.payouts import destinations
from webapp.services.payouts.destinations import NewDestination

SignIn = Callable[..., FlaskClient]
PAGE = "/profile/passkeys/"
AWAY, AWAY_ADMIN = person(99, "Amina", "agent"), person(98, "Divine", "admin")


def options_of(client: FlaskClient, page: str, address: str, **fields: str) -> Any:
    """What the page's script is told to have signed."""
    return client.post(address, data=hidden(client.get(page).text, "") | fields)


def add(client: FlaskClient, device: Authenticator, name: str = "Phone", **wrong: str) -> Any:
    """Add a passkey as the page's script does."""
    given = {"name": name, "password": PASSWORD} | wrong
    answer = options_of(client, PAGE, "/profile/passkeys/options", **given)
    if answer.status_code != 200:
        return answer
    fields = hidden(client.get(PAGE).text, "/profile/passkeys/add") | given
    return client.post("/profile/passkeys/add", data=fields | {"credential": device.create(answer.get_json())})


def enter_password(client: FlaskClient) -> Any:
    return send(client, "/sign-in", email="agent@desk.example", password=PASSWORD)


def challenge(client: FlaskClient) -> Any:
    """What the browser that has given the password is to have signed."""
    answer = options_of(client, "/sign-in/code", "/sign-in/passkey/options")
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def touch(client: FlaskClient, credential: str) -> Any:
    fields = hidden(client.get("/sign-in/code").text, "/sign-in/passkey")
    return client.post("/sign-in/passkey", data=fields | {"credential": credential})


def test_a_passkey_signs_in_in_place_of_a_code(sign_in: SignIn, somebody: FlaskClient) -> None:
    device = Authenticator()
    assert "shown once" in add(sign_in("agent"), device).text
    assert enter_password(somebody).headers["Location"] == "/sign-in/code"
    answer = touch(somebody, device.get(challenge(somebody)))
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert somebody.get("/profile/").status_code == 200


def test_the_same_answer_signs_in_once(sign_in: SignIn, somebody: FlaskClient) -> None:
    device = Authenticator()
    add(sign_in("agent"), device)
    enter_password(somebody)
    credential = device.get(challenge(somebody))
    assert touch(somebody, credential).status_code == 303
    send(somebody, "/sign-out", page="/profile")
    enter_password(somebody)
    again = touch(somebody, credential)
    assert again.status_code == 422
    assert "was sent already" in again.text


def test_an_answer_counts_for_the_browser_that_was_asked(sign_in: SignIn, somebody: FlaskClient, app: Any) -> None:
    device, other = Authenticator(), app.test_client()
    add(sign_in("agent"), device)
    enter_password(somebody)
    enter_password(other)
    credential = device.get(challenge(somebody))
    assert touch(other, credential).status_code == 422
    assert touch(somebody, credential).status_code == 303


def test_wrong_answers_lock_as_wrong_codes_do(sign_in: SignIn, somebody: FlaskClient) -> None:
    add(sign_in("agent"), Authenticator())
    enter_password(somebody)
    statuses = []
    for _turn in range(6):
        options = challenge(somebody)
        statuses.append(touch(somebody, Authenticator().get(options)).status_code)
    assert statuses == [422, 422, 422, 422, 422, 403]
    assert send(somebody, "/sign-in/code", code="000000").status_code == 403


def test_a_passkey_is_asked_for_within_five_minutes_of_the_password(sign_in: SignIn, somebody: FlaskClient) -> None:
    device = Authenticator()
    add(sign_in("agent"), device)
    enter_password(somebody)
    credential, fields = device.get(challenge(somebody)), hidden(somebody.get("/sign-in/code").text, "/sign-in/passkey")
    with somebody.session_transaction() as session:
        user_id, since, method = session["halfway"]
        session["halfway"] = [user_id, since - 301, method]
    assert somebody.post("/sign-in/passkey/options", data=fields).status_code == 409
    late = somebody.post("/sign-in/passkey", data=fields | {"credential": credential})
    assert (late.status_code, late.headers["Location"]) == (303, "/sign-in")


def test_adding_asks_for_the_password_and_counts_what_is_guessed(sign_in: SignIn, desk: Runtime) -> None:
    client = sign_in("agent")
    answers = [add(client, Authenticator(), password="a guess at it") for _turn in range(6)]
    assert [answer.status_code for answer in answers] == [422, 422, 422, 422, 422, 403]
    assert answers[0].get_json()["errors"] == {"password": "That is not your password."}
    without = send(client, "/profile/passkeys/add", page=PAGE, name="Phone", password=PASSWORD)
    assert "takes JavaScript" in without.text
    forged = hidden(client.get(PAGE).text, "/profile/passkeys/add") | {"name": "Phone", "password": PASSWORD}
    credential = Authenticator().create({"challenge": "AAAA"})
    assert client.post("/profile/passkeys/add", data=forged | {"credential": credential}).status_code == 422
    with desk.db.reading() as session:
        assert session.scalars(select(Passkey)).all() == []


def test_a_name_that_does_not_do_is_said_before_the_device_is_asked(sign_in: SignIn) -> None:
    client = sign_in("agent")
    add(client, Authenticator())
    assert add(client, Authenticator()).get_json()["errors"] == {"name": "Another passkey of yours has this name."}


def test_removing_asks_for_the_password_and_the_last_takes_the_second_factor_along(
    sign_in: SignIn, somebody: FlaskClient
) -> None:
    client = sign_in("agent")
    add(client, Authenticator())
    address = "/profile/passkeys/1/remove"
    assert "your password alone will sign you in" in client.get(address).text
    assert send(client, address, password="not this one at all").status_code == 422
    assert enter_password(somebody).headers["Location"] == "/sign-in/code"
    assert send(client, address, password=PASSWORD).status_code == 303
    assert enter_password(somebody).headers["Location"] == "/"


def test_nobody_sees_or_changes_anothers(sign_in: SignIn) -> None:
    add(sign_in("agent"), Authenticator())
    other = sign_in("approver")
    for address in ("/profile/passkeys/1/remove", "/profile/passkeys/1/rename"):
        assert other.get(address).status_code == 404


def test_a_passkey_is_renamed(sign_in: SignIn) -> None:
    client = sign_in("agent")
    add(client, Authenticator())
    assert send(client, "/profile/passkeys/1/rename", name="Blue key").status_code == 303
    assert "Blue key" in client.get(PAGE).text
    assert "Blue key" in client.get("/profile/").text


def test_where_a_second_factor_is_required_a_passkey_will_do(desk: Runtime, sign_in: SignIn) -> None:
    desk.settings.second_factor_required = True
    client = sign_in("agent")
    assert client.get("/disputes/").status_code == 302
    assert "asks it of everybody" in client.get(PAGE).text
    assert add(client, Authenticator()).status_code == 200
    assert client.get("/disputes/").status_code == 200


def test_an_administrator_removes_a_lost_passkey(desk: Runtime, sign_in: SignIn, somebody: FlaskClient) -> None:
    add(sign_in("agent"), Authenticator())
    with desk.db.reading() as session:
        agent = session.scalars(select(User.id).where(User.email == "agent@desk.example")).one()
    admin, address = sign_in("admin"), f"/users/{agent}/passkeys/1/remove"
    assert "Phone" in admin.get(f"/users/{agent}").text
    assert "their only second factor" in admin.get(address).text
    assert send(admin, address, secret="not this one at all").status_code == 422
    assert send(admin, address).status_code == 303
    assert enter_password(somebody).headers["Location"] == "/"
    with desk.db.reading() as session:
        [record] = session.scalars(select(Audit).where(Audit.action == "user.passkey_removed"))
    assert (record.actor_name, record.subject_id) == ("The admin", agent)


@pytest.mark.parametrize("address", ["/sign-in/passkey", "/sign-in/passkey/options"])
def test_a_foreign_page_has_nothing_signed(sign_in: SignIn, somebody: FlaskClient, address: str) -> None:
    add(sign_in("agent"), Authenticator())
    enter_password(somebody)
    assert somebody.post(address, data={"credential": "{}"}).status_code == 400


def test_what_was_written_before_the_sign_in_is_carried_past_a_passkey(sign_in: SignIn, somebody: FlaskClient) -> None:
    device = Authenticator()
    add(sign_in("agent"), device)
    enter_password(somebody)
    fields = hidden(somebody.get("/sign-in/code").text, "/sign-in/passkey")
    wrong = somebody.post("/sign-in/passkey", data=fields | {"credential": "{}", "kept": "written"})
    assert 'name="kept" value="written"' in wrong.text


@pytest.fixture
def proposals(desk: Runtime) -> list[int]:
    """Two releases that somebody proposed."""
    with desk.db.transaction() as session:
        market = Market(session, desk, at=clock.now())
        market.limit(0)
        made = []
        for _each in range(2):
            escrow = market.escrow()
            how: ByActorUnderSettings = {"at": clock.now(), "actor": AWAY, "settings": desk.settings}
            decided = escrow_decisions.release(session, escrow.id, "It arrived.", version=escrow.version, **how)
            assert decided.approval is not None
            made.append(decided.approval.id)
        return made


def asked_to_approve(client: FlaskClient, proposal: int) -> Any:
    page = f"/approvals/{proposal}"
    return options_of(client, page, f"{page}/passkey-options")


def approve(client: FlaskClient, proposal: int, credential: str) -> Any:
    fields = hidden(client.get(f"/approvals/{proposal}").text, f"/approvals/{proposal}/approve-with-passkey")
    return client.post(f"/approvals/{proposal}/approve-with-passkey", data=fields | {"credential": credential})


def status_of(desk: Runtime, proposal: int) -> str:
    with desk.db.reading() as session:
        return approvals.get(session, proposal).status


def test_a_touch_approves_one_proposal_and_the_record_names_the_passkey(
    desk: Runtime, sign_in: SignIn, proposals: list[int]
) -> None:
    client, device = sign_in("approver"), Authenticator()
    add(client, device, "Blue key")
    first, second = proposals
    credential = device.get(asked_to_approve(client, first).get_json())
    assert approve(client, second, credential).status_code == 422
    assert approve(client, first, credential).status_code == 303
    assert (status_of(desk, first), status_of(desk, second)) == ("executed", "proposed")
    with desk.db.reading() as session:
        [record] = session.scalars(select(Audit).where(Audit.action == "approval.executed"))
    assert '"name":"Blue key"' in (record.after or "")
    assert approve(client, second, credential).status_code == 422
    asked_to_approve(client, second)
    answer = approve(client, second, credential)
    assert "does not fit what was asked" in answer.text
    assert status_of(desk, second) == "proposed"


def test_where_the_desk_wants_a_passkey_no_password_approves(
    desk: Runtime, sign_in: SignIn, proposals: list[int]
) -> None:
    desk.settings.approvals_need_passkey = True
    client, device, page = sign_in("approver"), Authenticator(), f"/approvals/{proposals[0]}"
    assert "Add one on your profile" in client.get(page).text
    assert send(client, f"{page}/approve", secret=PASSWORD).status_code == 403
    add(client, device)
    shown = client.get(page).text
    assert "Approve with a passkey" in shown
    assert f'action="{page}/approve"' not in shown
    headers = {"X-CSRFToken": hidden(shown, "")["csrf_token"]}
    refused = client.post(f"/api/v1{page}/approve", json={"password": PASSWORD}, headers=headers)
    assert (refused.status_code, "takes a passkey" in refused.get_json()["detail"]) == (403, True)
    assert status_of(desk, proposals[0]) == "proposed"
    credential = device.get(asked_to_approve(client, proposals[0]).get_json())
    assert approve(client, proposals[0], credential).status_code == 303
    assert status_of(desk, proposals[0]) == "executed"


def test_nobody_is_asked_for_a_passkey_in_vain(sign_in: SignIn, proposals: list[int]) -> None:
    client, device = sign_in("approver"), Authenticator()
    without = asked_to_approve(client, proposals[0])
    assert (without.status_code, "Add one on your profile" in without.get_json()["detail"]) == (409, True)
    add(client, device)
    send(client, f"/approvals/{proposals[0]}/reject", page=f"/approvals/{proposals[0]}", reason="Not so.")
    late = client.post(f"/approvals/{proposals[0]}/passkey-options", data=hidden(client.get(PAGE).text, ""))
    assert late.status_code == 409
    agent = sign_in("agent")
    other = agent.post(f"/approvals/{proposals[1]}/passkey-options", data=hidden(agent.get(PAGE).text, ""))
    assert other.status_code == 403


def test_wrong_touches_lock_the_session_as_wrong_passwords_do(sign_in: SignIn, proposals: list[int]) -> None:
    client, device = sign_in("approver"), Authenticator()
    add(client, device)
    statuses = []
    for _turn in range(6):
        asked_to_approve(client, proposals[0])
        statuses.append(approve(client, proposals[0], device.get({"challenge": "AAAA"})).status_code)
    assert statuses == [422, 422, 422, 422, 422, 403]


def test_a_new_payout_destination_is_approved_by_a_touch_as_well(desk: Runtime, sign_in: SignIn) -> None:
    with desk.db.transaction() as session:
        party = Market(session, desk).party().id
        to = NewDestination("NGN", "nuban", "058", "0123456789", "Kofi Mensah")
        how: ByActorUnderSettings = {"at": clock.now(), "actor": AWAY_ADMIN, "settings": desk.settings}
        number = destinations.put(session, party, to, **how).id
    desk.settings.approvals_need_passkey = True
    client, device, page = sign_in("approver"), Authenticator(), f"/parties/{party}/payout-destination/{number}"
    assert "Add one on your profile" in client.get(f"{page}/approve").text
    fields = hidden(client.get(PAGE).text, "")
    assert client.post(f"{page}/approve", data=fields | {"secret": PASSWORD}).status_code == 403
    add(client, device)
    shown = client.get(f"{page}/approve").text
    assert f'action="{page}/approve"' not in shown
    client.post(f"{page}/passkey-options", data=hidden(shown, ""))
    fields, address = hidden(shown, f"{page}/approve-with-passkey"), f"{page}/approve-with-passkey"
    refused = client.post(address, data=fields | {"credential": device.get({"challenge": "AAAA"})})
    assert (refused.status_code, "does not fit what was asked" in refused.text) == (422, True)
    assert "Approve with a passkey" in refused.text
    options = client.post(f"{page}/passkey-options", data=hidden(refused.text, "")).get_json()
    assert client.post(address, data=fields | {"credential": device.get(options)}).status_code == 303
    with desk.db.reading() as session:
        assert session.get_one(PayoutDestination, number).approved_by == "The approver"
        [record] = session.scalars(select(Audit).where(Audit.action == "party.payout_destination_approve"))
    assert '"passkey":' in (record.after or "")
