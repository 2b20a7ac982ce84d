"""`desk backup`, `desk restore` and `desk instance`: a backup now, one put into an empty database, and which of two
desks is the original.
"""

import sys
from pathlib import Path
from typing import Any

import click
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from webapp import clock
from webapp.commands.group import FAILED
from webapp.commands.run import carried_out
from webapp.commands.shared import desk, json_option, note, operator, print_json, settings
from webapp.domain.numbers import counted
from webapp.domain.states import BackupProof, RunStatus
from webapp.errors import Conflict, Invalid
from webapp.jobs.periodic.back_up import JOB
from webapp.jobs.steps.backups import backup_file, restoring
from webapp.jobs.steps.backups.restoring import Unpacked
from webapp.jobs.steps.backups.workspace import workspace
from webapp.logs import configure
from webapp.models import Backup, Run
from webapp.services.backups import records
from webapp.services.common import instance
from webapp.settings_parts.evidence_store import EvidenceStore
from webapp.sql import database_now

_NEXT = """\
Outgoing money is stopped in the copy: it would pay what was due when it was saved, and the desk it was saved from may
have paid that since. Besides, a desk that is started on it says that it may be a copy, and sends nothing before that is
answered. Messages and webhooks that waited at the backup go out then.
Before you start a desk on it:
  1. Stop the desk it was saved from, for good: two desks must not work for the same marketplace.
  2. Set DATABASE_URL to it, VAR_DIR so that evidence is found, and the SECRET_KEY it was made under. Give it a
     BACKUP_DIR of its own.
  3. `desk ledger verify`, `desk audit verify`, `desk doctor`.
  4. Start it, and say that it is the original: on the page Settings, or `desk instance confirm --reason …`.
  5. Compare with the providers (`desk run verify_books`): what was paid or collected after the backup is missing here.
     Then let money flow again on the page Settings, with the reason."""


@click.command("backup")
@click.option("--new-key", is_flag=True, help="Only print a new key for BACKUP_KEY.")
@json_option
def backup(new_key: bool, as_json: bool) -> None:
    """Back up the database and the evidence now, and prove the copy. Exits 1 when it failed or is not whole."""
    if new_key:
        click.echo(backup_file.new_key())
        return
    with desk() as runtime:
        configure(runtime.settings)
        run = carried_out(runtime, JOB)
        with runtime.db.reading() as session:
            made = records.of_run(session, run.id)
    # Skipped, because backups are switched off, is no success for a script that goes on as if there were one.
    failed = run.status in (RunStatus.FAILED, RunStatus.LOST) or made is None
    if as_json:
        print_json(_as_json(run, made))
    else:
        for line in _lines(run, made):
            click.echo(line, err=failed)
    sys.exit(FAILED if failed else 0)


@click.command("restore")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--into", "url", required=True, help="The address of an empty database.")
@click.option(
    "--evidence",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the files of evidence go; VAR_DIR/evidence or EVIDENCE_BUCKET if nothing is said.",
)
@click.option("--yes", is_flag=True, help="Restore without asking.")
@click.option("--other-secret-key", is_flag=True, help="Restore what was made under another SECRET_KEY all the same.")
@json_option
def restore(file: Path, url: str, evidence: Path | None, yes: bool, other_secret_key: bool, as_json: bool) -> None:
    """Restore a backup into an empty database. The file is read to its end first: a damaged one changes nothing."""
    found_settings = settings()
    shown = _shown(url)
    if as_json and not yes:
        raise Invalid("With --json nobody can be asked: add --yes.")
    folder = evidence or found_settings.evidence_store
    with workspace(found_settings.var_dir) as work:
        note("Reading the backup to its end …")
        found = restoring.opened(file, work, found_settings, url=url, other_key=other_secret_key)
        if not yes:
            _show(found, shown, folder)
            if not click.confirm("Restore it?", err=True):
                raise Conflict("Nothing was restored.")
        wrong = restoring.restore(found, url, folder, found_settings, actor=operator(), say=note)
        _print_outcome(found, shown, wrong, as_json)
    sys.exit(FAILED if wrong else 0)


