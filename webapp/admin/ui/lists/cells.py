"""The cells of a list: a value as its column shows it. In Python, for a page has hundreds of them."""

from collections.abc import Callable
from typing import Any

from flask import Flask
from markupsafe import Markup, escape

from webapp.admin.ui.badges import badge
from webapp.admin.ui.formatting import claim_label, duration, file_size, money, number, of_the_desk, provider_word, when
from webapp.admin.ui.job_names import bulk_title, job_title
from webapp.admin.ui.lists.columns import Column

_NOTHING = Markup('<span class="muted">–</span>')
_REF = Markup('<a class="ref" href="%s">%s</a>')
_LINK = Markup('<a href="%s">%s</a>')


def cell(row: Any, column: Column) -> Any:
    """The value of a row in a column, ready for the page."""
    value = getattr(row, column.name)
    if value is None:
        return _NOTHING
    shown = _KINDS.get(column.kind, _text)
    return shown(row, column, value)


def register_cells(app: Flask) -> None:
    """Give `cell` to the templates."""
    app.jinja_env.globals["cell"] = cell


def _text(row: Any, column: Column, value: Any) -> Any:
    text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else _read(value)
    return _LINK % (column.link(row), text) if column.link else text


def _read(value: Any) -> Any:
    return of_the_desk(value) if isinstance(value, str) else value


def _ref(row: Any, column: Column, value: Any) -> Any:
    return _REF % (column.link(row), value) if column.link else escape(value)


def _job(row: Any, column: Column, value: Any) -> Any:
    """A job by what it does, with its name small beside it; a run of what was asked for many by that."""
    shown = bulk_title(getattr(row, "parameters", None)) or job_title(value)
    name = Markup("") if shown == value else Markup(" <small>%s</small>") % value
    return (_LINK % (column.link(row), shown) if column.link else escape(shown)) + name


def _unbroken(text: str) -> str:
    """A number and its unit on one line."""
    return text.replace(" ", "\N{NO-BREAK SPACE}")


_KINDS: dict[str, Callable[[Any, Column, Any], Any]] = {
    "money": lambda row, column, value: money(value, getattr(row, column.currency)),
    "when": lambda _row, _column, value: when(value),
    "badge": lambda _row, _column, value: badge(value),
    "word": lambda _row, _column, value: provider_word(value),
    "reason": lambda _row, _column, value: claim_label(value),
    "number": lambda _row, _column, value: number(value),
    "size": lambda _row, _column, value: _unbroken(file_size(value, binary=True)),
    "took": lambda row, _column, value: _unbroken(duration((value - row.started_at).total_seconds())),
    "ref": _ref,
    "job": _job,
}
