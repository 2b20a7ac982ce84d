"""A PostgreSQL that is away, takes no change, or has not what the desk needs."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from real import servers
from real.place import Place, ask
from real.setups.registry import BrokenSetup
from webapp import migrations
from webapp.database_address import libpq_address

_LOCKED_OUT = "local all locked_out scram-sha-256"


def _as(url: str, who: str) -> str:
    return url.replace("//postgres@", f"//{who}@", 1)


def _name(url: str) -> str:
    return urlsplit(url).path.lstrip("/")


@contextmanager
def _away(place: Place) -> Iterator[Mapping[str, str]]:
    yield {"DATABASE_URL": f"postgresql://postgres@127.0.0.1:{servers.free_port()}/desk"}


@contextmanager
def _all_away(place: Place) -> Iterator[Mapping[str, str]]:
    yield {
        "DATABASE_URL": f"postgresql://postgres@127.0.0.1:{servers.free_port()},127.0.0.1:{servers.free_port()}/desk"
    }


@contextmanager
def _no_such_host(place: Place) -> Iterator[Mapping[str, str]]:
    yield {"DATABASE_URL": "postgresql://postgres@database.invalid/desk"}


@contextmanager
def _wrong_password(place: Place) -> Iterator[Mapping[str, str]]:
    url = place.database()
    with psycopg.connect(libpq_address(url), autocommit=True) as connection:
        row = connection.execute("SHOW hba_file").fetchone()
        assert row is not None
        rules = Path(row[0])
        if _LOCKED_OUT not in rules.read_text():
            rules.write_text(f"{_LOCKED_OUT}\n{rules.read_text()}")
        connection.execute("SELECT pg_reload_conf()")
        connection.execute("DROP ROLE IF EXISTS locked_out")
        connection.execute("CREATE ROLE locked_out LOGIN PASSWORD 'right'")
    yield {"DATABASE_URL": _as(url, "locked_out:wrong")}


@contextmanager
def _no_such_database(place: Place) -> Iterator[Mapping[str, str]]:
    url = place.database()
    yield {"DATABASE_URL": url.replace(f"/{_name(url)}?", "/not_there?")}


@contextmanager
def _read_only(place: Place) -> Iterator[Mapping[str, str]]:
    url = place.own_database()
    ask(url, f"ALTER DATABASE {_name(url)} SET default_transaction_read_only = on")
    yield {"DATABASE_URL": url}


@contextmanager
def _may_only_read(place: Place) -> Iterator[Mapping[str, str]]:
    url = place.own_database()
    ask(url, "DROP ROLE IF EXISTS only_reads", "CREATE ROLE only_reads LOGIN", "GRANT pg_read_all_data TO only_reads")
    yield {"DATABASE_URL": _as(url, "only_reads")}


@contextmanager
def _empty(place: Place) -> Iterator[Mapping[str, str]]:
    yield {"DATABASE_URL": place.empty()}


@contextmanager
def _older(place: Place) -> Iterator[Mapping[str, str]]:
    url = place.own_database()
    ask(url, f"UPDATE alembic_version SET version_num = '{int(migrations.newest()) - 1:04}'")
    yield {"DATABASE_URL": url}


@contextmanager
def _newer(place: Place) -> Iterator[Mapping[str, str]]:
    url = place.own_database()
    ask(url, "UPDATE alembic_version SET version_num = '9999'", "ALTER TABLE party DROP COLUMN name CASCADE")
    yield {"DATABASE_URL": url}


SETUPS = (
    BrokenSetup("the database is away", _away, "database", ("onnection refused", "DATABASE_URL")),
    BrokenSetup("each of several hosts is away", _all_away, "database", ("onnection", "refused", "DATABASE_URL")),
    BrokenSetup("the database's host is not known", _no_such_host, "database", ("database.invalid", "DATABASE_URL")),
    BrokenSetup("the database's password is wrong", _wrong_password, "database", ("password", "locked_out")),
    BrokenSetup("there is no such database", _no_such_database, "database", ("not_there", "does not exist")),
    BrokenSetup("the database is read-only", _read_only, "writes", ("read-only",)),
    BrokenSetup(
        "the database's role may only read",
        _may_only_read,
        "writes",
        ("permission denied", "role", "own the desk's tables"),
    ),
    BrokenSetup("the database is empty", _empty, "migrations", ("empty", "desk migrate")),
    BrokenSetup("the database's schema is older", _older, "migrations", ("needs", "desk migrate")),
    BrokenSetup("the database's schema is too new", _newer, "migrations", ("newer", "party.name", "newer version")),
)
