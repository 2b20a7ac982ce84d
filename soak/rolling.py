"""From one release to the next while everything is in use: migrate first, then half of the processes, then the rest."""

import logging
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

import requests

from soak.links import HOST
from soak.processes import Supervised
from soak.releases import THIS_ONE
from soak.world import World, until

_KINDS = ("web", "worker", "scheduler")
_MIGRATE_AT, _HALF_AT, _REST_AT = 0.2, 0.35, 0.7
"""Shares of the time: before the first all is old, after the last all is new."""
_PATIENCE = 60.0
log = logging.getLogger("soak")


@dataclass
class Rolled:
    """How long the migration took, from which revision and with how many attempts, and how long both releases were at
    work, in seconds.
    """

    migrated_from: str = ""
    migrated_in: float = 0.0
    attempts: int = 0
    side_by_side: float = 0.0


def roll(world: World, seconds: float, over: threading.Event) -> Rolled:
    """Bring the world to this release within so many seconds. Raises TimeoutError where a step does not succeed."""
    began, rolled = time.monotonic(), Rolled()
    over.wait(seconds * _MIGRATE_AT)
    _migrate(world, rolled)
    over.wait(began + seconds * _HALF_AT - time.monotonic())
    mixed = time.monotonic()
    _renew(world, first=True)
    over.wait(began + seconds * _REST_AT - time.monotonic())
    _renew(world, first=False)
    rolled.side_by_side = time.monotonic() - mixed
    over.wait(began + seconds - time.monotonic())
    return rolled


def _migrate(world: World, rolled: Rolled) -> None:
    """`desk migrate`, again and again as a deployment does: under load it gives way."""
    began = time.monotonic()
    with world.postgresql.connect() as connection:
        [(rolled.migrated_from,)] = connection.execute("SELECT version_num FROM alembic_version").fetchall()

    def migrate() -> bool:
        rolled.attempts += 1
        command = [sys.executable, "-m", "webapp.cli", "migrate"]
        with (world.log / "migrate.log").open("ab") as written:
            around = {**world.supervisor.of("worker")[0].environment, **THIS_ONE}
            return subprocess.run(command, env=around, stdout=written, stderr=written, check=False).returncode == 0

    until(migrate, _PATIENCE)
    rolled.migrated_in = time.monotonic() - began
    log.info("migrated after %.1f s, in %d attempts", rolled.migrated_in, rolled.attempts)


def _renew(world: World, *, first: bool) -> None:
    """Start this release in place of half of the processes, one after the other; a web serves before the next ends."""
    for each in _half(world, first=first):
        starts = each.starts
        each.environment = {**each.environment, **THIS_ONE}
        each.send(signal.SIGTERM)
        until(lambda each=each, starts=starts: each.starts > starts and each.is_up, _PATIENCE)
        if each.kind == "web":
            until(lambda each=each: _serves(each), _PATIENCE)
        log.info("%s is of this release", each.name)


def _half(world: World, *, first: bool) -> Iterator[Supervised]:
    for kind in _KINDS:
        processes = world.supervisor.of(kind)
        middle = (len(processes) + 1) // 2
        yield from processes[:middle] if first else processes[middle:]


def _serves(web: Supervised) -> bool:
    port = web.environment["PORT"]
    return requests.get(f"http://{HOST}:{port}/readyz", timeout=2).status_code == 200
