"""A PgBouncer that is set otherwise than the handbook says, or has nothing behind it."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from real import servers
from real.packages import PGBOUNCER
from real.place import Place
from real.setups.registry import Break, BrokenSetup


def _with_settings(**settings: str) -> Break:
    """A PgBouncer before the sound database, with these settings over those of the handbook."""

    @contextmanager
    def begin(place: Place) -> Iterator[Mapping[str, str]]:
        with servers.pgbouncer(place.new_folder(), place.database(), **settings) as url:
            yield {"DATABASE_URL": url}

    return begin


@contextmanager
def _no_server_behind(place: Place) -> Iterator[Mapping[str, str]]:
    nowhere = place.new_folder()
    shutil.chown(nowhere, servers.owner_of(place.database()))
    behind = f"postgresql://postgres@/desk?host={nowhere}"
    with servers.pgbouncer(place.new_folder(), behind, server_login_retry="1", query_wait_timeout="1") as url:
        yield {"DATABASE_URL": url}


@contextmanager
def _no_such_database(place: Place) -> Iterator[Mapping[str, str]]:
    with servers.pgbouncer(place.new_folder(), place.database()) as url:
        yield {"DATABASE_URL": f"{url}_other"}


@contextmanager
def _no_such_user(place: Place) -> Iterator[Mapping[str, str]]:
    folder = place.new_folder()
    (folder / "userlist.txt").write_text('"somebody" "else"\n')
    settings = {"auth_type": "plain", "auth_file": str(folder / "userlist.txt")}
    with servers.pgbouncer(folder, place.database(), **settings) as url:
        yield {"DATABASE_URL": url.replace("//desk@", "//desk:wrong@")}


def _pooler(name: str, begin: Break, *names: str) -> BrokenSetup:
    return BrokenSetup(name, begin, "database", names, needs=PGBOUNCER)


SETUPS = (
    _pooler("PgBouncer pools statements", _with_settings(pool_mode="statement"), "statement pooling", "pool_mode"),
    _pooler("PgBouncer finds no server", _no_server_behind, "PgBouncer"),
    _pooler("PgBouncer knows no such database", _no_such_database, "[databases]", "PgBouncer"),
    _pooler("PgBouncer knows no such user", _no_such_user, "authentication", "PgBouncer"),
    _pooler("PgBouncer takes no more clients", _with_settings(max_client_conn="0"), "no more connections", "PgBouncer"),
)
