"""A form sent without a session comes back filled after sign-in, to be sent once more; nothing is sent by itself."""

import re
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from flask.testing import FlaskClient
from passlib.totp import TOTP
from sqlalchemy import func, select, update
from werkzeug.test import TestResponse

from tests.support.market import Market
from tests.support.people import PASSWORD, hidden, send
from webapp import clock
from webapp.encryption import decrypt
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.models import Dispute, Escrow, User, UserSession
from webapp.runtime import Runtime
from webapp.security import kept_forms
from webapp.services.approvals import limits
from webapp.services.users import two_factor

SignIn = Callable[..., FlaskClient]
OURS = {"Origin": "http://localhost"}
WROTE = "They agreed <on> it: 60 & 40."
SHOWN = "They agreed &lt;on&gt; it: 60 &amp; 40."
DECISION = {"resolution": "split", "code": "agreement", "buyer_amount": "60.00", "seller_amount": "40.00"}
FORMS: dict[str, tuple[str, dict[str, str], list[str]]] = {
    "a decision": (
        "/disputes/{dispute}/decision",
        DECISION | {"reason": WROTE},
        [SHOWN, 'value="60.00"', 'value="40.00"', '<option selected value="agreement"'],
    ),
    "a release": ("/escrows/{escrow}/release", {"reason": WROTE}, [SHOWN]),
    "a limit": ("/settings/limits", {"currency": "NGN", "limit": "1234.50"}, ['value="NGN"', 'value="1234.50"']),
}
NOTICE = "You were signed out before this was sent. Nothing was changed. Look at it and send it once more."


@pytest.fixture
def held(desk: Runtime) -> dict[str, int]:
    """A dispute and another escrow, below the limit of one person."""
    register_jobs(desk)
    with desk.db.transaction() as session:
        market = Market(session, desk, at=clock.now())
        market.limit(1_000_000)
        return {"dispute": market.dispute(market.escrow(10_000)).id, "escrow": market.escrow(10_000).id}


@pytest.fixture
def admin(sign_in: SignIn) -> FlaskClient:
    """An admin's browser."""
    return sign_in("admin")


@pytest.mark.parametrize("name", FORMS)
def test_it_comes_back_filled_and_is_sent_once(
    desk: Runtime, held: dict[str, int], admin: FlaskClient, name: str
) -> None:
    path, words, shown = FORMS[name]
    path = path.format(**held)
    sign_in = _lost(desk, admin, path, words)
    assert sign_in.status_code == 401
    assert "What you wrote is kept for an hour" in sign_in.text
    before = _state(desk)
    assert _sign_in(admin, sign_in, "admin").headers["Location"] == path
    page = admin.get(path).text
    assert NOTICE in page
    assert [piece for piece in shown if piece not in page] == []
    assert _state(desk) == before
    assert NOTICE not in admin.get(path).text, "it is shown one time"
    form = hidden(page, path) | words | {"secret": PASSWORD, "step": "do"}
    assert admin.post(path, data=form).status_code == 303
    after = _state(desk)
    assert after != before
    assert "This form was sent before" in admin.post(path, data=form, follow_redirects=True).text
    assert _state(desk) == after


def test_a_preview_that_was_open_begins_again_with_the_form(
    desk: Runtime, held: dict[str, int], admin: FlaskClient
) -> None:
    path = f"/escrows/{held['escrow']}/release"
    _sign_in(admin, _lost(desk, admin, path, {"reason": WROTE, "step": "do"}), "admin")
    assert hidden(admin.get(path).text, path)["step"] == "preview"


def test_what_an_earlier_sending_did_is_not_done_once_more(desk: Runtime, admin: FlaskClient) -> None:
    path, words = "/settings/stop", {"why": WROTE}
    form = hidden(admin.get(path).text, path) | words
    assert admin.post(path, data=form).status_code == 303
    _end_sessions(desk)
    _sign_in(admin, admin.post(path, data=form, headers=OURS), "admin")
    again = hidden(admin.get(path).text, path) | words
    assert "This form was sent before" in admin.post(path, data=again, follow_redirects=True).text


