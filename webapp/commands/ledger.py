"""`desk ledger`: do the books agree, and does the external ledger have them?"""

import sys

import click

from webapp import clock
from webapp.commands.group import FAILED
from webapp.commands.progress import Progress
from webapp.commands.shared import desk, json_option, note, print_json
from webapp.domain.states import MirrorStatus
from webapp.errors import Invalid
from webapp.jobs.mirroring import Mirror
from webapp.runtime import Runtime
from webapp.services import books, mirror_entries

_PAGE = 10_000


@click.group("ledger")
def command() -> None:
    """Look after the ledger."""


@command.command("verify")
@json_option
def verify(as_json: bool) -> None:
    """Check every invariant of the ledger; names what is wrong, and exits 1 then."""
    if not as_json and sys.stderr.isatty():
        note("Checking every transfer, account and escrow …")
    with desk() as runtime, runtime.db.reading() as session:
        wrong = list(books.checks(session))
    if as_json:
        print_json({"ok": not wrong, "problems": wrong})
    else:
        click.echo("\n".join(wrong) if wrong else "Every book agrees.")
    sys.exit(FAILED if wrong else 0)


@command.command("mirror")
@json_option
def mirror(as_json: bool) -> None:
    """Send the external ledger every transfer that it lacks; harmless to repeat. Exits 1 when some are left."""
    with desk() as runtime:
        blnk = runtime.providers.blnk
        if blnk is None:
            raise Invalid("There is no external ledger: set LEDGER=blnk, BLNK_URL and BLNK_API_KEY.")
        progress = Progress()
        _note_missing(runtime, progress)
        with runtime.db.reading() as session:
            left = sum(mirror_entries.counts(session).values()) - mirror_entries.counts(session).get("done", 0)
        Mirror(runtime, blnk).send(lambda: None, lambda sent: progress("Sending", sent, max(left, sent)))
        progress.close()
        with runtime.db.reading() as session:
            counts = mirror_entries.counts(session)
    unsent = sum(counts.values()) - counts.get(MirrorStatus.DONE, 0)
    if as_json:
        print_json({"ok": not unsent, "transfers": counts})
    else:
        click.echo(f"The external ledger has {counts.get(MirrorStatus.DONE, 0):,} transfers, and lacks {unsent:,}.")
    sys.exit(FAILED if unsent else 0)


def _note_missing(runtime: Runtime, progress: Progress) -> None:
    """Note what was never to be mirrored before, and what was given up, page by page."""
    with runtime.db.transaction() as session:
        mirror_entries.revive(session, clock.now())
    last: int | None = 0
    while last is not None:
        with runtime.db.transaction() as session:
            last = mirror_entries.note_missing(session, last, _PAGE, clock.now())
        if last is not None:
            progress("Noting", last, last)
