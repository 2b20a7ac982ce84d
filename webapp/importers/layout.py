"""The header of a file: which column is where."""

from collections.abc import Callable, Sequence
from operator import itemgetter

from webapp.domain.numbers import counted
from webapp.errors import Invalid
from webapp.importers.csv_records import RowError, cells

REQUIRED = ("order_ref", "buyer_ref", "seller_ref", "amount", "currency")
OPTIONAL = ("policy", "created_at", "paid_at", "completed_at", "release_at", "fee", "tenant_ref")

Pick = Callable[[Sequence[str]], tuple[str, ...]]


class Layout:
    """Where the known columns are in the lines of one file."""

    def __init__(self, header: str, required: Sequence[str] = REQUIRED, optional: Sequence[str] = OPTIONAL) -> None:
        """The columns are those of orders unless others are said.

        Raises Invalid that names every wrong, missing or doubled column.
        """
        columns = (*required, *optional)
        try:
            names = cells(header)
        except RowError as bad:
            raise Invalid(f"Line 1, the header: {bad}.") from None
        while names and not names[-1]:
            names.pop()
        problems = _problems(names, required, columns)
        if problems:
            raise Invalid(f"Line 1, the header: {'; '.join(problems)}. Known columns: {', '.join(columns)}.")
        self.width = len(names)
        # An absent column is read from one more, empty, cell at the end.
        self._pick: Pick = itemgetter(*(names.index(name) if name in names else self.width for name in columns))

    def fields(self, text: str) -> tuple[str, ...]:
        """The fields of a line in the order of the known columns, absent ones empty; empty ones at its end are none.

        Raises RowError.
        """
        found = cells(text)
        if any(found[self.width :]):
            raise RowError(f"it has a value in column {len(found)}, which has no name in the header")
        if len(found) < self.width:
            raise RowError(f"it has {counted(len(found), 'field')}, the header has {self.width}")
        del found[self.width :]
        found.append("")
        return self._pick(found)


def _problems(names: list[str], required: Sequence[str], columns: Sequence[str]) -> list[str]:
    if len(names) == 1 and any(sign in names[0] for sign in ";\t|"):
        return ["its columns are not separated by commas; save the file as CSV UTF-8 (comma delimited)"]
    unknown = [f"unknown column {name!r}" for name in dict.fromkeys(names) if name not in columns]
    missing = [f"column {name!r} is missing" for name in required if name not in names]
    double = [f"column {name!r} is there twice" for name in columns if names.count(name) > 1]
    return [*unknown, *missing, *double]
