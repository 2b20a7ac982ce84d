"""`desk settings`: each setting, what it does, what it may be, and where its value comes from; secrets masked."""

import sys
import textwrap
from collections.abc import Iterator
from itertools import groupby
from typing import Any

import click

from webapp.commands.configuration.settings_page import tables
from webapp.commands.group import FAILED
from webapp.commands.shared import json_option, note, print_json, settings
from webapp.providers import catalogue
from webapp.services.common.settings_display import masked
from webapp.settings import Settings
from webapp.settings_parts.explained import SettingExplanation, explained
from webapp.settings_parts.origins import Origin, Origins

_WIDTH = 110
_Found = tuple[SettingExplanation, Origin]


@click.command("settings")
@click.argument("words", nargs=-1)
@click.option("--set", "only_set", is_flag=True, help="Only those that are set.")
@click.option("--markdown", is_flag=True, help="Print the tables of docs/settings.md; nothing of this desk is read.")
@json_option
def command(words: tuple[str, ...], only_set: bool, markdown: bool, as_json: bool) -> None:
    """Explain the settings whose name, meaning or group has all WORDS: all of them without.

    Each with its value, where that comes from, what it may be, and what holds without it. Secrets are masked. Exits 1
    when there is none such.
    """
    if markdown:
        click.echo(tables())
        return
    read = settings()
    values = masked(read)
    found = [
        (each, origin)
        for each, origin in _all(read)
        if all(each.has(word) for word in words) and (origin.is_set or not only_set)
    ]
    if as_json:
        print_json([_row(*each, values[each[0].variable]) for each in found])
    else:
        _print(found, values)
    sys.exit(0 if found else FAILED)


def _all(read: Settings) -> Iterator[_Found]:
    own = [each.settings() for each in catalogue.every() if each.settings is not None]
    for group in [read, *own]:
        origins = Origins(group)
        yield from ((each, origins.of(each.field)) for each in explained(type(group)))


def _row(each: SettingExplanation, origin: Origin, value: Any) -> dict[str, Any]:
    return {
        "name": each.variable,
        "value": value,
        "is_set": origin.is_set,
        "source": origin.kind,
        "where": origin.sentence,
        "meaning": each.meaning,
        "allowed": each.allowed,
        "unit": each.unit,
        "default": each.default,
        "file_variable": each.file_variable,
        "group": each.group,
    }


def _print(found: list[_Found], values: dict[str, Any]) -> None:
    if not found:
        note("No setting is like that. `desk settings` without words explains all.")
    for group, rows in groupby(found, lambda row: row[0].group):
        click.echo(f"# {group}\n")
        for each, origin in rows:
            value = "" if values[each.variable] is None else values[each.variable]
            click.echo(f"{each.variable}={value}")
            for sentence in _sentences(each, origin):
                click.echo(textwrap.fill(sentence, _WIDTH, initial_indent="    ", subsequent_indent="    "))
            click.echo()


def _sentences(each: SettingExplanation, origin: Origin) -> list[str]:
    unit = f" ({each.unit})" if each.unit else ""
    file = f" Or in the file that {each.file_variable} names." if each.file_variable else ""
    return [
        f"{each.meaning[:1].upper()}{each.meaning[1:]}.",
        f"Allowed: {each.allowed}{unit}.{file} Default: {each.default}.",
        origin.sentence,
    ]
