"""Connections to PostgreSQL that the desk of one test leaves to the next one that uses the same database.

A new connection starts a process of the server's, which reads its catalogue and plans every statement anew: with two or
three of them a test, that was a third of what tests on PostgreSQL cost.
"""

from typing import Any

from sqlalchemy import Pool, event

from webapp.db import Database

_MOST = 4
"""Idle connections of one database that are kept."""
_left: dict[str, Pool | None] = {}
_processes: dict[str, set[int]] = {}


def keep(url: str) -> None:
    """Keep connections to this database from now on."""
    _left[url] = None
    _processes[url] = set()


def take(db: Database) -> None:
    """Give a desk that is not connected yet what the last one on its database left."""
    if db.url not in _left:
        return
    pool, _left[db.url] = _left[db.url], None
    if pool is not None:
        db.engine.pool = pool
        return
    mine = _processes[db.url]
    event.listen(db.engine.pool, "connect", lambda connection, _record: mine.add(connection.info.backend_pid))
    event.listen(db.engine.pool, "close", lambda connection, _record: mine.discard(connection.info.backend_pid))


def leave(db: Database) -> None:
    """Leave a desk's connections to the next; close them where some are busy, or there are many."""
    pool: Any = db.engine.pool
    if db.url not in _left or _left[db.url] or pool.checkedout() or pool.checkedin() > _MOST:
        db.close()
    else:
        _left[db.url] = pool


def of(url: str) -> list[int]:
    """The processes of the server behind them."""
    return sorted(_processes.get(url, ()))


def forget(url: str) -> None:
    """Close the connections to a database that is about to be removed."""
    pool = _left.pop(url, None)
    if pool is not None:
        pool.dispose()
