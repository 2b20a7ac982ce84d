"""A page that asks every few seconds is sent nothing while nothing is new, and all of it when something is."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from tests.support.people import SETUP
from webapp import clock
from webapp.models import User
from webapp.runtime import Runtime
from webapp.services.common import kill_switch

POLL = {"X-Desk-Poll": "1", "Accept-Encoding": "gzip"}


def test_what_is_shown_already_is_not_sent_again(desk: Runtime, sign_in: Callable[[str], FlaskClient]) -> None:
    reader = sign_in("admin")
    shown = reader.get("/queues/", headers=POLL)
    known = POLL | {"If-None-Match": shown.headers["ETag"]}
    again = reader.get("/queues/", headers=known)
    assert (again.status_code, again.data) == (304, b"")

    with desk.db.transaction() as session:
        kill_switch.stop(session, "Two payouts for one order.", at=clock.now(), actor=SETUP)
    new = reader.get("/queues/", headers=known)
    assert new.status_code == 200
    assert new.headers["ETag"] != shown.headers["ETag"]


def test_a_person_who_opens_a_page_and_a_poll_after_the_session_are_answered_as_ever(
    sign_in: Callable[[str], FlaskClient],
) -> None:
    reader = sign_in("admin")
    tag = reader.get("/queues/", headers=POLL).headers["ETag"]
    assert "ETag" not in reader.get("/queues/").headers
    assert reader.get("/queues/", headers={"If-None-Match": tag}).status_code == 200
    reader.delete_cookie("desk_session")
    assert reader.get("/queues/", headers=POLL | {"If-None-Match": tag}).status_code == 302


def test_a_page_that_only_grows_older_is_not_sent_again(
    desk: Runtime, sign_in: Callable[[str], FlaskClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, begun = sign_in("admin"), clock.now().replace(second=5)
    with desk.db.transaction() as session:  # the desk of a test may be a copy of one that was made minutes ago
        session.execute(update(User).values(created_at=begun))
    monkeypatch.setattr(clock, "now", lambda: begun)
    shown = reader.get("/users/1", headers=POLL)
    monkeypatch.setattr(clock, "now", lambda: begun + timedelta(seconds=20))
    assert "less than a minute ago" in reader.get("/users/1").text
    known = POLL | {"If-None-Match": shown.headers["ETag"]}
    assert reader.get("/users/1", headers=known).status_code == 304
    monkeypatch.setattr(clock, "now", lambda: begun + timedelta(minutes=2))
    assert reader.get("/users/1", headers=known).status_code == 200


def test_the_first_question_of_a_page_is_answered_by_nothing_too(
    sign_in: Callable[[str], FlaskClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = clock.now().replace(second=5)
    monkeypatch.setattr(clock, "now", lambda: begun)
    reader = sign_in("admin")
    tag = re.search(r'data-shown="(\w+)"', reader.get("/queues/").text)
    assert tag is not None
    assert reader.get("/queues/", headers=POLL | {"If-None-Match": f'W/"{tag[1]}"'}).status_code == 304


def test_times_that_grow_older_are_told_once_a_minute(
    desk: Runtime, sign_in: Callable[[str], FlaskClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, begun = sign_in("admin"), clock.now().replace(second=0)
    with desk.db.transaction() as session:
        session.execute(update(User).values(created_at=begun - timedelta(seconds=140)))
    monkeypatch.setattr(clock, "now", lambda: begun)
    assert "2 minutes ago" in reader.get("/users/1").text
    shown = reader.get("/users/1", headers=POLL)
    monkeypatch.setattr(clock, "now", lambda: begun + timedelta(seconds=20))
    assert "3 minutes ago" in reader.get("/users/1").text
    known = POLL | {"If-None-Match": shown.headers["ETag"]}
    assert reader.get("/users/1", headers=known).status_code == 304
    monkeypatch.setattr(clock, "now", lambda: begun + timedelta(seconds=61))
    assert reader.get("/users/1", headers=known).status_code == 200
