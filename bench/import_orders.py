"""`desk import orders` against the bare copying of the same rows into the same tables, triggers included."""

import random
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.places import KINDS, scratch
from bench.table import Ratio, Ratios, show
from webapp.domain.actors import Actor
from webapp.domain.permissions import ALL_PERMISSIONS
from webapp.importers.orders import import_orders
from webapp.runtime import Runtime

LINES = 100_000
ROUNDS = 3
_FIRST = ("party", "account", "purchase_order", "escrow")
TABLES = {"postgresql": (*_FIRST, "transfer", "entry"), "sqlite": (*_FIRST, "entry", "transfer")}
"""In the order in which each database's own checks want them."""

_BARE = {"postgresql": "copy", "sqlite": "executemany"}


def run() -> Ratios:
    """The ratios, lines per second of the import over lines per second of the bare copy; medians of rounds."""
    with tempfile.TemporaryDirectory(prefix="escrow-bench-") as folder:
        file = Path(folder) / "orders.csv"
        write_orders(file, LINES)
        return {f"import-{kind}-against-{_BARE[kind]}": _compare(kind, file) for kind in KINDS}


def write_orders(file: Path, count: int) -> None:
    """A backlog of so many orders: nine in ten are paid, in five currencies."""
    chance, now = random.Random(20), datetime.now(UTC).replace(microsecond=0)
    with file.open("w", encoding="utf-8") as out:
        out.write("order_ref,buyer_ref,seller_ref,amount,currency,created_at,paid_at\n")
        for number in range(count):
            created = now - timedelta(hours=2, seconds=chance.randrange(20 * 86_400))  # paid by now, too
            paid = (created + timedelta(hours=1)).isoformat() if chance.random() < 0.9 else ""
            parties = f"buyer-{chance.randrange(5_000)},seller-{chance.randrange(2_000)}"
            money = f"{chance.randrange(1_000, 900_000)},{chance.choice(('NGN', 'RWF', 'KES', 'PHP', 'USD'))}"
            out.write(f"ORD-{number:07},{parties},{money},{created.isoformat()},{paid}\n")


def _compare(kind: str, file: Path) -> Ratio:
    rounds = [_round(kind, file) for _ in range(ROUNDS)]
    ours, bare = (statistics.median(LINES / seconds for seconds in column) for column in zip(*rounds, strict=True))
    return Ratio.of_figures(ours, bare, "imported lines per second", f"lines per second by bare {_BARE[kind]}")


def _round(kind: str, file: Path) -> tuple[float, float]:
    with scratch(kind) as runtime:
        started = time.perf_counter()
        found = import_orders(runtime, file, actor=Actor("cli", None, "bench", ALL_PERMISSIONS))
        ours = time.perf_counter() - started
        if found.imported != LINES:
            raise RuntimeError(f"{found.imported} of {LINES} lines were imported: {found}")
        with scratch(kind) as empty:
            return ours, (_copy if kind == "postgresql" else _insert)(runtime, empty)


def _copy(full: Runtime, empty: Runtime) -> float:
    texts = {table: _copied_out(full, table) for table in TABLES["postgresql"]}
    connection: Any = empty.db.engine.raw_connection()
    with connection, connection.driver_connection.cursor() as cursor:
        started = time.perf_counter()
        for table, text in texts.items():
            with cursor.copy(f"COPY {table} FROM STDIN") as copy:
                copy.write(text)
        connection.commit()
        return time.perf_counter() - started


def _copied_out(full: Runtime, table: str) -> bytes:
    connection: Any = full.db.engine.raw_connection()
    with connection, connection.driver_connection.cursor() as cursor, cursor.copy(f"COPY {table} TO STDOUT") as copy:
        return b"".join(bytes(part) for part in copy)


def _insert(full: Runtime, empty: Runtime) -> float:
    source: Any = full.db.engine.raw_connection().driver_connection
    rows = {table: source.execute(f"SELECT * FROM {table}").fetchall() for table in TABLES["sqlite"]}
    target: Any = empty.db.engine.raw_connection().driver_connection
    started = time.perf_counter()
    target.execute("BEGIN IMMEDIATE")
    for table, found in rows.items():
        target.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(found[0]))})", found)
    target.execute("COMMIT")
    return time.perf_counter() - started


if __name__ == "__main__":
    show(run())
