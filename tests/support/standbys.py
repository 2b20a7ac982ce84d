"""A primary of PostgreSQL, and standbys that follow it for as long as a test wants."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from real import servers
from soak.processes import Started
from soak.servers import PostgreSQL
from soak.standby import ask, follow, standby_of
from tests.conftest import settings_for
from webapp import health_checks
from webapp.health_checks import CheckResult
from webapp.runtime import build_runtime

_PATIENCE = 20.0


@dataclass
class Primary:
    """A server without any table, and the way to one that follows it."""

    server: PostgreSQL
    folder: Path
    log: Path

    def ask(self, statement: str) -> object:
        return ask(self.server.socket.parent, statement)

    @contextmanager
    def standby(self, *options: str) -> Iterator[tuple[Started, Path]]:
        """One that follows until the block ends: its process and the folder of its socket."""
        command, sockets = standby_of(self.server, self.folder)
        try:
            ready = sockets / ".s.PGSQL.5432"
            with servers.running([*command, *options], self.log, ready.exists, self.server.user) as process:
                follow(self.server.socket.parent)
                yield process, sockets
        finally:
            for each in ("standby", "standby-sockets"):
                shutil.rmtree(self.folder / each, ignore_errors=True)

    def finding(self, who: str = "postgres", **settings: Any) -> CheckResult:
        """The line of doctor."""
        address = self.server.address("postgres").replace("postgres@", f"{who}@", 1)
        runtime = build_runtime(settings_for(address, self.folder, **settings))
        try:
            return health_checks.standbys(runtime)
        finally:
            runtime.db.close()

    def becomes(self, verdict: str, **settings: Any) -> CheckResult:
        """The line once its verdict is this."""
        ends = time.monotonic() + _PATIENCE
        while (found := self.finding(**settings)).verdict != verdict:
            assert time.monotonic() < ends, found
            time.sleep(0.1)
        return found


@contextmanager
def serving() -> Iterator[Primary]:
    """One that listens on a socket, until the block ends."""
    with TemporaryDirectory(prefix="desk-standby-") as made:
        folder = Path(made)
        folder.chmod(0o755)
        server = PostgreSQL(folder)
        found = Primary(server, folder, folder / "standby.log")
        with servers.running(server.command, folder / "log", server.socket.exists, server.user):
            found.ask("SELECT 1")
            yield found
