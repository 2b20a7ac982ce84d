"""CSV exports: streamed in batches, safe in a spreadsheet, times in ISO 8601 with offset, money in major units."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, stream_with_context

from webapp import clock
from webapp.admin.ui.formatting import current_zone
from webapp.admin.ui.lists.columns import Column
from webapp.admin.ui.lists.listing import Listing
from webapp.admin.ui.lists.listing_state import ListState
from webapp.domain.csv_cells import safe
from webapp.domain.instants import shown_in
from webapp.domain.money.money import major_text


def download(
    name: str, listing: Listing, reading: Callable[[], Any], args: Mapping[str, str], *conditions: Any
) -> Response:
    """What the list shows under these arguments, all of it, as a file. Raises Invalid when a filter can't be used."""
    ListState.of(listing, args).require_usable()
    columns = [column for column in listing.columns if column.exported]
    zone, batches = ZoneInfo(current_zone()), listing.batches(reading, dict(args), *conditions)
    filename = f"{name}-{clock.now():%Y%m%d-%H%M}.csv"
    return Response(
        stream_with_context(_lines(columns, batches, zone)),
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{filename}"', "X-Accel-Buffering": "no"},
    )


def file_of(name: str, header: list[str], rows: list[list[Any]]) -> Response:
    """A few rows that are there already, as a file. Amounts are texts of theirs; every other text is made safe."""
    text = _written([header, *[[safe(value) for value in row] for row in rows]])
    filename = f"{name}-{clock.now():%Y%m%d-%H%M}.csv"
    return Response(text, mimetype="text/csv", headers={"Content-Disposition": f'attachment; filename="{filename}"'})


def _lines(columns: list[Column], batches: Iterator[list[Any]], zone: ZoneInfo) -> Iterator[str]:
    yield _written([[column.name for column in columns]])
    for rows in batches:
        yield _written([[_cell(row, column, zone) for column in columns] for row in rows])


def _cell(row: Any, column: Column, zone: ZoneInfo) -> Any:
    value = getattr(row, column.name)
    if value is None:
        return ""
    if isinstance(value, datetime):
        return shown_in(value, zone).isoformat()
    if isinstance(value, list):
        value = ", ".join(map(str, value))
    if isinstance(value, dict):
        return "; ".join(
            f"{currency} {major_text(amount, currency, grouped=False)}" for currency, amount in sorted(value.items())
        )
    if column.kind == "money":
        return major_text(value, getattr(row, column.currency), grouped=False)
    return safe(value)


def _written(rows: list[list[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue()
