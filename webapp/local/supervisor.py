"""Start everything, keep it running, stop everything."""

import signal
import threading
import time
from types import FrameType
from urllib.error import URLError
from urllib.request import urlopen

import click

from webapp.commands.user import first_address
from webapp.demo import SIGN_INS, seed
from webapp.demo.seed.live_payments import start_live_payments
from webapp.errors import Refusal, Unavailable
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.local import forked, sandbox
from webapp.local.process_plan import desk_processes, redis_process
from webapp.local.processes import ChildProcess
from webapp.local.redis_server import wait_until_ready
from webapp.local.sandbox import SandboxAddress
from webapp.local.workdir import check_port, claim, with_secret
from webapp.migrations import upgrade
from webapp.runtime import build_runtime
from webapp.settings import Settings

_READY_SECONDS, _STOP_SECONDS, _TICK = 60.0, 25.0, 0.1


_stop_requested = threading.Event()


class _StopRequested(BaseException):
    """Someone asked to stop.

    It is raised wherever the signal comes, amid a statement too: what handles an Exception there, as SQLAlchemy does,
    would make another of it.
    """


def run(settings: Settings, *, demo: bool, invented: bool = False, workers: int = 2) -> None:
    """Run the desk on this machine until Ctrl-C or SIGTERM: with the demo, or with `invented` providers without it.

    Raises Refusal when it can't start.
    """
    _stop_requested.clear()
    signal.signal(signal.SIGTERM, _request_stop)
    signal.signal(signal.SIGINT, _request_stop)
    lock = claim(settings.var_dir.resolve())
    check_port(settings.port)
    children: list[ChildProcess] = []
    try:
        sandbox.remove_configuration(settings)
        settings = with_secret(settings)
        _start(settings, children, demo, invented, workers)
        _supervise(children)
    except _StopRequested:
        click.echo("\nStopping …")
    finally:
        _stop(children)
        sandbox.remove_configuration(settings)
        lock.close()


def _start(settings: Settings, children: list[ChildProcess], demo: bool, invented: bool, workers: int) -> None:
    redis = redis_process(settings)
    if redis is not None:
        children.append(redis)
        redis.start()
    if forked.IS_SAFE:
        forked.preload()
    wait_until_ready(settings.redis_address)
    address = sandbox.choose_address(settings) if sandbox.is_wanted(settings, demo or invented) else None
    if address is not None:
        settings = sandbox.configure(settings, address)
        children.append(sandbox.process(settings, address))
        children[-1].start()
    _prepare_database(settings, demo)
    for child in desk_processes(settings, workers):
        children.append(child)
        child.start()
    _wait_for_desk(settings, children)
    _greet(settings, demo, address)
    if address is not None and demo:
        _start_live_payments(settings, address)


def _prepare_database(settings: Settings, demo: bool) -> None:
    upgrade(settings.database_address)
    runtime = build_runtime(settings)
    try:
        register_jobs(runtime)
        if demo and not settings.is_production:
            click.echo("Looking after the demo data …")
            seed(runtime)
    finally:
        runtime.db.close()


def _wait_for_desk(settings: Settings, children: list[ChildProcess]) -> None:
    ends = time.monotonic() + _READY_SECONDS
    while not _ready(settings.port):
        _raise_if_stop_requested()
        _restart_ended(children)
        if time.monotonic() > ends:
            logs = settings.var_dir.resolve() / "log"
            raise Unavailable(f"The desk is not ready after {_READY_SECONDS:g} s. Its logs are in {logs}.")
        time.sleep(_TICK)


def _ready(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def _start_live_payments(settings: Settings, address: SandboxAddress) -> None:
    """Let the demo's money move through the sandbox. What goes wrong there is said, and stops nothing."""
    runtime = build_runtime(settings)
    try:
        start_live_payments(runtime, address.url)
    except (Refusal, OSError) as problem:
        click.echo(f"The sandbox could not be set in motion: {problem}", err=True)
    finally:
        runtime.db.close()


def _greet(settings: Settings, demo: bool, address: SandboxAddress | None) -> None:
    click.echo(f"\nEscrow Desk is ready:  http://localhost:{settings.port}\n")
    if address is not None:
        click.echo(f"Its providers are invented:  {address.url}/mailbox.html shows what people were sent\n")
    if demo and not settings.is_production:
        click.echo("Sign in as")
        for role, email, password in SIGN_INS:
            click.echo(f"  {role:<9} {email:<28} {password}")
    else:
        _invite_the_first(settings)
    click.echo("\nCtrl-C stops everything.")


def _invite_the_first(settings: Settings) -> None:
    """Where nobody can sign in yet, print the link by which somebody becomes the administrator; a new one each time."""
    runtime = build_runtime(settings)
    try:
        link = first_address(runtime)
    finally:
        runtime.db.close()
    if link is None:
        click.echo("Sign in with your address and password.")
        return
    click.echo("Nobody can sign in yet. This link makes whoever opens it first the administrator; it works for a day:")
    click.echo(f"\n  {link}\n\nAnother one is printed when you start again, and this one is void then.")


def _supervise(children: list[ChildProcess]) -> None:
    while True:
        _raise_if_stop_requested()
        _restart_ended(children)
        time.sleep(_TICK)


def _restart_ended(children: list[ChildProcess]) -> None:
    now = time.monotonic()
    for child in children:
        if child.ended is None:
            continue
        if not child.start_after:
            pause = child.pause_before_restart()
            child.start_after = now + pause
            when = f"again in {pause:g} s" if pause else "again now"
            click.echo(f"{child.name} ended with {child.ended}; starting it {when}. Its log: {child.log}", err=True)
        if now >= child.start_after:
            child.start_after = 0
            child.start()


def _stop(children: list[ChildProcess]) -> None:
    """The desk's own processes first, together; Redis last, when nobody needs it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    own = [child for child in children if child.name != "redis"]
    for group in (own, [child for child in children if child.name == "redis"]):
        for child in group:
            child.ask_to_stop()
        until = time.monotonic() + _STOP_SECONDS
        for child in group:
            child.wait_or_kill(until)


def _request_stop(_number: int, _frame: FrameType | None) -> None:
    _stop_requested.set()
    raise _StopRequested


def _raise_if_stop_requested() -> None:
    """Heed what was asked while Python ran a finalizer, where nothing that is raised gets any further."""
    if _stop_requested.is_set():
        raise _StopRequested
