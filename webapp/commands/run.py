"""`desk run NAME` and `desk release-pending-payments`: one run of a job here and now, for people and outside crons."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import click

from webapp import jobs
from webapp.commands.group import FAILED
from webapp.commands.progress import Progress
from webapp.commands.shared import desk, json_option, note, operator, print_json
from webapp.domain.instants import parse_instant
from webapp.domain.money.money import Money
from webapp.domain.states import RunStatus
from webapp.errors import Invalid
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.jobs.run_job import run_here
from webapp.jobs.steps.database_clock import put_plans_right, require_right_clock
from webapp.logs import configure
from webapp.models import Run
from webapp.runtime import Runtime
from webapp.services.scheduling import processes, runs

_POLL_EVERY = 0.5
_ITEMS_SHOWN = 20

_at_option = click.option("--at", "at_text", help="Run as of this RFC 3339 instant; the future only with --dry-run.")
_dry_run_option = click.option("--dry-run", is_flag=True, help="Count and sum what a run would do; move nothing.")


@click.command("run")
@click.argument("name")
@_at_option
@_dry_run_option
@click.option("--due", is_flag=True, help="Only the slot that is due: nothing when it has had its run already.")
@json_option
def command(name: str, at_text: str | None, dry_run: bool, due: bool, as_json: bool) -> None:
    """Carry out one run of a job in this process. Exits 1 when it failed."""
    if due and (at_text or dry_run):
        raise Invalid("--due takes the slot that is due: leave --at and --dry-run out.")
    _carry_out(name, at_text, dry_run, as_json, due)


@click.command("release-pending-payments")
@_at_option
@_dry_run_option
@json_option
def release_pending_payments(at_text: str | None, dry_run: bool, as_json: bool) -> None:
    """Pay the earnings whose buffer is over. Exits 1 when it failed."""
    _carry_out("release_pending_earnings", at_text, dry_run, as_json)


def _carry_out(name: str, at_text: str | None, dry_run: bool, as_json: bool, due: bool = False) -> None:
    """One run of a job, told to whoever asked for it; ends the process with its outcome."""
    at = _instant(at_text)
    if jobs.find(name) is None:
        raise Invalid(f"There is no job named {name!r}. There are: {', '.join(jobs.registry())}.")
    with desk() as runtime:
        configure(runtime.settings)
        run = due_slot_carried_out(runtime, name) if due else carried_out(runtime, name, at, dry_run)
        if run is None:
            _say_nothing_is_due(name, as_json)
            return
        with runtime.db.reading() as session:
            items = runs.items(session, run.id, limit=_ITEMS_SHOWN)
    if as_json:
        print_json(runs.as_json(run, [item for item in items if item.outcome == runs.FAILED]))
    else:
        _show(run, [f"{item.subject_kind} {item.subject_id}: {item.message}" for item in items])
    sys.exit(FAILED if run.status in (RunStatus.FAILED, RunStatus.LOST) else 0)


def _say_nothing_is_due(name: str, as_json: bool) -> None:
    if as_json:
        print_json(None)
    note(f"{name} has no slot that is due and has not had its run: nothing was done.")


def _instant(text: str | None) -> datetime | None:
    try:
        return parse_instant(text) if text else None
    except ValueError as wrong:
        raise Invalid(f"--at {wrong}.") from None


def carried_out(runtime: Runtime, name: str, at: datetime | None = None, dry_run: bool = False) -> Run:
    """One run of a job in this process, to its end: of the latest slot if that has none yet."""
    _prepare(runtime)
    with runtime.db.transaction() as session:
        run = runs.claim_for_outside_cron(session, name, actor=operator(), at=at, dry_run=dry_run)
    return _run_here(runtime, run)


def due_slot_carried_out(runtime: Runtime, name: str) -> Run | None:
    """The run of the slot that is due, in this process, to its end; None when it has had one."""
    _prepare(runtime)
    with runtime.db.transaction() as session:
        run = runs.claim_due_slot(session, name, actor=operator())
    return None if run is None else _run_here(runtime, run)


def _prepare(runtime: Runtime) -> None:
    register_jobs(runtime)
    require_right_clock(runtime, processes.COMMAND)
    put_plans_right(runtime)


def _run_here(runtime: Runtime, run: Run) -> Run:
    with _watched(runtime, run.id):
        return run_here(runtime, run.id)


@contextmanager
def _watched(runtime: Runtime, run_id: int) -> Iterator[None]:
    """Show how far the run is, from a thread of its own."""
    over, progress = threading.Event(), Progress()
    thread = threading.Thread(target=_watch, args=(runtime, run_id, over, progress), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(timeout=5)
        progress.close()


def _watch(runtime: Runtime, run_id: int, over: threading.Event, progress: Progress) -> None:
    while not over.wait(_POLL_EVERY):
        with runtime.db.reading() as session:
            run = runs.get(session, run_id)
        progress(str(run.status).capitalize(), run.processed, run.total or run.processed)


def _show(run: Run, exceptions: list[str]) -> None:
    money = ", ".join(str(Money(amount, currency)) for currency, amount in sorted(run.amounts.items())) or "no money"
    dry = " (dry run)" if run.dry_run else ""
    click.echo(
        f"{run.job} run {run.id}{dry} {run.status}: {run.processed:,} processed, {run.succeeded:,} succeeded, "
        f"{run.failed:,} failed, {run.skipped:,} skipped, {money}."
    )
    for line in [*([run.error] if run.error else []), *exceptions]:
        click.echo(f"  {line}", err=True)
