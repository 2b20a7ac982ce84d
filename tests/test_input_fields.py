"""Every field that takes an instant, an amount or a number, found by looking for it, is driven with odd values."""

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

import pytest
from flask import Flask
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from werkzeug.datastructures import MultiDict
from wtforms import DateField, DateTimeField, DateTimeLocalField, DecimalField, FloatField, IntegerField, TimeField

import webapp.admin
from tests.support.odd import ODD_AMOUNTS, ODD_INSTANTS, ODD_MINOR, ODD_NUMBERS
from tests.support.people import app, desk  # noqa: F401
from webapp.admin.ui.actions.forms import DeskForm, InstantField, MoneyField
from webapp.admin.ui.lists import amounts
from webapp.admin.ui.lists.columns import Filter
from webapp.admin.ui.lists.listing import Listing
from webapp.api import all_endpoints
from webapp.domain.money.money import LARGEST
from webapp.errors import Invalid
from webapp.settings import Settings, SettingsProblem, load_settings

_SOURCES = Path(webapp.admin.__file__).parent.parent
_DAYS = [*ODD_INSTANTS, "2026-03-31T14:00:00Z", "9999-12-31", "0001-01-01", "1969-12-31", "2200-01-01"]
_DAYS.remove("2026-03-31")
_LOCAL = [odd for odd in ODD_INSTANTS if odd and odd != "2026-03-31T14:00:00"]


def _taken(kind: str) -> dict[str, FieldInfo]:
    """Every field of what endpoints take as `body` or as `query`, by its place, parts of parts included."""
    found: dict[str, FieldInfo] = {}
    for endpoint in all_endpoints():
        shape = endpoint.takes(kind)
        if shape is not None:
            found |= dict(_fields(shape, f"{endpoint.method} {endpoint.path}"))
    return found


def _fields(shape: type[BaseModel], place: str) -> Iterator[tuple[str, FieldInfo]]:
    for name, field in shape.model_fields.items():
        yield f"{place} {name}", field
        for part in _types(field.annotation):
            if isinstance(part, type) and issubclass(part, BaseModel):
                yield from _fields(part, f"{place} {name}")


def _types(annotation: Any) -> list[Any]:
    parts = get_args(annotation)
    return [annotation, *[found for part in parts for found in _types(part)]]


def _adapter(field: FieldInfo) -> TypeAdapter[Any]:
    shape: Any = Annotated[field.annotation, field]
    return TypeAdapter(shape)


def _takes(field: FieldInfo, value: Any) -> bool:
    if get_origin(field.annotation) is dict:
        value = {"NGN": value}
    try:
        _adapter(field).validate_python(value)
    except ValidationError:
        return False
    return True


def _of(kind: str, wanted: Any) -> dict[str, FieldInfo]:
    return {place: field for place, field in _taken(kind).items() if wanted in _types(field.annotation)}


def _is_minor(field: FieldInfo) -> bool:
    said = str(field.description or "") + str(_adapter(field).json_schema())
    return "Minor units" in said


def test_no_instant_of_the_api_takes_what_is_none() -> None:
    fields = _of("body", datetime) | _of("query", datetime)
    assert len(fields) >= 10
    for place, field in fields.items():
        assert _takes(field, "2026-03-31T14:00:00Z"), place
        assert not [odd for odd in (*ODD_INSTANTS, *ODD_NUMBERS) if _takes(field, odd)], place


def test_no_amount_of_the_api_takes_what_is_no_whole_number_of_minor_units() -> None:
    fields = {place: field for place, field in _of("body", int).items() if _is_minor(field)}
    assert len(fields) >= 10
    for place, field in fields.items():
        assert _takes(field, 5), place
        assert not [odd for odd in (*ODD_MINOR, LARGEST + 1) if _takes(field, odd)], place


def test_every_other_number_of_the_api_is_bounded_by_the_database() -> None:
    body, query = _of("body", int), _of("query", int)
    assert len(body) > 20 < len(query)
    for place, field in body.items():
        assert not [odd for odd in (1.5, "x", 2**63, 10**40, "9" * 5_000) if _takes(field, odd)], place
        assert bool in _types(field.annotation) or not _takes(field, True), place
    for place, field in query.items():
        assert not [odd for odd in ("1.5", "x", str(2**63), "9" * 40, "9" * 5_000) if _takes(field, odd)], place


def test_what_is_called_an_amount_is_one() -> None:
    for place, field in _of("body", int).items():
        name = place.rpartition(" ")[2]
        if any(word in name for word in ("amount", "fee", "balance", "daily_max", "limit", "total", "share")):
            assert _is_minor(field), f"{place} takes an amount that is not of the type MinorUnits"


def _forms() -> list[type[DeskForm]]:
    for module in pkgutil.walk_packages(webapp.admin.__path__, "webapp.admin."):
        importlib.import_module(module.name)
    found, kinds = [], [DeskForm]
    while kinds:
        kind = kinds.pop()
        found.append(kind)
        kinds += kind.__subclasses__()
    return found


def _answered(form: type[DeskForm], name: str, value: str) -> Any:
    filled = form(formdata=MultiDict({name: value}), meta={"csrf": False})
    for field in filled:
        if field.name == name:
            return field
    raise AssertionError(name)


