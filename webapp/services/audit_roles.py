"""Finding audit records by the role of who acted."""

from sqlalchemy import ColumnElement, String, cast, literal, select

from webapp.models import Audit
from webapp.models.user import Role, user_roles


def by_role(role: str) -> ColumnElement[bool]:
    """Records of people who have this role now; jobs and tokens have none."""
    key = literal("user:").concat(cast(user_roles.c.user_id, String))
    people = select(key).join(Role, Role.id == user_roles.c.role_id).where(Role.name == role)
    return Audit.actor.in_(people)
