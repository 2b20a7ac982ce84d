"""`desk ledger`: do the books agree, and does the external ledger have them?"""

import sys
from datetime import UTC

import click

from webapp import clock
from webapp.commands.group import FAILED
from webapp.commands.progress import Progress
from webapp.commands.shared import desk, json_option, operator, print_json
from webapp.domain.instants import parse_time_or_day
from webapp.domain.numbers import counted
from webapp.domain.states import MirrorStatus
from webapp.errors import Invalid
from webapp.jobs.periodic.check_mirror import made, record, send_again
from webapp.jobs.steps.mirror.checking import MirrorCheck
from webapp.jobs.steps.mirror.sending import Mirror
from webapp.models import Reconciliation
from webapp.providers.blnk.provider import TRANSFERS, Blnk
from webapp.runtime import Runtime
from webapp.services.common.open_writers import wait_for_writers
from webapp.services.ledger import integrity_steps, integrity_walk
from webapp.services.reconciliation import discrepancies, mirror_queue
from webapp.services.reconciliation.comparison import DIFFERENT, MISSING_HERE, MISSING_THERE
from webapp.services.reconciliation.discrepancies import Compared
from webapp.sql import database_now

_PAGE, _NAMED = 10_000, 20
_AGAIN = "Send again what is missing?"


@click.group("ledger")
def command() -> None:
    """Look after the ledger."""


@command.command("verify")
@json_option
def verify(as_json: bool) -> None:
    """Check every invariant of the ledger, and say with which books it was compared; exits 1 when any disagrees."""
    with desk() as runtime:
        wrong = _wrong(runtime, not as_json)
        with runtime.db.reading() as session:
            lasts, open_counts = discrepancies.last_of_each(session), discrepancies.open_counts(session)
        compared = {last.source: _compared(last, open_counts.get(last.source, 0)) for last in lasts}
    differing = sum(open_counts.values())
    if as_json:
        books_there = {
            source: {"open": open_counts.get(source, 0), "detail": detail} for source, detail in compared.items()
        }
        print_json({"ok": not wrong and not differing, "problems": wrong, "compared": books_there})
    else:
        click.echo("\n".join(wrong) if wrong else "The desk's own book agrees with itself.")
        click.echo("\n".join(compared.values()) if compared else "It was compared with no other book yet.")
    sys.exit(FAILED if wrong or differing else 0)


def _wrong(runtime: Runtime, shows: bool) -> list[str]:
    """What is wrong with the desk's own book: a snapshot per slice, so that a long walk keeps no dead row."""
    with runtime.db.reading() as session:
        walk = integrity_walk.begin(session, None, database_now(session))
        wait_for_writers(session, integrity_walk.WRITTEN, lambda: None)
    hidden = not shows or not sys.stderr.isatty()
    with click.progressbar(
        length=walk.left, label="Entries, transfers and escrows", file=sys.stderr, hidden=hidden
    ) as bar:
        while not walk.is_over:
            before = walk.left
            with runtime.db.reading() as session:
                integrity_steps.step(session, walk)
            bar.update(max(0, before - walk.left))
    return [each.sentence for each in walk.findings]


def _compared(last: Reconciliation, differing: int) -> str:
    """What the last comparison with a book said, and what is open since any."""
    since = f", of what was sent since {clock.iso(last.since)}" if last.since and last.source == TRANSFERS else ""
    when = f"{last.source}: asked at {clock.iso(last.at)}{since}; "
    if last.error is not None:
        when += f"it could not be compared: {last.error}"
    else:
        undecided = f", {last.accepted:,} differ as accepted" if last.accepted else ""
        undecided += f", of {last.undecided:,} it is too early to say" if last.undecided else ""
        when += f"of {last.compared:,} compared {last.matched:,} agree{undecided}."
    return when + (f" Open in all: {counted(differing, 'discrepancy', 'discrepancies')}." if differing else "")


@command.command("mirror")
@click.option("--check", is_flag=True, help="Ask the external ledger by reference what it has, and show what differs.")
@click.option(
    "--since", help="With --check: only what was sent since this time, such as 2026-11-25 or an RFC 3339 time."
)
@click.option("--yes", is_flag=True, help="With --check: send again what is missing without asking.")
@json_option
def mirror(check: bool, since: str | None, yes: bool, as_json: bool) -> None:
    """Send the external ledger every transfer that waits for it; harmless to repeat. Exits 1 when some are left."""
    if since and not check:
        raise Invalid("--since narrows --check.")
    with desk() as runtime:
        blnk = runtime.providers.blnk
        if blnk is None:
            raise Invalid("There is no external ledger: set LEDGER=blnk, BLNK_URL and BLNK_API_KEY.")
        ended = _checked(runtime, blnk, since, yes, as_json) if check else _sent(runtime, blnk, as_json)
    sys.exit(ended)


