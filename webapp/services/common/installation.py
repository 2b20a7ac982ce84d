"""Which desk this is. A copy of the database is the same one: at a provider it must not count as another."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.models import StoredSetting

_NAME = "installation"
"""Its row is there from the migrations on, and is never changed."""


def number(session: Session) -> str:
    """The random name that this database was given when it was made."""
    return str(session.scalars(select(StoredSetting.value).where(StoredSetting.name == _NAME)).one())
