"""What a person may do now, by the roles they have."""

from webapp.domain.permissions import of_roles
from webapp.models import User

NONE: tuple[str, ...] = ()
"""The roles of nobody."""


def of_person(user: User) -> frozenset[str]:
    """Everything that the person's roles together allow; nothing for one who is disabled."""
    return of_roles(list(roles_of(user))) if user.active else frozenset()


def roles_of(user: User) -> tuple[str, ...]:
    """The names of the person's roles, in order."""
    return tuple(sorted(role.name for role in user.roles))
