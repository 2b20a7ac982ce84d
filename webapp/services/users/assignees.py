"""Whom a case can be given to."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.permissions import ROLES
from webapp.models import Role, User
from webapp.sql import one_of

MOST = 500


def names_of(session: Session, ids: Sequence[int]) -> list[str]:
    """The names of those of these people who are active, in this order."""
    if not ids:
        return []
    people = session.execute(select(User.id, User.name).where(User.active, one_of(session, User.id, ids)))
    names = dict(people.tuples().all())
    return [names[person] for person in ids if person in names]


def dispute_handlers(session: Session) -> Sequence[tuple[int, str]]:
    """Active people who may work on disputes, as (id, name), by name."""
    roles = [role for role, allowed in ROLES.items() if "dispute:work" in allowed]
    rows = (
        select(User.id, User.name)
        .where(User.active, User.roles.any(Role.name.in_(roles)))
        .order_by(User.name)
        .limit(MOST)
    )
    return [(user_id, name) for user_id, name in session.execute(rows)]
