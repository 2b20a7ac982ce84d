"""`desk eligible`: what the next money runs would take."""

from dataclasses import asdict
from typing import Any

import click

from webapp import clock
from webapp.commands.shared import desk, json_option, print_json
from webapp.domain.money.money import Money
from webapp.services.read_models import tonight
from webapp.services.read_models.tonight import UpcomingRun


@click.command("eligible")
@json_option
def command(as_json: bool) -> None:
    """Show what the next run of each money job would take, for whom, and what stays behind and why."""
    with desk() as runtime, runtime.db.reading() as session:
        found = tonight.upcoming_runs(session, clock.now(), runtime.settings, runtime.providers.payout_routes)
    if as_json:
        print_json([_as_json(each) for each in found])
        return
    for each in found:
        _show(each)


def _as_json(found: UpcomingRun) -> dict[str, Any]:
    return {
        "job": found.job,
        "at": clock.iso(found.at),
        "paused": found.paused,
        "off": found.off,
        "count": found.count,
        "amounts": dict(sorted(found.amounts.items())),
        "fees": found.fees,
        "parties": found.parties,
        "payees": [
            {"party": payee.name, "count": payee.count, "currency": payee.currency, "amount": payee.amount}
            for payee in found.payees
        ],
        "excluded": [asdict(stay) for stay in found.stays],
    }


def _show(found: UpcomingRun) -> None:
    click.echo(f"{found.job} at {clock.iso(found.at)}: {_in_short(found)}.")
    for payee in found.payees:
        click.echo(f"  for: {payee.name}, {payee.count:,}, {Money(payee.amount, payee.currency)}")
    for currency in found.parties:
        count, amount = found.others(currency)
        if count:
            click.echo(f"  for: {count:,} more, {Money(amount, currency)}")
    for stay in found.stays:
        amount_of = f", {Money(stay.amount, stay.currency)}" if stay.currency else ""
        click.echo(f"  stays: {stay.count:,}{amount_of}: {stay.reason}")


def _in_short(found: UpcomingRun) -> str:
    if found.off:
        return found.off.rstrip(".")
    amounts = [str(Money(amount, currency)) for currency, amount in sorted(found.amounts.items())]
    paused = "paused, would be " if found.paused else ""
    return f"{paused}{found.count:,} to take, {', '.join(amounts) or 'no money'}"
