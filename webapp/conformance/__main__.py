"""`make conformance`: the recorded exchanges sent to real servers, or to our own sandbox; exits 1 on a difference."""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import click

from webapp.conformance import records, servers
from webapp.conformance.exchanges import ExchangeResult, Server, replay
from webapp.domain.numbers import counted
from webapp.sandbox import Options, SandboxSettings, serving

MONEY = "ALLOW_TEST_MONEY"


def main(environment: Mapping[str, str]) -> int:
    """Hold each server to its records and print each difference; how the process ends."""
    with _servers(environment) as found:
        return max([_held(each, _exchanges(each, environment)) for each in found], default=0)


@contextmanager
def _servers(environment: Mapping[str, str]) -> Iterator[list[Server]]:
    if found := servers.named(environment):
        yield found
        return
    click.echo("No server is named (BLNK_URL and BLNK_API_KEY, …): our own sandbox is asked.")
    options = Options()
    with serving(SandboxSettings(options=options)) as served:
        options.desk = f"{served.url}/hooks"
        yield servers.own(served.url)


def _exchanges(server: Server, environment: Mapping[str, str]) -> Sequence[Mapping[str, object]]:
    """What moves money at a provider is sent only where that is allowed."""
    rows: Sequence[Mapping[str, object]] = records.of(server.provider)["exchanges"]
    allowed = server.is_own or environment.get(MONEY) == "1"
    return [row for row in rows if allowed or not row.get("moves_money")]


def _held(server: Server, rows: Sequence[Mapping[str, object]]) -> int:
    recorded = records.of(server.provider)
    differing = 0
    for found in replay(server, recorded, only=rows):
        differing += bool(found.differences)
        _print_differences(found)
    left = len(recorded["exchanges"]) - len(rows)
    click.echo(f"{server.provider} at {server.url}: {counted(len(rows), 'exchange')}, different: {differing}.")
    if left:
        click.echo(f"{left} that move money were not sent: {MONEY}=1 sends them.")
    return 1 if differing else 0


def _print_differences(found: ExchangeResult) -> None:
    for sentence in found.differences:
        click.echo(f"  {found.name} ({found.call}): {sentence}")


if __name__ == "__main__":
    sys.exit(main(os.environ))
