"""A sound desk on real servers, to be put into trouble, and what `desk doctor` says of it."""

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from click.testing import CliRunner

from webapp.commands.doctor import command as doctor
from webapp.database_address import libpq_address
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.runtime import Runtime, build_runtime
from webapp.services.scheduling import processes
from webapp.settings import load_settings
from webapp.sql import database_now


@dataclass(frozen=True)
class Finding:
    """One line of doctor."""

    check: str
    verdict: str
    found: str
    do: str

    @property
    def sentence(self) -> str:
        """What it says, and what to do."""
        return f"{self.found} {self.do}".strip()


@dataclass
class Place:
    """Where a desk can be set up: a folder, databases and a Redis of real servers.

    `migrated` and `empty` make a database of PostgreSQL and give its URL, whose role may do everything.
    """

    folder: Path
    migrated: Callable[[], str]
    empty: Callable[[], str]
    redis_port: int
    _shared: list[str] = field(default_factory=list)

    def database(self) -> str:
        """A database with every job planned, and a scheduler and a worker that say they live; only to be read."""
        if not self._shared:
            self._shared.append(self.migrated())
        self.inhabit(self._shared[0])
        return self._shared[0]

    def own_database(self) -> str:
        """The like, for trouble of its own."""
        url = self.migrated()
        self.inhabit(url)
        return url

    def inhabit(self, url: str, *kinds: str) -> None:
        """Plan the jobs, and let processes of these kinds (all by default) be alive now."""
        runtime = self.runtime(DATABASE_URL=url)
        register_jobs(runtime)
        with runtime.db.transaction() as session:
            for kind in kinds or (processes.SCHEDULER, processes.WORKER):
                processes.beat(session, kind, database_now(session))
        runtime.db.close()

    def environment(self, **changes: str) -> dict[str, str]:
        """The variables of a sound desk, but for the changes; `DATABASE_URL` is to be among them."""
        var = self.folder / "var"
        (var / "evidence").mkdir(parents=True, exist_ok=True)
        return {
            "DESK_ENV": "test",
            "SECRET_KEY": "of the real servers, and long enough for all of them",
            "REDIS_URL": f"redis://127.0.0.1:{self.redis_port}/0",
            "VAR_DIR": str(var),
            "BACKUP_KEEP": "14",
        } | changes

    def runtime(self, **changes: str) -> Runtime:
        """A runtime by these variables."""
        given = {name.lower(): value for name, value in self.environment(**changes).items() if name != "DESK_ENV"}
        return build_runtime(load_settings(env="test", _env_file=None, **given))

    def new_folder(self) -> Path:
        """An empty one."""
        made = self.folder / secrets.token_hex(4)
        made.mkdir(mode=0o755)
        return made


def ask(url: str, *statements: str) -> None:
    """Carry statements out as the superuser of the test's own server, each by itself."""
    with psycopg.connect(libpq_address(url), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def ask_doctor(environment: Mapping[str, str]) -> dict[str, Finding]:
    """What `desk doctor` finds with these variables, by check."""
    result = CliRunner().invoke(doctor, ["--json"], env=dict(environment), catch_exceptions=False)
    return {each["check"]: Finding(**each) for each in json.loads(result.stdout)}
