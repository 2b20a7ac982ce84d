"""Reading answers that are not believed before they are checked."""

from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from webapp.domain.instants import parse_instant
from webapp.domain.money.money import exponent, from_major
from webapp.providers.http.errors import Unknown


def minor_units(value: int | str | Decimal, currency: str) -> int:
    """A provider's number of major units, in minor units. Raises ValueError for what is none; never rounds."""
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise ValueError(f"{str(value)[:40]!r} is no number") from None
    return from_major(number, currency)


class ResponseObject:
    """One JSON object of a provider. What is missing or of another type makes the whole answer unusable."""

    def __init__(self, name: str, body: Any) -> None:
        if not isinstance(body, dict):
            raise Unknown(f"{name} answered with an unexpected shape.")
        self.name, self.body = name, body

    def part(self, key: str) -> "ResponseObject":
        """An object in it."""
        return ResponseObject(self.name, self.body.get(key))

    def parts(self, key: str) -> list["ResponseObject"]:
        """A list of objects in it."""
        found = self.body.get(key)
        if not isinstance(found, list):
            raise Unknown(f"{self.name} answered without {key}.")
        return [ResponseObject(self.name, each) for each in found]

    def text(self, key: str) -> str:
        """A text that is there and not empty."""
        found = self.body.get(key)
        if isinstance(found, int) and not isinstance(found, bool):
            return str(found)
        if not isinstance(found, str) or not found:
            raise Unknown(f"{self.name} answered without {key}.")
        return found

    def maybe(self, key: str) -> str:
        """A text, or nothing; at most 300 characters of it."""
        found = self.body.get(key)
        return str(found)[:300] if isinstance(found, str | int) and not isinstance(found, bool) else ""

    def maybe_instant(self, key: str) -> datetime | None:
        """When something was, or nothing where it is not told, or can't be read."""
        text = self.maybe(key)
        try:
            return parse_instant(text) if text else None
        except ValueError:
            return None

    def minor(self, key: str) -> int:
        """A whole number of minor units."""
        found = self.body.get(key)
        if not isinstance(found, int) or isinstance(found, bool):
            raise Unknown(f"{self.name} answered without a whole {key}.")
        return found

    def major(self, key: str, currency: str) -> int:
        """An amount in major units, as minor units. One with more decimals than its currency has is not believed."""
        found = self.body.get(key)
        if isinstance(found, bool) or not isinstance(found, int | str | Decimal):
            raise Unknown(f"{self.name} answered without {key}.")
        try:
            return minor_units(found, currency)
        except ValueError as problem:
            raise Unknown(f"{self.name} answered with an amount that can't be used: {problem}.") from None

    def currency(self, key: str = "currency") -> str:
        """A currency that exists."""
        found = self.text(key)
        try:
            exponent(found)
        except ValueError:
            raise Unknown(f"{self.name} answered with the currency {found[:10]!r}.") from None
        return found
