"""`desk eligible`: what the next money runs would take."""

from collections import Counter
from datetime import datetime
from typing import Any

import click
from sqlalchemy.orm import Session

from webapp import clock
from webapp.commands.shared import desk, json_option, print_json
from webapp.domain.money import Money
from webapp.domain.policies import JOBS
from webapp.domain.states import Policy
from webapp.services import deductions, release_preview, schedules, tonight

_PAGE, _REASONS = 500, 100


@click.command("eligible")
@json_option
def command(as_json: bool) -> None:
    """Show what the next run of each money job would take, for whom, and what stays behind and why."""
    with desk() as runtime, runtime.db.reading() as session:
        found = [_release(session, policy) for policy in Policy]
        found.append(_deduct(session, runtime.settings.auto_deduct_zone))
    if as_json:
        print_json(found)
        return
    for each in found:
        _show(each)


def _release(session: Session, policy: Policy) -> dict[str, Any]:
    at = _next(session, JOBS[policy])
    preview = release_preview.preview(session, at, policy)
    excluded = [
        {"reason": reason, "currency": currency, "count": count, "amount": amount}
        for reason, currency, count, amount in preview.excluded
    ]
    payees = [
        {"party": payee.name, "count": payee.count, "currency": payee.currency, "amount": payee.amount}
        for payee in tonight.sellers(session, at, policy)
    ]
    return {
        "job": JOBS[policy],
        "at": clock.iso(at),
        "count": preview.count,
        "amounts": preview.amounts,
        "fees": preview.fees,
        "payees": payees,
        "excluded": excluded,
    }


def _deduct(session: Session, zone: str) -> dict[str, Any]:
    at = _next(session, "auto_deduct")
    due, cursor = deductions.due(at), None
    count, amounts, excluded = 0, Counter[str](), Counter[str]()
    while ids := [row.id for row in session.execute(due.after(cursor, _PAGE))]:
        outcome = deductions.preview_all(session, ids, at=at, due_by=at, zone=zone)
        count += outcome.done
        amounts.update(outcome.amounts)
        excluded.update(refused.sentence for refused in outcome.refused)
        cursor = (ids[-1],)
    left = [{"reason": reason, "count": many} for reason, many in excluded.most_common(_REASONS)]
    return {
        "job": "auto_deduct",
        "at": clock.iso(at),
        "count": count,
        "amounts": dict(sorted(amounts.items())),
        "excluded": left,
    }


def _next(session: Session, job: str) -> datetime:
    return schedules.get(session, job).next_slot or clock.now()


def _show(found: dict[str, Any]) -> None:
    money = ", ".join(str(Money(amount, currency)) for currency, amount in found["amounts"].items()) or "no money"
    click.echo(f"{found['job']} at {found['at']}: {found['count']:,} to take, {money}.")
    for payee in found.get("payees", ()):
        click.echo(f"  for: {payee['party']}, {payee['count']:,}, {Money(payee['amount'], payee['currency'])}")
    for left in found["excluded"]:
        amount = f", {Money(left['amount'], left['currency'])}" if "amount" in left else ""
        click.echo(f"  stays: {left['count']:,}{amount}: {left['reason']}")
