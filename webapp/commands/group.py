"""The group that imports its commands when they are asked for, and says every expected failure in one sentence."""

import importlib
import io
import sys
from collections.abc import Mapping
from typing import Any

import click
from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError

from webapp.db_failures import BUSY, FULL, READ_ONLY, CommitInDoubt, failure_of
from webapp.errors import Invalid, Refusal
from webapp.private_files import start_private
from webapp.settings import SettingsProblem

FAILED, USAGE = 1, 2
"""Exit codes: it failed or found something wrong; it can't be done with this input or these settings."""

_NOT_MIGRATED = ("no such table", "no such column", "undefinedtable", "undefinedcolumn")


class DeskGroup(click.Group):
    """Commands by name, each as `module` (its `command`) or `module:attribute`, imported when it is asked for."""

    def __init__(self, name: str, modules: Mapping[str, str], help: str) -> None:
        super().__init__(
            name, help=help, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
        )
        self._modules = modules

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order in which they are declared."""
        return list(self._modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now."""
        if cmd_name not in self._modules:
            return None
        module, _, attribute = self._modules[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute or "command")
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; failures that are expected end in a sentence on standard error and a code."""
        start_private()
        print_any_letter()
        try:
            return super().invoke(ctx)
        except (Refusal, SettingsProblem, DBAPIError, RedisError, OSError) as problem:
            if isinstance(problem, BrokenPipeError):
                raise
            click.echo("\n".join(sentences(problem)), err=True)
            sys.exit(exit_code(problem))


def print_any_letter() -> None:
    """Let no name end a command: a stream that can't carry a letter (a terminal of Latin-1, say) gets its number."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and not carries_all(stream.encoding):
            stream.reconfigure(errors="backslashreplace")


def carries_all(encoding: str | None) -> bool:
    """Whether text of this encoding has every letter."""
    return (encoding or "").lower().replace("-", "").startswith("utf")


def sentences(problem: Exception) -> list[str]:
    """What a person is told about a failure."""
    if isinstance(problem, SettingsProblem):
        return ["The settings can't be used:", *(f"  {line}" for line in problem.problems)]
    if isinstance(problem, Refusal):
        return [
            problem.detail,
            *(f"  {name}: {message}" for name, message in problem.fields.items() if message != problem.detail),
        ]
    if isinstance(problem, DBAPIError):
        return [_of_database(problem)]
    if isinstance(problem, RedisError):
        return [f"Redis can't be reached ({_first_line(problem)}). Check REDIS_URL, or start the desk with `desk up`."]
    return [f"{_first_line(problem)}."]


def exit_code(problem: Exception) -> int:
    """2 for input and settings, 1 for everything else."""
    return USAGE if isinstance(problem, Invalid | SettingsProblem) else FAILED


def _of_database(problem: DBAPIError) -> str:
    message = _first_line(problem.orig or problem)
    known = f"{type(problem.orig).__name__} {message}".lower()
    if any(word in known for word in _NOT_MIGRATED):
        return "The database is not migrated to this version. Run `desk migrate`."
    failure = failure_of(problem)
    if isinstance(problem, CommitInDoubt):
        return f"The connection was lost while a change was being saved ({message}): look whether it was made."
    if failure in (BUSY, FULL, READ_ONLY):
        return f"{failure.sentence.rstrip('.')} ({message}). What was being saved is undone; try again."
    return f"The database can't be used ({message}). Check DATABASE_URL, and see `desk doctor`."


def _first_line(problem: BaseException) -> str:
    return str(problem).strip().partition("\n")[0].rstrip(".") or type(problem).__name__
