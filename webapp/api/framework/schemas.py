"""Shapes that every noun of the API shares: amounts, texts, pages."""

import base64
import binascii
import unicodedata
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any, ClassVar, Generic, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    field_validator,
)

from webapp import clock
from webapp.domain import instants, references
from webapp.domain.money.money import LARGEST, known_currencies, present
from webapp.domain.numbers import BIGGEST, parse_whole
from webapp.errors import Invalid

Item = TypeVar("Item", bound=BaseModel)
Row = TypeVar("Row")


def _instant(sent: Any) -> Any:
    if isinstance(sent, datetime):
        return instants.within_years(sent)
    if not isinstance(sent, str):
        raise ValueError(f"must be a text such as {instants.EXAMPLE}")
    return instants.parse_instant(sent)


def _day(sent: Any) -> Any:
    if not isinstance(sent, str):
        raise ValueError("must be a text such as 2026-03-31")
    return instants.parse_day(sent, UTC).date()


def _clean(text: str) -> str:
    return unicodedata.normalize("NFC", text.strip())


def _shown(reference: str) -> str:
    if not references.can_be_shown(reference):
        raise ValueError(references.NOT_SHOWN)
    return reference


_NOTHING_HIDDEN = r"^[^\x00-\x1f\x7f-\xa0\xad\u2028\u2029]*$"
"""Says to programs what people read in the handbook; the rule itself is `references.can_be_shown`."""

Currency = Annotated[
    str,
    Field(pattern="^[A-Z]{3}$", examples=["NGN"], json_schema_extra={"enum": list(known_currencies())}),
    AfterValidator(present),
]
Reference = Annotated[
    str,
    Field(min_length=1, max_length=references.LONGEST, json_schema_extra={"pattern": _NOTHING_HIDDEN}),
    AfterValidator(_clean),
    AfterValidator(_shown),
]
"""Of what is new here, or of a tenant or a row of the storefront. A search takes ShortText: what is there is found."""
ProviderReference = Annotated[str, Field(max_length=200), AfterValidator(_clean), AfterValidator(_shown)]
TenantReference = Annotated[Reference, Field(max_length=references.LONGEST_TENANT)]
Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_clean)]
ShortText = Annotated[str, Field(min_length=1, max_length=80), AfterValidator(_clean)]
LongText = Annotated[str, Field(min_length=1, max_length=2_000), AfterValidator(_clean)]
Password = Annotated[str, StringConstraints(strip_whitespace=False, max_length=1_000)]
"""As it was typed: blanks at its ends belong to it."""
Number = Annotated[int, Field(strict=True, ge=1, le=BIGGEST)]
Id = Annotated[int, Field(ge=1, le=BIGGEST)]
Version = Annotated[int | None, Field(strict=True, ge=0, le=BIGGEST, description="Refused when it is not the present.")]
RequestInstant = Annotated[
    datetime,
    BeforeValidator(_instant),
    Field(
        description=f"RFC 3339 with a zone, in the years {instants.FIRST_YEAR} to {instants.LAST_YEAR}.",
        examples=[instants.EXAMPLE],
    ),
]
"""An instant that a caller sends."""
RequestDay = Annotated[
    date,
    BeforeValidator(_day),
    Field(
        description=f"A day as `2026-03-31`, in the years {instants.FIRST_YEAR} to {instants.LAST_YEAR}.",
        examples=["2026-03-31"],
    ),
]
"""A day that a caller sends."""
MinorUnits = Annotated[int, Field(strict=True, ge=0, le=LARGEST, description="Minor units.")]
"""An amount that a caller sends with its currency elsewhere: a whole number, never a text, a float or a boolean."""
Instant = Annotated[
    datetime,
    PlainSerializer(lambda at: clock.iso(at.astimezone(UTC)), return_type=str),
    Field(json_schema_extra={"format": "date-time"}),
]
"""RFC 3339 in UTC."""


class RequestModel(BaseModel):
    """What a caller sends; a field that nobody knows is refused."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    @field_validator("*")
    @classmethod
    def _without_nul(cls, value: Any) -> Any:
        texts = value if isinstance(value, list) else [value]
        if any(isinstance(text, str) and "\x00" in text for text in texts):
            raise ValueError("must not hold the character NUL")
        return value


class ReasonBody(RequestModel):
    """Why."""

    reason: LongText


class ResponseModel(BaseModel):
    """What the API answers."""

    model_config = ConfigDict(from_attributes=True)


class Amount(RequestModel):
    """Money in minor units."""

    amount: Annotated[MinorUnits, Field(ge=1)]
    currency: Currency


class Money(ResponseModel):
    """Money in minor units."""

    amount: int
    currency: str


class PageQuery(RequestModel):
    """How much of a list, and from where."""

    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: str | None = Field(None, max_length=200, description="`next_cursor` of the page before.")

    _word: ClassVar[str]

    def seal(self, number: int) -> str:
        """The cursor that goes on behind the item with this id."""
        return base64.urlsafe_b64encode(f"{self._word}:{number}".encode()).decode().rstrip("=")

    def _last_seen(self) -> int | None:
        return None if self.cursor is None else _decode_cursor(self.cursor, self._word)


class NewestFirst(PageQuery):
    """A list that is newest first."""

    _word = "before"

    @property
    def before(self) -> int | None:
        """The id of the last one seen. Raises Invalid for a cursor that is none of ours."""
        return self._last_seen()


class OldestFirst(PageQuery):
    """A list that is oldest first, as it happened."""

    _word = "after"

    @property
    def after(self) -> int:
        """The id of the last one seen, 0 at first. Raises Invalid for a cursor that is none of ours."""
        return self._last_seen() or 0


class Page(ResponseModel, Generic[Item]):
    """A page of a list; `next_cursor` is null on the last one."""

    data: list[Item]
    next_cursor: str | None


def to_page(
    rows: Sequence[Row], query: PageQuery, shape: Callable[[Row], Item], key: Callable[[Row], int] | None = None
) -> Page[Item]:
    """A page out of up to `query.limit + 1` rows; the one too many says that there is another page."""
    shown = rows[: query.limit]
    more = len(rows) > query.limit
    last: Any = shown[-1] if shown else None
    cursor = query.seal(key(last) if key else last.id) if more else None
    return Page[Any](data=[shape(row) for row in shown], next_cursor=cursor)


def _decode_cursor(cursor: str, wanted: str) -> int:
    try:
        word, _, number = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii").partition(":")
        found = parse_whole(number)
    except (ValueError, binascii.Error):
        word, found = "", None
    if word != wanted or found is None:
        raise Invalid(
            "This cursor is none of ours. Leave it out to start at the first page.",
            fields={"cursor": "Take `next_cursor` of the page before."},
        )
    return found