def test_a_wrong_password_in_between_keeps_it(desk: Runtime, held: dict[str, int], admin: FlaskClient) -> None:
    path = f"/escrows/{held['escrow']}/release"
    page = _lost(desk, admin, path, {"reason": WROTE})
    wrong = _sign_in(admin, page, "admin", password="wrong wrong wrong")
    assert wrong.status_code == 422
    assert _sign_in(admin, wrong, "admin").status_code == 303
    assert SHOWN in admin.get(path).text


def test_the_second_factor_in_between_keeps_it(desk: Runtime, held: dict[str, int], admin: FlaskClient) -> None:
    path = f"/escrows/{held['escrow']}/release"
    app = _second_factor(desk)
    code_page = _sign_in(admin, _lost(desk, admin, path, {"reason": WROTE}), "admin")
    assert code_page.status_code == 200
    wrong = admin.post("/sign-in/code", data=hidden(code_page.text, "/sign-in/code") | {"code": "1"})
    assert wrong.status_code == 422
    good = hidden(wrong.text, "/sign-in/code") | {"code": app.generate().token}
    assert admin.post(f"/sign-in/code?next={path}", data=good).headers["Location"] == path
    assert SHOWN in admin.get(path).text


def test_secrets_are_never_kept(desk: Runtime, admin: FlaskClient) -> None:
    secrets = {"old": "secret-one", "new": "secret-two", "again": "secret-two", "password": "secret-three"}
    for path, words in {
        "/profile/password": secrets,
        "/profile/second-factor/enable": secrets | {"code": "secret-four"},
        "/users/add": {"name": "Eve Uwase", "secret": "secret-five"},
    }.items():
        page = _lost(desk, admin, path, words)
        text = decrypt(hidden(page.text)["kept"], desk.settings.form_keys)
        assert "secret-" not in text
        assert "csrf" not in text
        assert ("Eve Uwase" in text) == ("name" in words)
        assert "Eve Uwase" not in page.text, "it is sealed"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        OURS | {"Sec-Fetch-Site": "cross-site"},
        OURS | {"Sec-Fetch-Site": "same-site"},
    ],
)
@pytest.mark.parametrize("signed_out", [True, False])
def test_a_foreign_page_chooses_nothing(
    desk: Runtime, admin: FlaskClient, headers: dict[str, str], signed_out: bool
) -> None:
    if signed_out:
        _end_sessions(desk)
    answer = admin.post("/settings/stop", data={"why": WROTE}, headers=headers)
    assert answer.status_code == (302 if signed_out else 400)
    assert "kept" not in answer.text
    assert SHOWN not in answer.text


def test_somebody_else_does_not_get_it(desk: Runtime, held: dict[str, int], admin: FlaskClient) -> None:
    path = f"/escrows/{held['escrow']}/release"
    _sign_in(admin, _lost(desk, admin, path, {"reason": WROTE}), "agent")
    page = admin.get(path)
    assert page.status_code == 200
    assert NOTICE not in page.text
    assert SHOWN not in page.text
    with desk.db.reading() as session:
        assert session.scalars(select(UserSession.kept_form).where(UserSession.kept_form.is_not(None))).all() == []


def test_what_was_sent_after_signing_out_elsewhere_is_for_nobody_else(held: dict[str, int], admin: FlaskClient) -> None:
    path = f"/escrows/{held['escrow']}/release"
    fields = hidden(admin.get(path).text, path) | {"reason": WROTE}
    send(admin, "/sign-out", page="/profile")
    _sign_in(admin, admin.post(path, data=fields, headers=OURS), "agent")
    assert SHOWN not in admin.get(path).text

    send(admin, "/sign-out", page="/profile")
    _sign_in(admin, admin.post(path, data=fields, headers=OURS), "admin")
    assert SHOWN in admin.get(path).text


def test_when_nobody_knows_whose_it_was_it_is_for_those_who_may_open_the_page(
    desk: Runtime, held: dict[str, int], admin: FlaskClient, sign_in: SignIn, somebody: FlaskClient
) -> None:
    path = f"/escrows/{held['escrow']}/release"
    page = somebody.post(path, data={"reason": WROTE}, headers=OURS)
    _sign_in(somebody, page, "viewer")
    refused = somebody.get(path)
    assert refused.status_code == 403
    assert SHOWN not in refused.text
    send(somebody, "/sign-out", page="/profile")
    _sign_in(somebody, somebody.post(path, data={"reason": WROTE}, headers=OURS), "agent")
    assert SHOWN in somebody.get(path).text


