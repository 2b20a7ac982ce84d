"""What belongs to somebody: the same request by its owner and by another who holds the same permission."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from werkzeug.test import TestResponse

from tests.support.authorization.callers import Caller, World, signed_in
from tests.support.market import Market
from tests.support.people import PASSWORD, SETUP
from webapp import clock
from webapp.domain.actors import Actor
from webapp.models import SavedView, User, UserSession
from webapp.services.approvals import escrow_decisions
from webapp.services.payouts import destinations
from webapp.services.payouts.destinations import NewDestination
from webapp.services.users import api_tokens, saved_views, users

_KEY = {"Idempotency-Key": "the-same-key-of-two"}


@dataclass(frozen=True)
class Owned:
    """A thing with an owner, what is asked about it, and what each was answered."""

    thing: str
    request: str
    by_its_owner: str
    by_another: str
    is_for_another: bool = False
    """Whether it is just its owner who may not: nobody decides on what they proposed."""


def observed(world: World) -> list[Owned]:
    """Everything that has an owner. Each line makes its things anew."""
    return list(_lines(world))


def _lines(world: World) -> Iterator[Owned]:
    yield _sign_in(world)
    yield _saved_view(world)
    yield _proposal(world, "approve", {"password": PASSWORD})
    yield _proposal(world, "reject", {"reason": "No."})
    yield _destination(world)
    yield _account(world, "disable", {"reason": "Left."})
    yield _account(world, "roles", {"roles": "viewer", "secret": PASSWORD})
    yield _more_than_its_own(world)
    yield _idempotency_key(world)


def _sign_in(world: World) -> Owned:
    own = signed_in(world.app, "agent")
    number = _newest(world, UserSession)
    path = f"/profile/sessions/{number}/end"
    other, mine = (each.ask(path, "POST", data={"secret": PASSWORD}) for each in (world.person("approver"), own))
    return Owned("a sign-in", "POST /profile/sessions/<session_id>/end", _said(mine), _said(other))


def _saved_view(world: World) -> Owned:
    with world.runtime.db.transaction() as session:
        agent = users.actor_of(session.get_one(User, _number(world, "agent")))
        saved_views.save(session, agent.id or 0, "disputes", "mine", "status=open", at=clock.now(), actor=agent)
    path = f"/views/{_newest(world, SavedView)}/remove"
    other, own = (world.person(role).ask(path, "POST") for role in ("approver", "agent"))
    return Owned("a saved view", "POST /views/<view_id>/remove", _said(own), _said(other))


def _proposal(world: World, choice: str, body: dict[str, Any]) -> Owned:
    """Proposed by the approver."""

    def proposed(session: Any, by: Actor) -> int:
        market = Market(session, world.runtime, at=clock.now())
        market.limit(1)
        escrow = market.escrow()
        done = escrow_decisions.refund(
            session,
            escrow.id,
            "It never came.",
            version=escrow.version,
            at=clock.now(),
            actor=by,
            settings=world.runtime.settings,
        )
        assert done.approval is not None
        return done.approval.id

    number = _made(world, proposed)
    own, other = _approver_and_admin(world, f"/api/v1/approvals/{number}/{choice}", body)
    return Owned("a proposal", f"POST /api/v1/approvals/<approval_id>/{choice}", own, other, is_for_another=True)


def _destination(world: World) -> Owned:
    """Set by somebody who may also approve: an admin, whom the approver follows."""

    def waiting(session: Any, by: Actor) -> int:
        party = Market(session, world.runtime, at=clock.now()).party()
        new = NewDestination("NGN", "nuban", "058", "0123456789", "Kofi Mensah")
        return destinations.put(session, party.id, new, at=clock.now(), actor=by, settings=world.runtime.settings).id

    number = _made(world, waiting, role="admin")
    path, body = f"/api/v1/payout-destinations/{number}/approve", {"password": PASSWORD}
    own, other = (world.person(role).ask(path, "POST", json=body) for role in ("admin", "approver"))
    request = "POST /api/v1/payout-destinations/<destination_id>/approve"
    return Owned("a payout destination that waits", request, _said(own), _said(other), is_for_another=True)


def _account(world: World, choice: str, fields: dict[str, str]) -> Owned:
    """One's own account, and that of somebody else."""
    with world.runtime.db.transaction() as session:
        other = users.create(
            session,
            email=f"{choice}@desk.example",
            name="Somebody",
            roles=["admin"],
            password=PASSWORD,
            at=clock.now(),
            actor=SETUP,
        ).id
    admin = world.person("admin")
    own = admin.ask(f"/users/{_number(world, 'admin')}/{choice}", "POST", data=fields)
    of_another = admin.ask(f"/users/{other}/{choice}", "POST", data=fields)
    return Owned(f"an account ({choice})", f"POST /users/<user_id>/{choice}", _said(own), _said(of_another), True)


def _more_than_its_own(world: World) -> Owned:
    """A token that makes tokens gives what it has, and not what others have."""
    path = "/api/v1/tokens"
    own, others = (
        world.token("tokens").ask(path, "POST", json={"name": "made", "scopes": [scope]})
        for scope in ("tokens", "orders")
    )
    return Owned("the scopes of a token that makes another", f"POST {path}", _said(own), _said(others))


def _idempotency_key(world: World) -> Owned:
    """The answer that is kept by a key, asked for once more by its owner and by another with the same scope."""
    with world.runtime.db.transaction() as session:
        _, secret = api_tokens.create(
            session, name="other", scopes=["parties"], expires_at=None, at=clock.now(), actor=SETUP
        )
    first = world.token("parties")
    second = Caller("other", first.client, {"Authorization": f"Bearer {secret}"}, first.permissions, "token")
    path, body = "/api/v1/parties", {"ref": "of-the-matrix", "name": "Ama"}
    answers = [caller.ask(path, "POST", json=body, headers=_KEY) for caller in (first, first, second)]
    own, other = (_said(answer) + _kept(answer) for answer in answers[1:])
    return Owned("the answer kept by an Idempotency-Key", f"POST {path}", own, other)


def _approver_and_admin(world: World, path: str, body: dict[str, Any]) -> tuple[str, str]:
    own, other = (world.person(role).ask(path, "POST", json=body) for role in ("approver", "admin"))
    return _said(own), _said(other)


def _made(world: World, make: Callable[[Any, Actor], int], role: str = "approver") -> int:
    with world.runtime.db.transaction() as session:
        return make(session, users.actor_of(users.find(session, _number(world, role))))


def _number(world: World, role: str) -> int:
    with world.runtime.db.reading() as session:
        return session.scalars(select(User.id).where(User.email == f"{role}@desk.example")).one()


def _newest(world: World, model: type[UserSession] | type[SavedView]) -> int:
    with world.runtime.db.reading() as session:
        return session.scalars(select(model.id).order_by(model.id.desc()).limit(1)).one()


def _said(answer: TestResponse) -> str:
    words = "done" if answer.status_code < 400 else "refused"
    return f"{words} ({answer.status_code})"


def _kept(answer: TestResponse) -> str:
    return ", the kept answer" if "Idempotency-Replayed" in answer.headers else ", no kept answer"
