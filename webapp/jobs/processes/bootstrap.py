"""Starting a process: settings, logs, and the declared jobs in the schedule table."""

import sys
from collections.abc import Callable

from webapp import schema
from webapp.jobs import registry
from webapp.logs import configure
from webapp.private_files import start_private
from webapp.runtime import Runtime, build_runtime
from webapp.services.scheduling import schedules
from webapp.settings import SettingsProblem, load_settings
from webapp.sql import database_now


def register_jobs(runtime: Runtime) -> None:
    """Put what the code declares into the schedule table. Safe to do at every start, by every process.

    Raises SchemaUnusable before anything is written to a database of another version.
    """
    schema.require(runtime.db)
    with runtime.db.transaction() as session:
        schedules.register(session, registry().values(), database_now(session))


def main(be: Callable[[Runtime], None]) -> None:
    """Be a process: settings from outside, logs, a runtime. Problems with settings are named, and end it."""
    start_private()
    try:
        settings = load_settings()
        runtime = build_runtime(settings)
    except SettingsProblem as problem:
        sys.exit("\n".join(["The settings can't be used:", *problem.problems]))
    configure(settings)
    be(runtime)
