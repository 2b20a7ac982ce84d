"""A page of rows of one table, newest first."""

from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import DeclarativeBase, Session

from webapp.api.framework.schemas import NewestFirst

Model = TypeVar("Model", bound=DeclarativeBase)


def newest_first(
    session: Session, model: type[Model], query: NewestFirst, conditions: dict[Any, Any], *also: Any
) -> list[Model]:
    """Up to one more than the page, where each column of `conditions` has its value; None asks for nothing."""
    key: Any = model.__table__.c.id
    found = (
        select(model)
        .where(*also)
        .where(*[column == value for column, value in conditions.items() if value is not None])
    )
    if query.before is not None:
        found = found.where(key < query.before)
    return list(session.scalars(found.order_by(key.desc()).limit(query.limit + 1)))
