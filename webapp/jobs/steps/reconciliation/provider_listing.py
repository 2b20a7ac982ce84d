"""A provider's list, laid down in a temporary file: it comes in an order of its own, and may be longer than memory."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import Self

from webapp.domain.providers.provider_results import ProviderResponse, ProviderStatus

_PAGE = 500


class ProviderListing:
    """What a provider has, by reference; each can be taken off once."""

    def __init__(self) -> None:
        self._file = sqlite3.connect("", isolation_level=None)  # an unnamed database is a temporary file
        columns = "reference TEXT PRIMARY KEY, status TEXT, amount INTEGER, currency TEXT, number TEXT, asked INTEGER"
        self._file.execute(f"CREATE TABLE seen ({columns})")
        self._file.execute("CREATE TABLE twice (reference TEXT PRIMARY KEY)")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, seen: Iterable[ProviderResponse]) -> None:
        """Lay down what was told; of two under one reference the one that succeeded counts."""
        for each in seen:
            row = (each.reference, str(each.status), each.amount, each.currency, each.provider_id, each.requested)
            better = "INSERT OR REPLACE" if each.status == ProviderStatus.SUCCEEDED else "INSERT OR IGNORE"
            if each.status == ProviderStatus.SUCCEEDED:
                again = "INSERT OR IGNORE INTO twice SELECT reference FROM seen"
                self._file.execute(f"{again} WHERE reference = ? AND status = ? AND number <> ?", (*row[:2], row[4]))
            self._file.execute(f"{better} INTO seen VALUES (?, ?, ?, ?, ?, ?)", row)

    def twice(self, limit: int) -> list[str]:
        """References under which two transactions succeeded."""
        rows = self._file.execute("SELECT reference FROM twice ORDER BY reference LIMIT ?", (limit,))
        return [str(row[0]) for row in rows]

    def take(self, references: Sequence[str]) -> dict[str, ProviderResponse]:
        """Those of these references that are there; they are not there any more afterwards."""
        if not references:
            return {}
        marks = ", ".join("?" * len(references))
        rows = self._file.execute(f"DELETE FROM seen WHERE reference IN ({marks}) RETURNING *", references)
        return {row[0]: _seen(row) for row in rows.fetchall()}

    def pages(self) -> Iterator[list[ProviderResponse]]:
        """What is left, a page at a time."""
        last = ""
        while rows := self._file.execute(
            "SELECT * FROM seen WHERE reference > ? ORDER BY reference LIMIT ?", (last, _PAGE)
        ).fetchall():
            yield [_seen(row) for row in rows]
            last = rows[-1][0]


def _seen(row: Sequence[object]) -> ProviderResponse:
    reference, status, amount, currency, number, requested = row
    return ProviderResponse(
        str(reference),
        ProviderStatus(str(status)),
        amount if isinstance(amount, int) else None,
        currency if isinstance(currency, str) else None,
        number if isinstance(number, str) else None,
        requested=requested if isinstance(requested, int) else None,
    )
