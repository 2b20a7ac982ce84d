"""The language and the zone of a party's letters: set on its page by who may, audited, and forgotten with it."""

import json
from collections.abc import Callable

from flask.testing import FlaskClient
from sqlalchemy import select

from tests.services.data_protection.scene import lived
from tests.support.people import send
from webapp.models import Audit, Party
from webapp.runtime import Runtime

SignIn = Callable[..., FlaskClient]


def test_an_administrator_sets_the_language_of_letters(desk: Runtime, sign_in: SignIn) -> None:
    with desk.db.transaction() as session:
        party_id = lived(session, desk).party.id
    admin, at = sign_in("admin"), f"/parties/{party_id}"
    assert "in English, times of Africa/Lagos" in admin.get(at).text
    assert send(admin, f"{at}/correspondence", language="pt", zone="Africa/Maputo").status_code == 303
    assert "in Portuguese, times of Africa/Maputo" in admin.get(at).text
    assert send(admin, f"{at}/correspondence", language="rw", zone="").status_code == 303
    assert "in English, times of Africa/Lagos: the desk does not know Kinyarwanda" in admin.get(at).text
    assert "rw" in admin.get("/parties/export.csv").text
    with desk.db.reading() as session:
        records = session.scalars(select(Audit.after).where(Audit.action == "party.change").order_by(Audit.id)).all()
    assert [json.loads(each or "") for each in records[-2:]] == [
        {"language": "pt", "zone": "Africa/Maputo"},
        {"language": "rw", "zone": None},
    ]


def test_who_may_not_change_parties_sees_it_and_is_refused(desk: Runtime, sign_in: SignIn) -> None:
    with desk.db.transaction() as session:
        party_id = lived(session, desk).party.id
    agent, at = sign_in("agent"), f"/parties/{party_id}"
    page = agent.get(at).text
    assert "in English, times of Africa/Lagos" in page
    assert "Language of letters" not in page
    assert agent.post(f"{at}/correspondence", data={"language": "fr"}).status_code in (400, 403)


def test_forgetting_takes_the_language_and_the_zone_along(desk: Runtime, sign_in: SignIn) -> None:
    with desk.db.transaction() as session:
        party = lived(session, desk).party
        party.language, party.zone = "fr", "Africa/Kigali"
        party_id = party.id
    send(sign_in("admin"), f"/parties/{party_id}/forget", reason="Asked by letter.", confirmation="p-imani")
    with desk.db.reading() as session:
        gone = session.get_one(Party, party_id)
        assert (gone.language, gone.zone) == (None, None)
