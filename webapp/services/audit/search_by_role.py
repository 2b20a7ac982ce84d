"""Finding audit records by what the actor acted as then."""

from itertools import combinations

from sqlalchemy import ColumnElement, and_

from webapp.domain.permissions import ROLES
from webapp.models import Audit

KINDS = ("job", "token", "cli", "oidc", "link")
"""What those act as who are no person and have none behind them."""
KNOWN = (*ROLES, *KINDS)


def by_role(role: str) -> ColumnElement[bool]:
    """Records of those who acted in this role, also among others: people, and tokens in the name of people."""
    if role == "job":
        return Audit.role == "job"
    return and_(Audit.role != "job", Audit.role.in_(_with(role)))


def _with(role: str) -> list[str]:
    """Every way in which the role is kept: alone, and together with others."""
    others = [] if role in ("cli", "oidc", "link") else [other for other in (*ROLES, "token") if other != role]
    sets = (some for size in range(len(others) + 1) for some in combinations(others, size))
    return [",".join(sorted((role, *some))) for some in sets]
