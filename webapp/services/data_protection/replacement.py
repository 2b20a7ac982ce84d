"""How texts are replaced: rows page by page, and only those in which something stands."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from webapp.models import Party
from webapp.models.base import Base
from webapp.services.data_protection.linked_rows import LinkedRows
from webapp.services.data_protection.personal_texts import PersonalTexts
from webapp.sql import Rows

PAGE = 500


@dataclass(slots=True)
class Replacement:
    """One forgetting: whose, when, and what it took away on its way."""

    session: Session
    mine: LinkedRows
    party: Party
    at: datetime
    removed_files: list[str] = field(default_factory=list)

    def in_columns(self, texts: PersonalTexts, model: type[Base], columns: tuple[str, ...], *where: Any) -> int:
        """Replace them in these columns of the rows where the conditions hold; returns how many rows changed."""
        table: Any = model.__table__
        return self._changed(model, texts.may_stand_in(*(table.c[name] for name in columns)), where, texts, columns)

    def set_all(self, model: type[Base], values: dict[str, Any], *where: Any) -> int:
        """Set these columns in all rows where the conditions hold; returns how many there are."""
        statement = update(model).where(*where).values(**values)
        result: Any = self.session.execute(
            statement.execution_options(synchronize_session=False, preserve_rowcount=True)
        )
        return int(result.rowcount)

    def pages(self, query: Rows, key: Any) -> Iterator[list[Any]]:
        """The rows of a SELECT, whose first column is this key, page by page."""
        after: Any = None
        while True:
            page = query.order_by(key).limit(PAGE)
            rows = list(self.session.execute(page if after is None else page.where(key > after)).all())
            if not rows:
                return
            yield rows
            after = rows[-1][0]

    def _changed(
        self, model: type[Base], may: ColumnElement[bool], where: Any, texts: PersonalTexts, columns: tuple[str, ...]
    ) -> int:
        table: Any = model.__table__
        key, count = next(iter(table.primary_key.columns)), 0
        shown = [table.c[name] for name in columns]
        for rows in self.pages(select(key, *shown).where(may, *where), key):
            for row in rows:
                new = {name: texts.replaced_anywhere(value) for name, value in zip(columns, row[1:], strict=True)}
                if any(new[name] != old for name, old in zip(columns, row[1:], strict=True)):
                    self.session.execute(update(table).where(key == row[0]).values(**new))
                    count += 1
        return count
