"""What a person may do now, by the roles they have."""

from webapp.domain.permissions import of_roles
from webapp.models import User


def of_person(user: User) -> frozenset[str]:
    """Everything that the person's roles together allow; nothing for one who is disabled."""
    return of_roles([role.name for role in user.roles]) if user.active else frozenset()
