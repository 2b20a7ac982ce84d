"""What every table shares: the registry, names of constraints, and types that mean the same on both databases."""

import json
from datetime import UTC, datetime
from typing import Annotated, Any

from sqlalchemy import BigInteger, DateTime, Dialect, Integer, MetaData, String, Text, TypeDecorator
from sqlalchemy.orm import DeclarativeBase, mapped_column

BigInt = BigInteger().with_variant(Integer(), "sqlite")


class Instant(TypeDecorator[datetime]):
    """An aware instant. SQLite keeps it as UTC text of one fixed width, so that it sorts and compares as time."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive times; hand SQLite a naive one in UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Always aware, always UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Json(TypeDecorator[Any]):
    """A value kept as JSON text with sorted keys, the same bytes on every database."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Canonical text."""
        return None if value is None else json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """The value again."""
        return None if value is None else json.loads(value)


Key = Annotated[int, mapped_column(BigInt, primary_key=True)]
Ref = Annotated[str, mapped_column(String(80).with_variant(String(80, collation="C"), "postgresql"), unique=True)]
"""Compared byte by byte, so that its one index also finds what begins with a text."""
Word = Annotated[str, mapped_column(String(40))]
Name = Annotated[str, mapped_column(String(200))]
SoughtName = Annotated[str, mapped_column(String(200).with_variant(String(200, collation="C"), "postgresql"))]
"""A name that is looked for by how it begins."""
PlainName = Annotated[str, mapped_column(String(80).with_variant(String(80, collation="C"), "postgresql"))]
"""Somebody else's reference: compared byte by byte, and not unique."""
Currency = Annotated[str, mapped_column(String(3))]
Minor = Annotated[int, mapped_column(BigInt)]


class Base(DeclarativeBase):
    """The registry of all tables."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: Instant, str: Text, int: BigInt, dict[str, Any]: Json, list[Any]: Json}
