"""`desk doctor`: looks at everything the desk needs, and says what to do about what is wrong."""

import sys
from collections.abc import Callable

import click
from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError

from webapp.commands.group import FAILED, USAGE, sentences
from webapp.commands.shared import json_option, print_json
from webapp.conformance import records, servers
from webapp.conformance.exchanges import is_harmless, replay
from webapp.domain.numbers import counted
from webapp.errors import Invalid, Refusal
from webapp.health_checks import ALWAYS_ASKED, CHECKS, CheckResult
from webapp.runtime import Runtime, build_runtime
from webapp.settings import Settings, SettingsProblem, load_settings

_MARK = {"ok": "ok  ", "warning": "warn", "wrong": "BAD "}
_NOT_ASKED = "Not asked: the database can't be used."
_NAMED = 5
"""Differences from the records that are told one by one."""


@click.command("doctor")
@click.option("--provider", help="Hold this provider to its recorded answers, by calls that change nothing there.")
@json_option
def command(provider: str | None, as_json: bool) -> None:
    """Check everything the desk needs, and say what to do. Exits 1 when something is wrong."""
    try:
        runtime = build_runtime(load_settings())
    except SettingsProblem as problem:
        _print(
            [CheckResult("settings", "wrong", "; ".join(problem.problems), "Set these variables, or mend `.env`.")],
            as_json,
        )
        sys.exit(USAGE)
    if provider is not None:
        found = [_conformity(provider, runtime.settings)]
        runtime.db.close()
        _print(found, as_json)
        sys.exit(FAILED if found[0].verdict == "wrong" else 0)
    found = [CheckResult("settings", "ok", f"They can be used; DESK_ENV is {runtime.settings.env}.")]
    found += _all_checked(runtime)
    runtime.db.close()
    _print(found, as_json)
    sys.exit(FAILED if any(each.verdict == "wrong" for each in found) else 0)


def _conformity(provider: str, settings: Settings) -> CheckResult:
    """Send the harmless part of a provider's records, with the desk's own address and key. Raises Invalid."""
    known = {each.name: each for each in servers.KNOWN}
    if provider not in known:
        raise Invalid(f"There is no provider {provider!r} with recorded exchanges. There are: {', '.join(known)}.")
    one = known[provider]
    variables = {name: str(getattr(settings, name.lower(), "") or "") for name in (one.url_variable, one.key_variable)}
    server = one.server(variables)
    if server is None:
        missing = ", ".join(name for name, value in variables.items() if not value)
        return CheckResult(provider, "wrong", f"It can't be asked: {missing} is not set.", "Set it, and ask again.")
    rows = [row for row in records.of(provider)["exchanges"] if is_harmless(row)]
    found = [each for each in replay(server, records.of(provider), only=rows) if each.differences]
    if not found:
        return CheckResult(
            provider, "ok", f"{server.url} answered {counted(len(rows), 'harmless request')} as recorded."
        )
    named = " ".join(f"{each.name}: {' '.join(each.differences)}" for each in found[:_NAMED])
    do = "A wrong key, an older server or a proxy in between answers otherwise; `make conformance` asks everything."
    return CheckResult(provider, "wrong", f"{len(found)} of {len(rows)} answers are not as recorded. {named}", do)


def _all_checked(runtime: Runtime) -> list[CheckResult]:
    """Every check. A database that does not answer is asked only once: each more would wait for it as long again."""
    found: list[CheckResult] = []
    is_away = False
    for name, check in CHECKS.items():
        if is_away and name not in ALWAYS_ASKED:
            found.append(CheckResult(name, "wrong", _NOT_ASKED, "Mend the database first."))
            continue
        found.append(_checked(name, check, runtime))
        is_away = is_away or (name == "database" and found[-1].verdict == "wrong")
    return found


def _checked(name: str, check: Callable[[Runtime], CheckResult], runtime: Runtime) -> CheckResult:
    try:
        return check(runtime)
    except (Refusal, DBAPIError, RedisError, OSError, ValueError) as problem:
        return CheckResult(name, "wrong", " ".join(sentences(problem)), "Mend what is named above it first.")


def _print(found: list[CheckResult], as_json: bool) -> None:
    if as_json:
        print_json([{"check": f.check, "verdict": f.verdict, "found": f.found, "do": f.do} for f in found])
        return
    for each in found:
        click.echo(f"{_MARK[each.verdict]}  {each.check:<12} {each.found}")
        if each.do and each.verdict != "ok":
            click.echo(f"                   {each.do}")
