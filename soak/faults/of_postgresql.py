"""What befalls PostgreSQL: each a fault of its own; all but the end of sessions one at a time."""

import signal
from collections.abc import Iterator
from contextlib import suppress

import psutil
import psycopg

from soak.faults.registry import kind, picked, require
from soak.faults.script import Planned
from soak.world import World, until


@kind(5.0)
def postgresql_sessions_ended(world: World, planned: Planned) -> Iterator[None]:
    """Some or all sessions of the database are ended."""
    share = picked(planned, (0.3, 0.6, 1.1))
    require(until(lambda: world.postgresql.terminate_backends(share) + 1, 20) > 1, "nobody was connected")
    yield


@kind(0.6, alone="postgresql")
def postgresql_restarted(world: World, planned: Planned) -> Iterator[None]:
    """The database is ended quickly, and is down for a while."""
    server = world.supervisor.of("postgresql")[0]
    server.held = True
    try:
        server.send(signal.SIGINT)
        yield
    finally:
        server.held = False
    until(world.postgresql.answers, 30)


@kind(0.6, alone="postgresql")
def postgresql_crashed(world: World, planned: Planned) -> Iterator[None]:
    """The database's first process dies at once, or crashes with all others."""
    server = world.supervisor.of("postgresql")[0]
    require(server.send(picked(planned, (signal.SIGKILL, signal.SIGQUIT))))
    yield
    until(world.postgresql.answers, 30)


@kind(1.0, alone="postgresql")
def postgresql_frozen(world: World, planned: Planned) -> Iterator[None]:
    """Every process of the database stands still for a while."""
    processes = world.postgresql.processes()
    require(bool(processes))
    for process in processes:
        process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            with suppress(psutil.Error):
                process.send_signal(signal.SIGCONT)


@kind(1.0, alone="postgresql")
def postgresql_read_only(world: World, planned: Planned) -> Iterator[None]:
    """The database takes no writes, as a standby."""
    world.postgresql.read_only(True)
    try:
        yield
    finally:
        world.postgresql.read_only(False)


@kind(1.0, alone="postgresql")
def postgresql_disk_full(world: World, planned: Planned) -> Iterator[None]:
    """The file system of its data is full for a while; half of the time its log of writes needs a new file then."""
    disk = world.postgresql.disk
    require(disk is not None, "this machine lets nobody have a file system of their own")
    assert disk is not None
    try:
        require(disk.fill(), "there was room left")
        if picked(planned, (True, False)):
            with suppress(psycopg.Error):
                world.postgresql.begin_a_new_log_file()
        yield
        yield
    finally:
        disk.make_room()
    until(world.postgresql.answers, 60)
