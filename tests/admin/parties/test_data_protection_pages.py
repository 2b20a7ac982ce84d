"""A party's data on its page: downloaded by an administrator, forgotten by one, and said so afterwards."""

import json
from collections.abc import Callable

from flask.testing import FlaskClient
from sqlalchemy import select

from tests.services.data_protection.scene import NAME, lived
from tests.support.people import send
from webapp.models import Audit
from webapp.runtime import Runtime

SignIn = Callable[..., FlaskClient]


def test_an_administrator_downloads_and_forgets(desk: Runtime, sign_in: SignIn) -> None:
    with desk.db.transaction() as session:
        party_id = lived(session, desk).party.id
    admin, at = sign_in("admin"), f"/parties/{party_id}"
    got = send(admin, f"{at}/export")
    assert got.headers["Content-Disposition"].startswith(f'attachment; filename="party-{party_id}-')
    assert json.loads(got.text)["party"]["name"] == NAME
    wrong = send(admin, f"{at}/forget", reason="Asked.", confirmation="p")
    assert "Write the party&#39;s reference, p-imani, to confirm" in wrong.text
    done = send(admin, f"{at}/forget", reason="Asked by letter.", confirmation="p-imani")
    assert done.status_code == 303, done.text
    page = admin.get(at).text
    assert NAME not in page
    assert "Its personal data are gone since" in page
    assert "by The admin: Asked by letter." in page
    assert [offer for offer in ("Forget…", "Set a destination…", "Deposit…", "Open a wallet…") if offer in page] == []
    assert "is forgotten already" in send(admin, f"{at}/forget", reason="Again.", confirmation="p-imani").text
    with desk.db.reading() as session:
        mine = (Audit.subject_kind == "party", Audit.subject_id == party_id, Audit.actor == "user:5")
        actions = session.scalars(select(Audit.action).where(*mine).order_by(Audit.id)).all()
        assert actions == ["party.export", "party.forget"]


def test_what_stands_in_the_way_is_said_before(desk: Runtime, sign_in: SignIn) -> None:
    with desk.db.transaction() as session:
        other = lived(session, desk).other
    page = sign_in("admin").get(f"/parties/{other.id}/forget").text
    assert "Its wallet holds NGN 50.00" in page
    assert 'name="reason"' not in page, "nobody fills a form for nothing"


def test_others_read_who_may(desk: Runtime, sign_in: SignIn) -> None:
    with desk.db.transaction() as session:
        party_id = lived(session, desk).party.id
    agent = sign_in("agent")
    assert "Administrators may hand over all that the desk keeps" in agent.get(f"/parties/{party_id}").text
    assert agent.get(f"/parties/{party_id}/forget").status_code == 403