def test_it_is_kept_for_an_hour(
    desk: Runtime, held: dict[str, int], admin: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/escrows/{held['escrow']}/release"
    page = _lost(desk, admin, path, {"reason": WROTE})
    monkeypatch.setattr(kept_forms, "KEPT_SECONDS", -1)
    assert _sign_in(admin, page, "admin").status_code == 303
    assert SHOWN not in admin.get(path).text


def test_what_is_too_long_is_not_kept_and_said(desk: Runtime, held: dict[str, int], admin: FlaskClient) -> None:
    path = f"/escrows/{held['escrow']}/release"
    answer = _lost(desk, admin, path, {"reason": "é" * 20_000})
    assert answer.headers["Location"] == f"/sign-in?next={path}"
    assert "too long to be kept" in admin.get(answer.headers["Location"]).text


def test_a_file_is_said_to_be_lost(desk: Runtime, held: dict[str, int], admin: FlaskClient) -> None:
    path = f"/disputes/{held['dispute']}/evidence/file"
    file = {"side": "seller", "file": (BytesIO(b"text"), "note.txt")}
    _sign_in(admin, _lost(desk, admin, path, file), "admin")
    page = admin.get(path).text
    assert "A file can&#39;t be kept: choose it again." in page
    assert re.search(r'<input checked[^>]*value="seller"', page)


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("token", [None, "stale"])
def test_a_form_with_an_old_csrf_token_comes_back_filled(
    desk: Runtime, held: dict[str, int], admin: FlaskClient, name: str, token: str | None
) -> None:
    path, words, shown = FORMS[name]
    path, before = path.format(**held), _state(desk)
    form = hidden(admin.get(path).text, path) | words | {"secret": PASSWORD, "step": "do"}
    form.pop("csrf_token")
    answer = admin.post(path, data=form | ({"csrf_token": token} if token else {}), headers=OURS)
    assert answer.status_code == 400
    assert "Nothing was changed. Look at it and send it once more." in answer.text
    assert [piece for piece in shown if piece not in answer.text] == []
    assert PASSWORD not in answer.text
    assert _state(desk) == before
    again = hidden(answer.text, path)
    assert again.get("step") in (None, "preview")
    assert admin.post(path, data=again | words | {"secret": PASSWORD, "step": "do"}).status_code == 303
    assert _state(desk) != before


def _lost(desk: Runtime, client: FlaskClient, path: str, words: dict[str, Any]) -> TestResponse:
    """The form is open, its session ends on the server, and it is sent."""
    if client.get(path).status_code != 200:
        sent = client.get("/sign-in")
        _sign_in(client, sent, "admin")
    form = hidden(client.get(path).text, path)
    _end_sessions(desk)
    return client.post(path, data=form | words, headers=OURS)


def _end_sessions(desk: Runtime) -> None:
    with desk.db.transaction() as session:
        session.execute(update(UserSession).values(ended_at=clock.now()))


def _sign_in(client: FlaskClient, page: TestResponse, role: str, password: str = PASSWORD) -> TestResponse:
    """Fill in the page of the sign-in that was answered."""
    found = re.search(r'action="(/sign-in[^"]*)"', page.text)
    assert found, page.text
    words = {"email": f"{role}@desk.example", "password": password}
    return client.post(found[1], data=hidden(page.text, "/sign-in") | words)


def _second_factor(desk: Runtime) -> TOTP:
    codes = two_factor.Codes(desk.settings)
    secret = codes.new_secret()
    with desk.db.transaction() as session:
        session.execute(update(User).where(User.email == "admin@desk.example").values(totp_secret=secret))
    return TOTP(key=codes.key_to_type(secret).replace("-", ""))


def _state(desk: Runtime) -> tuple[Any, ...]:
    """What the three forms change."""
    with desk.db.reading() as session:
        escrows = session.execute(select(Escrow.status, func.count()).group_by(Escrow.status)).all()
        disputes = session.scalars(select(Dispute.status)).all()
        return tuple(map(tuple, escrows)), tuple(disputes), tuple(limits.all_limits(session, desk.settings).items())
