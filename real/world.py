"""The servers that all rows share: PostgreSQL with a migrated template, and a folder that others may look into."""

import json
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from real import servers
from real.desk import Desk
from real.place import Place, ask
from soak.servers import PostgreSQL
from soak.small_disk import own_mounts
from webapp.migrations import upgrade

_TEMPLATE = "desk_template"
_OWN = ("DATABASE_URL", "REDIS_URL", "VAR_DIR", "PORT")
"""What each host has of its own, or is given by name."""


class World:
    """A PostgreSQL that runs, and what is made on it; `may_mount` says whether disks of its own can be had."""

    def __init__(self, folder: Path, postgresql: PostgreSQL, *, may_mount: bool) -> None:
        self.folder, self.postgresql, self.may_mount = folder, postgresql, may_mount
        ask(postgresql.address("postgres"), f"CREATE DATABASE {_TEMPLATE}")
        upgrade(postgresql.address(_TEMPLATE))

    def migrated(self) -> str:
        """The address of a new database with the desk's tables."""
        return self._made(_TEMPLATE)

    def empty(self) -> str:
        """The address of a new database without any table."""
        return self._made("template0")

    @contextmanager
    def neighbour(self, desk: Desk) -> Iterator[Desk]:
        """Another host of the same desk, not started: with a folder of its own, and the identity of the desk."""
        identity = json.loads((Path(desk.variables["VAR_DIR"]) / "instance.json").read_text())["id"]
        database, redis = desk.variables["DATABASE_URL"], desk.variables["REDIS_URL"]
        with self._like(desk, database, redis, INSTANCE_ID=identity) as made:
            yield made

    @contextmanager
    def copy_of(self, desk: Desk, redis: str) -> Iterator[Desk]:
        """Another desk, not started, on a copy of the database and of the files of one that is not at work."""
        with self._like(desk, self._made(desk.database_name), redis) as made:
            shutil.copytree(desk.variables["VAR_DIR"], made.variables["VAR_DIR"])
            yield made

    @contextmanager
    def _like(self, desk: Desk, database: str, redis: str, **more: str) -> Iterator[Desk]:
        """One with the settings, people and tokens of another."""
        same = {name: value for name, value in desk.variables.items() if name not in _OWN}
        made = Desk(self.new_folder("desk"), database, redis, **(same | more))
        made.share_accounts(desk)
        try:
            yield made
        finally:
            made.stop()

    def _made(self, template: str) -> str:
        name = f"desk_{secrets.token_hex(4)}"
        ask(self.postgresql.address("postgres"), f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        return self.postgresql.address(name)

    def new_folder(self, name: str) -> Path:
        """An empty one, which servers that run as somebody else may look into."""
        made = self.folder / f"{name}-{secrets.token_hex(2)}"
        made.mkdir()
        made.chmod(0o755)
        return made

    @contextmanager
    def place(self) -> Iterator[Place]:
        """Where desks are set up without processes."""
        folder = self.new_folder("place")
        with servers.redis(folder / "redis") as port:
            yield Place(folder, self.migrated, self.empty, port)

    @contextmanager
    def desk(self, redis: str, database: str = "", **more: str) -> Iterator[Desk]:
        """A desk that is set up and not started, on a database of its own."""
        made = Desk(self.new_folder("desk"), database or self.migrated(), redis, **more)
        made.set_up()
        try:
            yield made
        finally:
            made.stop()


@contextmanager
def world() -> Iterator[World]:
    """One, gone with everything when the block ends."""
    may_mount = own_mounts()
    folder = Path(tempfile.mkdtemp(prefix="desk-real-"))
    folder.chmod(0o755)
    try:
        postgresql = PostgreSQL(folder)
        log = folder / "postgresql.log"
        with servers.running(postgresql.command, log, lambda: postgresql.answers("postgres"), postgresql.user):
            yield World(folder, postgresql, may_mount=may_mount)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
