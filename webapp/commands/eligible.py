"""`desk eligible`: what the next money runs would take."""

from typing import Any

import click
from sqlalchemy.orm import Session

from webapp import clock
from webapp.commands.shared import desk, json_option, print_json
from webapp.domain.money import Money
from webapp.services import release_preview, schedules


@click.command("eligible")
@json_option
def command(as_json: bool) -> None:
    """Show what the next release would pay, and what stays behind and why."""
    with desk() as runtime, runtime.db.reading() as session:
        found = [_release(session)]
    if as_json:
        print_json(found)
        return
    for each in found:
        _show(each)


def _release(session: Session) -> dict[str, Any]:
    at = schedules.get(session, "auto_release").next_slot or clock.now()
    preview = release_preview.preview(session, at)
    excluded = [
        {"reason": reason, "currency": currency, "count": count, "amount": amount}
        for reason, currency, count, amount in preview.excluded
    ]
    return {
        "job": "auto_release",
        "at": clock.iso(at),
        "count": preview.count,
        "amounts": preview.amounts,
        "fees": preview.fees,
        "excluded": excluded,
    }


def _show(found: dict[str, Any]) -> None:
    money = ", ".join(str(Money(amount, currency)) for currency, amount in found["amounts"].items()) or "no money"
    click.echo(f"{found['job']} at {found['at']}: {found['count']:,} escrows, {money}.")
    for left in found["excluded"]:
        click.echo(f"  stays, {left['reason']}: {left['count']:,}, {Money(left['amount'], left['currency'])}")
