"""Finding audit records by the thing, the person or the job they are about."""

from typing import Any

from sqlalchemy import ColumnElement, String, cast, literal, or_, select, union_all

from webapp.domain.numbers import parse_whole
from webapp.models import Approval, Audit, Dispute, Escrow, Order, Party, User

ENOUGH = 1000
_REFERENCED: dict[str, Any] = {"escrow": Escrow, "dispute": Dispute, "order": Order, "party": Party}


def about(words: str) -> ColumnElement[bool]:
    """Records of the escrow, dispute, order, party or user with this reference, or of an approval by its number."""
    ways: list[Any] = [_of(kind, select(model.id).where(model.ref == words)) for kind, model in _REFERENCED.items()]
    ways.append(_of("user", select(User.id).where(User.email == words.lower())))
    number = parse_whole(words)
    if number is not None:
        ways.append(_of("approval", select(Approval.id).where(Approval.id == number)))
    return Audit.id.in_(union_all(*[select(way.subquery()) for way in ways]))


def by_actor(words: str) -> ColumnElement[bool]:
    """Records of who is named: a user's email or name, or a key such as `job:auto_release`."""
    key = literal("user:").concat(cast(User.id, String))
    people = select(key).where(or_(User.email == words.lower(), User.name == words))
    return or_(Audit.actor == words, Audit.actor.in_(people))


def _of(kind: str, ids: Any) -> Any:
    return (
        select(Audit.id)
        .where(Audit.subject_kind == kind, Audit.subject_id.in_(ids))
        .order_by(Audit.id.desc())
        .limit(ENOUGH)
    )
