"""The tables of docs/settings.md, from the settings' own explanations."""

import re
from collections.abc import Iterator
from itertools import groupby

from webapp.providers import catalogue
from webapp.settings import Settings
from webapp.settings_parts.explained import SettingExplanation, explained
from webapp.settings_parts.secret_files import SettingsWithFiles

_PAGE = re.compile(r"\bdocs/([\w./-]+\.md)")


def tables() -> str:
    """A table for each group, in Markdown."""
    kinds: list[type[SettingsWithFiles]] = [Settings]
    kinds += [each.settings for each in catalogue.every() if each.settings is not None]
    found = [one for kind in kinds for one in explained(kind)]
    return "\n".join(line for group, rows in groupby(found, lambda each: each.group) for line in _table(group, rows))


def _table(group: str, rows: Iterator[SettingExplanation]) -> Iterator[str]:
    yield f"## {group}\n\n| variable | default | allowed | meaning |\n|---|---|---|---|"
    for each in rows:
        unit = f" ({each.unit})" if each.unit else ""
        file = f"; also `{each.file_variable}`" if each.file_variable else ""
        meaning = _PAGE.sub(r"[\1](\1)", each.meaning)
        yield f"| `{each.variable}` | {each.default} | {each.allowed}{unit}{file} | {meaning} |"
    yield ""
