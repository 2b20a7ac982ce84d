"""Whether an answer is as recorded: its status, its keys, the types of its values, and the values that tell."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from webapp.domain.numbers import counted

_PLACE = re.compile(r"<(\w+)>")
_FORMS = {
    "time": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)"),
    "hash": re.compile(r"[0-9a-f]{64}"),
}


def filled(value: Any, known: Mapping[str, str]) -> Any:
    """The recorded value with what is known in its places; places nobody knows stay."""
    if isinstance(value, str):
        return _PLACE.sub(lambda found: known.get(found[1], found[0]), value)
    if isinstance(value, list):
        return [filled(each, known) for each in value]
    return {name: filled(each, known) for name, each in value.items()} if isinstance(value, dict) else value


def differences(recorded: Any, got: Any, telling: Collection[str], place: str = "") -> Iterator[str]:
    """What of an answer is not as recorded, in sentences. Of a list every row is held to the first that is recorded."""
    if isinstance(recorded, dict) and isinstance(got, dict):
        yield from _of_objects(recorded, got, telling, place)
    elif isinstance(recorded, list) and isinstance(got, list):
        if bool(recorded) != bool(got):
            yield f"{place or 'the answer'} has {counted(len(got), 'row')}, recorded are {len(recorded)}."
        for number, each in enumerate(got if recorded else ()):
            yield from differences(recorded[0], each, (), f"{place}[{number}]")
    elif type(recorded) is not type(got):
        yield f"{place or 'the answer'} is {_kind(got)}, recorded is {_kind(recorded)}."
    elif isinstance(recorded, str) and not _is_of_form(recorded, got):
        yield f"{place or 'the answer'} is {got[:80]!r}, recorded is a {recorded}."


def _of_objects(recorded: dict[str, Any], got: dict[str, Any], telling: Collection[str], place: str) -> Iterator[str]:
    prefix = f"{place}." if place else ""
    for name in recorded.keys() - got.keys():
        yield f"{prefix}{name} is missing."
    for name in got.keys() - recorded.keys():
        yield f"{prefix}{name} is there, and not recorded."
    for name in recorded.keys() & got.keys():
        yield from differences(recorded[name], got[name], telling, f"{prefix}{name}")
        if name in telling and _differ(recorded[name], got[name]):
            yield f"{prefix}{name} is {got[name]!r}, recorded is {recorded[name]!r}."


def _differ(recorded: Any, got: Any) -> bool:
    is_plain = not isinstance(recorded, dict | list) and type(recorded) is type(got)
    return is_plain and recorded != got and not (isinstance(recorded, str) and _PLACE.search(recorded))


def _is_of_form(recorded: str, got: str) -> bool:
    """Whether a text is of the form that its place asks for, if it asks for one."""
    name = recorded[1:-1] if _PLACE.fullmatch(recorded) else ""
    return bool(_FORMS[name].fullmatch(got)) if name in _FORMS else bool(got) or not name


def _kind(value: Any) -> str:
    return "null" if value is None else type(value).__name__