@click.group("instance")
def of_copies() -> None:
    """See whether this desk may be a copy, and say that it is the original."""


@of_copies.command("show")
@json_option
def show_instance(as_json: bool) -> None:
    """Say whether this host and its database belong together; exits 1 when not."""
    with desk() as runtime, runtime.db.reading() as session:
        sentence = instance.mismatch(session)
    if as_json:
        print_json({"ok": not sentence, "problem": sentence})
    else:
        click.echo(sentence or "This host and its database fit.")
    sys.exit(FAILED if sentence else 0)


@of_copies.command("confirm")
@click.option("--reason", required=True, help="Which one is the original, and why; it is on record.")
def confirm_instance(reason: str) -> None:
    """Let this database, with this host, be the original: what is due leaves it again. Stop the other one first."""
    with desk() as runtime, runtime.db.transaction() as session:
        instance.confirm(session, reason, at=database_now(session), actor=operator())
    click.echo("This desk is the original now. Its workers go on within seconds.")


def _show(found: Unpacked, shown: str, folder: EvidenceStore) -> None:
    manifest = found.manifest
    tables = {name: manifest.tables.get(table, 0) for name, table in _SHOWN.items()}
    many = ", ".join(f"{count:,} {name}" for name, count in tables.items())
    note(f"{found.file.name} was made at {manifest.made_at} by version {manifest.version}: {many}, and")
    note(f"{counted(manifest.rows, 'row')} in all; {counted(manifest.evidence.files, 'file')} of evidence. It goes")
    note(f"  into  {shown}\n  and   {folder}")


_SHOWN = {"orders": "purchase_order", "transfers": "transfer", "disputes": "dispute"}


def _print_outcome(found: Unpacked, shown: str, wrong: list[str], as_json: bool) -> None:
    manifest = found.manifest
    if as_json:
        print_json(
            {
                "ok": not wrong,
                "problems": wrong,
                "made_at": manifest.made_at,
                "rows": manifest.rows,
                "evidence_files": manifest.evidence.files,
                "outgoing_money": "stopped",
            }
        )
        return
    if wrong:
        click.echo(f"{found.file.name} was restored into {shown}, as it was saved, and this is wrong with it:")
        click.echo("\n".join(f"  {line}" for line in wrong))
    else:
        click.echo(f"{found.file.name} was restored into {shown}; its rows, the ledger and the audit trail are whole.")
    click.echo(_NEXT)


def _lines(run: Run, made: Backup | None) -> list[str]:
    if made is None or not made.sha256:
        return [run.error or f"Run {run.id} of {run.job} is {run.status}."]
    encrypted = "encrypted" if made.encrypted else "not encrypted: no BACKUP_KEY is set"
    lines = [
        f"{Path(made.folder, made.file)}",
        f"  {counted(made.size or 0, 'byte')}, {encrypted}; {counted(made.rows, 'row')}, "
        f"{counted(made.evidence_files, 'file')} of evidence",
        f"  SHA-256 {made.sha256}",
    ]
    if made.proof == BackupProof.PROVEN:
        return [*lines, "  Proven: it was restored, and its rows, the ledger and the audit trail are whole."]
    return [*lines, f"  Not proven: {made.proof_reason}"]


def _as_json(run: Run, made: Backup | None) -> dict[str, Any]:
    described = {"run": run.id, "status": str(run.status), "error": run.error, "backup": None}
    if made is None:
        return described
    return described | {
        "backup": made.id,
        "file": str(Path(made.folder, made.file)) if made.file else None,
        "size": made.size,
        "sha256": made.sha256,
        "encrypted": made.encrypted,
        "rows": made.rows,
        "heads": made.heads,
        "started_at": clock.iso(made.started_at),
        "proof": made.proof,
        "proof_reason": made.proof_reason,
    }


def _shown(url: str) -> str:
    try:
        return make_url(url).render_as_string(hide_password=True)
    except ArgumentError:
        raise Invalid("--into wants the address of a database, such as postgresql://user@host/desk.") from None