def _sent(runtime: Runtime, blnk: Blnk, as_json: bool) -> int:
    progress = Progress()
    _note_missing(runtime, progress)
    _send(runtime, blnk, progress)
    progress.close()
    with runtime.db.reading() as session:
        counts = mirror_queue.counts(session)
        latest = discrepancies.last_of(session, TRANSFERS)
    unsent = sum(counts.values()) - counts.get(MirrorStatus.DONE, 0)
    if as_json:
        print_json({"ok": not unsent, "transfers": counts, "asked_at": clock.iso(latest.at) if latest else None})
    else:
        when = f"It was asked about them last at {clock.iso(latest.at)}" if latest else "It was never asked about them"
        sent = counted(counts.get(MirrorStatus.DONE, 0), "transfer")
        click.echo(f"Sent to the external ledger: {sent}. Waiting: {unsent:,}.")
        click.echo(f"{when}: `desk ledger mirror --check` asks what it has.")
    return FAILED if unsent else 0


def _checked(runtime: Runtime, blnk: Blnk, since: str | None, yes: bool, as_json: bool) -> int:
    """Ask, show, and on confirmation send again what is missing, and ask once more."""
    found, lost = _run_check(runtime, blnk, since)
    lacking = (found.counts or {}).get(MISSING_THERE, 0)
    if not as_json:
        _show(found, lost)
    if found.error is None and (lacking or lost) and (yes or (not as_json and click.confirm(_AGAIN, err=True))):
        send_again(runtime.db, blnk, actor=operator(), check=lambda: None)
        progress = Progress()
        _send(runtime, blnk, progress)
        progress.close()
        found, lost = _run_check(runtime, blnk, since)
        if not as_json:
            _show(found, lost)
    is_same = found.error is None and not lost and not sum((found.counts or {}).values())
    if as_json:
        counts = {kind: (found.counts or {}).get(kind, 0) for kind in (MISSING_THERE, DIFFERENT, MISSING_HERE)}
        named = [each.detail for each in found.findings]
        print_json(
            {"ok": is_same, "has": found.matched, "balances_lost": len(lost), "error": found.error, "named": named}
            | {"accepted": found.accepted}
            | counts
        )
    return 0 if is_same else FAILED


def _run_check(runtime: Runtime, blnk: Blnk, since: str | None) -> tuple[Compared, dict[int, str]]:
    try:
        instant = parse_time_or_day(since, UTC) if since else None
    except ValueError as wrong:
        raise Invalid(str(wrong)) from None
    progress, checked = Progress(), [0]
    with runtime.db.reading() as session:
        total, at = mirror_queue.count_sent(session, instant), database_now(session)

    def on_progress(count: int) -> None:
        checked[0] += count
        progress("Asking", checked[0], max(total, checked[0]))

    check = MirrorCheck(runtime.db, blnk, since=instant, at=at, on_progress=on_progress)
    found = made(check)
    progress.close()
    with runtime.db.transaction() as session:
        found = record(session, found, None)
    return found, check.lost


def _show(found: Compared, lost: dict[int, str]) -> None:
    since = f" of what it was sent since {clock.iso(found.since)}" if found.since else ""
    if found.error is not None:
        click.echo(f"The external ledger could not be asked to the end: {found.error}")
        return
    counts = found.counts or {}
    click.echo(
        f"Asked at {clock.iso(found.at)}: the external ledger has {counted(found.matched, 'transfer')}{since}, lacks "
        f"{counts.get(MISSING_THERE, 0):,}, has {counts.get(DIFFERENT, 0):,} otherwise, and moved "
        f"{counts.get(MISSING_HERE, 0):,} that the desk did not send."
    )
    if found.accepted:
        click.echo(f"{found.accepted:,} more differ as a person has accepted it.")
    if lost:
        click.echo(f"Not there any more: {counted(len(lost), 'balance')}; made again for what is sent.")
    for each in found.findings[:_NAMED]:
        click.echo(f"  {each.detail}")
    if len(found.findings) > _NAMED:
        click.echo("  … The page Reconciliation names more.")


def _send(runtime: Runtime, blnk: Blnk, progress: Progress) -> None:
    with runtime.db.reading() as session:
        left = mirror_queue.left(session)
    Mirror(runtime, blnk, operator()).send(lambda: None, lambda sent: progress("Sending", sent, max(left, sent)))


def _note_missing(runtime: Runtime, progress: Progress) -> None:
    """Note what was never to be mirrored before, and what was given up, page by page."""
    with runtime.db.transaction() as session:
        mirror_queue.retry_dead(session, clock.now())
    last: int | None = 0
    while last is not None:
        with runtime.db.transaction() as session:
            last = mirror_queue.note_missing(session, last, _PAGE, clock.now())
        if last is not None:
            progress("Noting", last, last)
