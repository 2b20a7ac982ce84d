"""What to do about a database that can't be used, by what it, a pooler in front or this machine says."""

from typing import NamedTuple

DEFAULT = "Check DATABASE_URL, and that the server runs."


class _KnownMessage(NamedTuple):
    """Words of the message, in lower case, and what to do."""

    words: str
    do: str


_KNOWN = (
    _KnownMessage(
        "statement pooling mode",
        "PgBouncer stands in front with pool_mode = statement: set pool_mode = transaction, or session.",
    ),
    _KnownMessage(
        "query_wait_timeout",
        "PgBouncer stands in front and gave no connection in time: see that its server answers, or raise"
        " default_pool_size.",
    ),
    _KnownMessage("max_client_conn", "PgBouncer stands in front and takes no more clients: raise its max_client_conn."),
    _KnownMessage(
        "server login has been failing",
        "PgBouncer stands in front and its own sign-in at PostgreSQL fails: see its log, auth_file and auth_query.",
    ),
    _KnownMessage("bouncer config error", "PgBouncer stands in front: name this database in its section [databases]."),
    _KnownMessage("no such database", "PgBouncer stands in front: name this database in its section [databases]."),
    _KnownMessage("no such user", "PgBouncer stands in front: name this user in its auth_file."),
    _KnownMessage(
        "password authentication failed",
        "Check user and password in DATABASE_URL; where PgBouncer stands in front, its auth_file too.",
    ),
    _KnownMessage(
        "no password supplied", "Put the password into DATABASE_URL: postgresql://USER:PASSWORD@HOST/DATABASE."
    ),
    _KnownMessage("pg_hba.conf", "Let pg_hba.conf of the server take this user from this machine, and reload it."),
    _KnownMessage("does not exist", "Make it on the server, or mend the name in DATABASE_URL."),
    _KnownMessage(
        "too many clients", "Raise max_connections of the server, or put PgBouncer in front; see the handbook."
    ),
    _KnownMessage(
        "connection slots", "Raise max_connections of the server, or put PgBouncer in front; see the handbook."
    ),
    _KnownMessage("permission denied", "Give the role of DATABASE_URL its rights: it has to own the desk's tables."),
    _KnownMessage("certificate", "Name the CA in DATABASE_URL: ?sslmode=verify-full&sslrootcert=/path/to/ca.pem."),
    _KnownMessage(
        "does not support ssl",
        "The server, or PgBouncer, speaks no TLS: set it up there, or take sslmode from the URL.",
    ),
    _KnownMessage("read-write", "None of the hosts takes writes: promote a standby, or start the primary."),
    _KnownMessage("read-only", "None of the hosts takes writes: promote a standby, or start the primary."),
    _KnownMessage("resolve", "This machine does not know that host: mend the name in DATABASE_URL, or the DNS."),
    _KnownMessage("name or service not known", "This machine does not know that host: mend the name in DATABASE_URL."),
)


def what_to_do(message: str, otherwise: str = DEFAULT) -> str:
    """What an operator does about this message; what is to be said otherwise when it is not known."""
    lowered = message.lower()
    return next((each.do for each in _KNOWN if each.words in lowered), otherwise)