def test_no_instant_of_a_form_takes_what_is_none(app: Flask) -> None:
    seen = 0
    with app.test_request_context(method="POST"):
        for form in _forms():
            for field in [each for each in form(meta={"csrf": False}) if isinstance(each, InstantField)]:
                seen += 1
                assert _answered(form, field.name, "2026-03-31T14:00").data is not None
                for odd in _LOCAL:
                    found = _answered(form, field.name, odd)
                    assert found.data is None, f"{form.__name__}.{field.name} takes {odd!r}"
                    assert found.process_errors
    assert seen >= 4


def test_no_amount_of_a_form_takes_what_is_none(app: Flask) -> None:
    seen = 0
    with app.test_request_context(method="POST"):
        for form in _forms():
            for field in [each for each in form(meta={"csrf": False}) if isinstance(each, MoneyField)]:
                seen += 1
                assert _answered(form, field.name, "1,250.50").minor("NGN") == 125_050
                for odd in ["", *ODD_AMOUNTS]:
                    with pytest.raises(Invalid):
                        _answered(form, field.name, odd).minor("NGN")
    assert seen >= 7


def test_no_form_has_a_reader_of_its_own(app: Flask) -> None:
    theirs = (DateField, DateTimeField, DateTimeLocalField, DecimalField, FloatField, TimeField)
    with app.test_request_context(method="POST"):
        for form in _forms():
            for field in form(meta={"csrf": False}):
                place = f"{form.__name__}.{field.name}"
                assert not isinstance(field, theirs), place
                amount = any(word in field.name for word in ("amount", "fee", "balance", "daily_max", "limit"))
                assert isinstance(field, MoneyField) or not amount or field.name in ("limits", "limit_currency"), place
                if isinstance(field, IntegerField):
                    assert field.flags.min is not None or "seconds" in field.name or "percent" in field.name, place


def _filters() -> list[Filter]:
    _forms()
    found: dict[int, Listing] = {}
    for module in pkgutil.walk_packages(webapp.admin.__path__, "webapp.admin."):
        for value in vars(importlib.import_module(module.name)).values():
            for listing in [value, *(vars(value).values() if isinstance(value, type) else ())]:
                if isinstance(listing, Listing):
                    found[id(listing)] = listing
    return [filter_ for listing in found.values() for filter_ in listing.filters]


def test_no_filter_takes_what_is_no_day_or_amount(app: Flask) -> None:
    days = [filter_ for filter_ in _filters() if filter_.kind == "date"]
    typed = [filter_ for filter_ in _filters() if filter_.parse is amounts._major]
    assert len(days) >= 10
    assert len(typed) >= 6
    with app.test_request_context():
        for filter_ in days:
            assert filter_.parse("2026-03-31")
            for odd in _DAYS:
                with pytest.raises(ValueError):
                    filter_.parse(odd)
        for filter_ in typed:
            assert filter_.parse("1,250.50")
            for odd in ["", *ODD_AMOUNTS]:
                if odd != "12.345":  # some currency has three decimals
                    with pytest.raises(ValueError):
                        filter_.parse(odd)


@pytest.mark.parametrize(
    "name", [name for name, field in Settings.model_fields.items() if field.annotation == dict[str, int]]
)
def test_no_amount_of_the_settings_takes_what_is_none(name: str, tmp_path: Path) -> None:
    def read(value: str) -> Any:
        return getattr(load_settings(env="test", var_dir=tmp_path, **{name: value}), name)

    assert read("NGN=250000.00, RWF=500") == {"NGN": 25_000_000, "RWF": 500} == read('{"NGN": 250000.00, "RWF": "500"}')
    assert read('{"NGN": "250,000.00"}') == {"NGN": 25_000_000}
    assert read("") == {}
    odd = [f"NGN={odd}" for odd in ODD_AMOUNTS] + [f'{{"NGN": "{odd}"}}' for odd in ODD_AMOUNTS]
    for value in [*odd, "NGN", "NGN=", "=5", "ZZZ=5", "NGN=1,NGN=2", "[]", "{", '{"NGN": null}', '{"NGN": 1e3}']:
        with pytest.raises(SettingsProblem, match=name.upper()):
            read(value)


ALLOWED = {
    "Decimal": {"domain/money/amounts.py", "domain/money/money.py", "providers/http/response_reader.py", "sandbox"},
    "fromisoformat": {"domain/instants.py", "clock.py"},
    "strptime": {"domain/instants.py"},
    "float": {
        "admin/ui/charts.py",
        "admin/ui/run_bars.py",
        "domain/outbox/delivery_rules.py",
        "process_figures.py",
        "services/monitoring/lock_waits.py",
    }
    | {"providers", "sandbox"},
}
"""Where texts of outside may be made into numbers and instants by hand; everywhere else the parsers do it."""


@pytest.mark.parametrize("reader", ALLOWED)
def test_nothing_is_read_past_the_parsers(reader: str) -> None:
    for file in sorted(_SOURCES.rglob("*.py")):
        place = file.relative_to(_SOURCES).as_posix()
        calls = [node.func for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)]
        names = {getattr(call, "attr", getattr(call, "id", "")) for call in calls}
        assert reader not in names or any(place.startswith(allowed) for allowed in ALLOWED[reader]), (
            f"{place} calls {reader}: webapp.domain.money.amounts reads amounts, webapp.domain.instants reads instants"
        )
