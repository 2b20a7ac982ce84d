"""What the subcommands share: settings and a runtime when they are needed, the actor, and how they print."""

import getpass
import json
import os
import re
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from webapp import schema
from webapp.commands.group import carries_all
from webapp.domain.actors import Actor
from webapp.domain.permissions import ALL_PERMISSIONS
from webapp.private_files import private_folder
from webapp.runtime import Runtime, build_runtime
from webapp.settings import Settings, load_settings

_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")


def settings() -> Settings:
    """The settings of this process; the folder for data exists afterwards. Raises SettingsProblem."""
    found = load_settings()
    private_folder(found.var_dir)
    return found


@contextmanager
def desk(*, any_schema: bool = False) -> Iterator[Runtime]:
    """A runtime that lets go of its connections at the end.

    Raises SchemaUnusable when the database is of another version, unless any will do.
    """
    runtime = build_runtime(settings())
    try:
        if not any_schema:
            schema.require(runtime.db)
        yield runtime
    finally:
        runtime.db.close()


def operator() -> Actor:
    """The person at this machine's shell, who may do what an administrator may."""
    return Actor("cli", None, _login()[:30], ALL_PERMISSIONS, origin=f"{socket.gethostname()}:{os.getpid()}"[:200])


def print_json(value: Any) -> None:
    """One JSON value on standard output."""
    click.echo(printable_json(json.dumps(value, ensure_ascii=False, indent=None if not sys.stdout.isatty() else 2)))


def printable_json(text: str) -> str:
    """A piece of JSON as standard output can carry it: letters that it lacks are escaped, which JSON reads back."""
    if carries_all(getattr(sys.stdout, "encoding", None)):
        return text
    return _BEYOND_ASCII.sub(lambda letter: json.dumps(letter[0])[1:-1], text)


def note(text: str) -> None:
    """A line for people, on standard error, where it is in no machine's way."""
    click.echo(text, err=True)


def table(head: list[str], rows: list[list[str]]) -> None:
    """Columns as wide as what is in them."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    for row in [head, *rows]:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())
