"""What the address of a list says: filters, search, order, page size and position."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from webapp.admin.ui.lists.columns import Filter
from webapp.domain.words import phrase, sentence_of
from webapp.errors import Invalid

if TYPE_CHECKING:
    from webapp.admin.ui.lists.listing import Listing

SIZES = (25, 50, 100)
_LONGEST, _LONGEST_QUERY = 200, 2000
FROM_LIST = "list"
"""In the address of a page: the query of the list that it was opened from."""
ASK_NOW = "now"
"""In the address of a page: its figures are asked of the database, this time."""


@dataclass(frozen=True, slots=True)
class ListState:
    """The address, read. Anything that can't be used is named in `problems` and left out."""

    sort: str
    descending: bool
    size: int
    search: str
    after: str | None
    before: str | None
    args: dict[str, str]
    values: dict[str, Any]
    problems: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, listing: "Listing", args: Mapping[str, str]) -> "ListState":
        """Read the arguments of an address; `listing` says which there are."""
        sort = _known_sort(listing, args.get("sort", ""))
        values, problems = _parse(listing.filters, args)
        size = args.get("size", "")
        return cls(
            sort=sort.lstrip("-"),
            descending=sort.startswith("-"),
            size=int(size) if size in map(str, SIZES) else SIZES[0],
            search=args.get("q", "").strip()[:_LONGEST],
            after=args.get("after"),
            before=args.get("before"),
            args={name: value for name, value in args.items() if value and name != ASK_NOW},
            values=values,
            problems=problems,
        )

    def require_usable(self) -> None:
        """Raises Invalid while anything that narrows the list can't be used: left out, it would mean more rows."""
        if self.problems:
            raise Invalid(phrase("The list is narrowed by what can't be used. Mend it first."))

    def chosen(self, filters: Sequence[Filter]) -> Iterator[tuple[Filter, Any]]:
        """The filters that are set, with their values."""
        for filter_ in filters:
            if filter_.name in self.values:
                yield filter_, self.values[filter_.name]

    @property
    def is_filtered(self) -> bool:
        """Whether anything narrows the list."""
        return bool(self.values or self.search)

    def link(self, **changes: str | None) -> str:
        """The query with changes, from the first page on."""
        kept = {name: value for name, value in self.args.items() if name not in ("after", "before")}
        kept.update({name: value for name, value in changes.items() if value is not None})
        return "?" + urlencode({name: value for name, value in kept.items() if changes.get(name, "") is not None})


def query_of(text: str) -> str:
    """The query of a list as it was handed on in an address, `?tab=mine&…`; empty for one that no list of ours has."""
    args = [] if len(text) > _LONGEST_QUERY or "\x00" in text else parse_qsl(text.removeprefix("?"))
    return "?" + urlencode(args) if args else ""


def from_list(address: str, args: Mapping[str, str]) -> str:
    """The address of a page with the list that leads to it, which it leads back to."""
    return f"{address}{'&' if '?' in address else '?'}{urlencode({FROM_LIST: urlencode(args)})}" if args else address


def _known_sort(listing: "Listing", wanted: str) -> str:
    sortable = [column.name for column in listing.columns if column.sort is not False]
    return wanted if wanted.removeprefix("-") in sortable else listing.sort


def _parse(filters: Sequence[Filter], args: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    values: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for filter_ in filters:
        typed = args.get(filter_.name, "").strip()[:_LONGEST]
        if not typed:
            continue
        if filter_.kind == "choice" and typed not in [str(value) for value, _label in filter_.options()]:
            problems[filter_.name] = phrase("“%(typed)s” can't be chosen here.", typed=typed)
            continue
        try:
            values[filter_.name] = filter_.parse(typed)
        except ValueError as wrong:
            problems[filter_.name] = sentence_of(wrong)
    return values, problems
