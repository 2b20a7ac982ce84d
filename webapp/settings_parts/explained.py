"""What each setting is for, what it may be and what holds without it: read from the settings' own fields."""

import types
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le
from pydantic.fields import FieldInfo

from webapp.settings_parts.secret_files import SettingsWithFiles, is_secret, may_be_in_a_file
from webapp.settings_parts.shown import shown

_UNITS = {
    "_days": "days",
    "_hours": "hours",
    "_minutes": "minutes",
    "_seconds": "seconds",
    "_megabytes": "megabytes",
    "_percent": "percent",
    "_basis_points": "hundredths of a percent",
    "_per_minute": "per minute",
}
"""By how a setting's name ends."""
_ADDRESSES = ("_url", "_endpoint", "_issuer")


@dataclass(frozen=True, slots=True)
class SettingExplanation:
    """One setting, in words for people."""

    field: str
    """Its name in the code."""
    variable: str
    """Its name in the environment."""
    group: str
    meaning: str
    """A piece of a sentence, with backticks."""
    allowed: str
    """What may be written."""
    unit: str
    """Of a number; empty for all others, and for numbers that only count."""
    default: str
    """What holds when nothing is set: a value in backticks, or a piece of a sentence."""
    file_variable: str
    """The variable that names its file, for secrets and addresses with a password; else empty."""

    def has(self, word: str) -> bool:
        """Whether the word is in its name, its meaning or its group; in capitals or not."""
        return word.lower() in f"{self.variable} {self.meaning} {self.group}".lower()


def explained(settings: type[SettingsWithFiles]) -> Iterator[SettingExplanation]:
    """Every setting of this class, group by group, each in the order of the code."""
    groups = [
        each for each in settings.__mro__ if issubclass(each, SettingsWithFiles) and each is not SettingsWithFiles
    ]
    for group in reversed(groups):
        for name in vars(group).get("__annotations__", ()):
            if name in group.model_fields:
                yield _one(name, group.model_fields[name], str(group.model_config.get("title") or group.__name__))


def _one(name: str, field: FieldInfo, group: str) -> SettingExplanation:
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    default = extra.get("when_unset") or _default(name, field.get_default(call_default_factory=True))
    return SettingExplanation(
        field=name,
        variable=variable_of(name),
        group=group,
        meaning=field.description or "",
        allowed=str(extra.get("form") or _allowed(name, field)),
        unit=_unit(name) if _is_number(field) else "",
        default=str(default),
        file_variable=f"{variable_of(name)}_FILE" if may_be_in_a_file(name) else "",
    )


def variable_of(name: str) -> str:
    """The variable of the environment by which the setting of this name is set."""
    return "DESK_ENV" if name == "env" else name.upper()


def _default(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    found = "" if value is None or is_secret(name) else str(shown(name, value))
    return f"`{found}`" if found else "none"


def _unit(name: str) -> str:
    return next((unit for ending, unit in _UNITS.items() if name.endswith(ending)), "")


def _is_number(field: FieldInfo) -> bool:
    return field.annotation in (int, float)


def _allowed(name: str, field: FieldInfo) -> str:
    kind = field.annotation
    if get_origin(kind) in (Union, types.UnionType):
        kind = next(each for each in get_args(kind) if each is not type(None))
    if get_origin(kind) is Literal:
        return _either([f"`{value}`" for value in get_args(kind)])
    if kind is bool:
        return "`true` or `false`"
    if kind in (int, float):
        return _number("a whole number" if kind is int else "a number", field.metadata)
    if kind == dict[str, int]:
        return "amounts in major units, such as `NGN=250000.00,RWF=500000`"
    if get_origin(kind) is list:
        return "several, separated by commas"
    if isinstance(kind, type) and kind is not str:
        return "a path"
    return "an address" if name.endswith(_ADDRESSES) else "text"


def _number(what: str, bounds: Iterable[Any]) -> str:
    least = next((each.ge for each in bounds if isinstance(each, Ge)), None)
    above = next((each.gt for each in bounds if isinstance(each, Gt)), None)
    most = next((each.le for each in bounds if isinstance(each, Le)), None)
    if least is not None and most is not None:
        return f"{what} from {least} to {most}"
    named = [
        *([f"at least {least}"] if least is not None else []),
        *([f"above {above}"] if above is not None else []),
        *([f"at most {most}"] if most is not None else []),
    ]
    return ", ".join([what, *named])


def _either(values: list[str]) -> str:
    return f"{', '.join(values[:-1])} or {values[-1]}" if len(values) > 1 else values[0]
