"""`desk secrets`: under which SECRET_KEY the stored secrets are, and encrypting them anew under the present one."""

import sys

import click

from webapp import clock
from webapp.commands.group import FAILED
from webapp.commands.shared import desk, json_option, operator, print_json, table
from webapp.runtime import Runtime
from webapp.services.data_protection import stored_secrets
from webapp.services.data_protection.stored_secrets import SecretColumn, SecretTally


@click.group("secrets")
def command() -> None:
    """Encrypt stored secrets anew after SECRET_KEY was changed."""


@command.command("check")
@json_option
def check(as_json: bool) -> None:
    """Count the stored secrets by the key that they are under. Exits 1 unless all are under the present SECRET_KEY."""
    with desk() as runtime, runtime.db.reading() as session:
        found = [stored_secrets.check(session, column) for column in stored_secrets.columns(runtime.settings)]
    _print(found, "under a former key", as_json)
    sys.exit(FAILED if any(each.former or each.unreadable for each in found) else 0)


@command.command("renew")
@json_option
def renew(as_json: bool) -> None:
    """Encrypt those under a former key anew; harmless to repeat. Exits 1 when some can be read under no key."""
    with desk() as runtime:
        found = [_renewed(runtime, column) for column in stored_secrets.columns(runtime.settings)]
    _print(found, "encrypted anew", as_json)
    sys.exit(FAILED if any(each.unreadable for each in found) else 0)


def _renewed(runtime: Runtime, column: SecretColumn) -> SecretTally:
    tally, last, actor = SecretTally(column.name), None, operator()
    while True:
        with runtime.db.transaction() as session:
            last = stored_secrets.renew(session, column, last, tally, at=clock.now(), actor=actor)
        if last is None:
            return tally


def _print(found: list[SecretTally], former: str, as_json: bool) -> None:
    if as_json:
        name = former.replace(" ", "_")
        print_json([{"what": e.name, "present": e.present, name: e.former, "unreadable": e.unreadable} for e in found])
        return
    head = ["what", "under the present key", former, "under no key"]
    table(head, [[e.name, str(e.present), str(e.former), str(e.unreadable)] for e in found])
