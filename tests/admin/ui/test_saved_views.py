"""Saved views: on every list, one's own or shared, changed by their owner or an administrator, and on record."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import TypedDict

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.support.people import send
from webapp import clock
from webapp.domain.actors import Actor
from webapp.errors import Invalid, NotAllowed, NotFound
from webapp.models import Audit, SavedView, User
from webapp.runtime import Runtime
from webapp.services.users import saved_views, users

SignIn = Callable[..., FlaskClient]
LISTS = ("escrows", "disputes", "payouts", "alerts", "approvals")


class Kept(TypedDict):
    """When and by whom a view is kept."""

    at: datetime
    actor: Actor


def number_of(desk: Runtime, name: str) -> int:
    with desk.db.reading() as session:
        return session.scalars(select(SavedView.id).where(SavedView.name == name)).one()


def shown(client: FlaskClient, path: str) -> list[tuple[str, str]]:
    page = client.get(f"/{path}").text
    return re.findall(r'<span class="view">\s*<a href="([^"]*)">([^<]*)</a>', page)


@pytest.mark.parametrize("path", LISTS)
def test_a_list_is_kept_by_name_as_it_is_shown(sign_in: SignIn, path: str) -> None:
    client = sign_in("operator")
    page = client.get(f"/{path}?size=50&q=x&after=W10").text
    link = re.search(r'href="(/views/add\?[^"]+)"', page)
    assert link is not None
    answer = send(client, link[1].replace("&amp;", "&"), name="Mine")
    assert answer.status_code == 303
    assert answer.location.startswith(f"/{path}?")
    assert shown(client, path) == [("?size=50&amp;q=x", "Mine")]
    assert shown(sign_in("agent"), path) == []


def test_a_shared_view_is_seen_by_all_and_changed_by_its_owner_and_administrators(
    desk: Runtime, sign_in: SignIn
) -> None:
    owner, other, admin = (sign_in(role) for role in ("agent", "approver", "admin"))
    send(owner, "/views/add?screen=escrows&query=currency%3DNGN", name="Naira", shared="1")
    number = number_of(desk, "Naira")
    assert shown(owner, "escrows") == shown(other, "escrows") == [("?currency=NGN", "Naira")]
    assert "shared by The agent" in other.get("/escrows").text
    assert f"/views/{number}/remove" not in other.get("/escrows").text
    for deed in ("remove", "change"):
        assert other.get(f"/views/{number}/{deed}").status_code == 404
        assert send(other, f"/views/{number}/{deed}", page="/profile", name="Taken").status_code == 404
    assert send(owner, f"/views/{number}/change", name="Naira only", shared="1").status_code == 303
    assert shown(other, "escrows") == [("?currency=NGN", "Naira only")]
    assert send(admin, f"/views/{number}/change", name="All naira").status_code == 303
    assert shown(other, "escrows") == [], "an administrator took it back to its owner"
    assert admin.get(f"/views/{number}/change").status_code == 404, "what is private is nobody else's"
    assert send(owner, f"/views/{number}/remove").status_code == 303
    with desk.db.reading() as session:
        found = session.scalars(
            select(Audit.action).where(Audit.subject_kind == "saved_view").order_by(Audit.pos)
        ).all()
    assert found == ["view.save", "view.change", "view.change", "view.remove"]


def test_who_may_not_share_is_not_asked_and_is_refused(desk: Runtime, sign_in: SignIn) -> None:
    viewer = sign_in("viewer")
    address = "/views/add?screen=escrows&query="
    assert 'name="shared"' not in viewer.get(address).text
    assert 'name="shared"' in sign_in("agent").get(address).text
    send(viewer, address, name="Held", shared="1")
    assert shown(sign_in("agent"), "escrows") == []
    with desk.db.transaction() as session:
        user = session.scalars(select(User).where(User.email == "viewer@desk.example")).one()
        actor = users.actor_of(user)
        with pytest.raises(NotAllowed):
            saved_views.save(session, user.id, "escrows", "x", "", shared=True, at=clock.now(), actor=actor)
        view = saved_views.save(session, user.id, "escrows", "x", "", at=clock.now(), actor=actor)
        with pytest.raises(NotAllowed):
            saved_views.change(session, view.id, "x", shared=True, at=clock.now(), actor=actor)


def test_views_have_a_name_each_a_list_of_ours_and_a_bound(desk: Runtime) -> None:
    with desk.db.transaction() as session:
        one, other = (users.actor_of(user) for user in session.scalars(select(User).order_by(User.id).limit(2)).all())
        mine, how = one.id or 0, Kept(at=clock.now(), actor=one)
        odd = saved_views.save(session, mine, "escrows", "Odd", "status=held\r\nX: 1&q=a b", **how)
        assert odd.query == "status=held%0D%0AX%3A+1&q=a+b"
        with pytest.raises(Invalid, match="There is a view of this name"):
            saved_views.save(session, mine, "escrows", "Odd", "q=b", **how)
        assert (odd.query, odd.shared) == ("status=held%0D%0AX%3A+1&q=a+b", False)
        assert saved_views.save(session, mine, "escrows", "Odd", "q=b", replace=True, **how).id == odd.id
        for screen in ("//evil.example", "\\evil.example", "", "a" * 41):
            with pytest.raises(Invalid):
                saved_views.save(session, mine, screen, "x", "", **how)
        twin = saved_views.save(session, mine, "escrows", "Even", "", **how)
        with pytest.raises(Invalid):
            saved_views.change(session, twin.id, "Odd", shared=False, **how)
        with pytest.raises(NotFound):
            saved_views.remove(session, odd.id, at=clock.now(), actor=other)
        for number in range(saved_views.MOST - 2):
            saved_views.save(session, mine, "escrows", f"v{number}", "", **how)
        with pytest.raises(Invalid):
            saved_views.save(session, mine, "escrows", "one more", "", **how)


def test_a_view_is_replaced_when_that_is_asked_for_and_never_shared_unasked(desk: Runtime, sign_in: SignIn) -> None:
    agent, address = sign_in("agent"), "/views/add?screen=escrows&query=currency%3D"
    assert 'name="replace"' not in agent.get(address + "NGN").text
    send(agent, address + "NGN", name="Mine")
    refused = send(agent, address + "KES", name="Mine", shared="1")
    assert refused.status_code == 422
    assert "There is a view of this name. Choose another name, or replace it." in refused.text
    assert 'name="replace"' in refused.text
    with desk.db.reading() as session:
        view = session.scalars(select(SavedView)).one()
        assert (view.query, view.shared) == ("currency=NGN", False)
    assert send(agent, address + "KES", name="Mine", replace="1").status_code == 303
    with desk.db.reading() as session:
        view = session.scalars(select(SavedView)).one()
        assert (view.query, view.shared) == ("currency=KES", False)


def test_a_name_that_is_too_long_is_refused_and_not_cut(desk: Runtime, sign_in: SignIn) -> None:
    agent, address = sign_in("agent"), "/views/add?screen=escrows&query="
    assert "maxlength" not in agent.get(address).text.partition('name="name"')[0].rpartition("<input")[2]
    assert "maxlength" not in agent.get(address).text.partition('name="name"')[2].partition(">")[0]
    refused = send(agent, address, name="x" * 61)
    assert (refused.status_code, "At most 60 characters." in refused.text) == (422, True)
    with desk.db.reading() as session:
        assert session.scalars(select(SavedView)).all() == []
