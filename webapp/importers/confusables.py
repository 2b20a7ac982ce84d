"""References of a file that look like others, of the file or of the desk: each is taken, with a warning."""

import sqlite3
from collections.abc import Iterator

from sqlalchemy import select

from webapp.db import Database
from webapp.domain.confusables import difference, skeleton
from webapp.importers.order_records import OrderRecord
from webapp.models import Order, Party

TABLES = """
CREATE TABLE look (kind, ref, skeleton, line, name, known DEFAULT 0, PRIMARY KEY (kind, ref)) WITHOUT ROWID;
CREATE TABLE alike (line, name, ref, other, place);
"""
_ADD = "INSERT OR IGNORE INTO look (kind, ref, skeleton, line, name) VALUES (?, ?, ?, ?, ?)"
_IN_FILE = """
INSERT INTO alike
SELECT later.line, later.name, later.ref, first.ref, 'line ' || first.line FROM look AS later
JOIN look AS first ON first.kind = later.kind AND first.skeleton = later.skeleton AND first.ref <> later.ref
WHERE first.line < later.line OR (first.line = later.line AND first.name < later.name)
"""
_ON_DESK = """
INSERT INTO alike SELECT line, name, ref, :ref, 'the desk' FROM look
WHERE kind = :kind AND skeleton = :skeleton AND ref <> :ref
"""
_KNOWN = "UPDATE look SET known = 1 WHERE kind = :kind AND ref = :ref"
_FOUND = """
SELECT alike.line, alike.name, alike.ref, alike.other, alike.place FROM alike
JOIN look ON look.ref = alike.ref AND look.name = alike.name AND look.line = alike.line
WHERE NOT look.known AND alike.line NOT IN (SELECT line FROM problem)
GROUP BY alike.line, alike.name, alike.other ORDER BY alike.line, alike.name
"""
_BATCH = 20_000


def add(lines: sqlite3.Connection, rows: list[OrderRecord]) -> None:
    """Keep the references of lines."""
    lines.execute("BEGIN")
    lines.executemany(_ADD, _references(rows))
    lines.execute("COMMIT")


def compare(lines: sqlite3.Connection, db: Database) -> None:
    """Hold them against each other, and against every reference of the desk; what is there itself is no news."""
    if lines.execute("SELECT 1 FROM look LIMIT 1").fetchone() is None:
        return
    lines.execute("CREATE INDEX look_skeleton ON look (kind, skeleton)")
    lines.execute(_IN_FILE)
    for kind, model in (("order", Order), ("party", Party)):
        for refs in _refs(db, model):
            rows = [{"kind": kind, "ref": ref, "skeleton": skeleton(ref)} for ref in refs]
            lines.execute("BEGIN")
            lines.executemany(_ON_DESK, rows)
            lines.executemany(_KNOWN, rows)
            lines.execute("COMMIT")


def warnings(lines: sqlite3.Connection) -> Iterator[tuple[int, str]]:
    """Line and sentence of each, in order."""
    for line, name, ref, other, place in lines.execute(_FOUND):
        where = "on the desk" if place == "the desk" else f"on {place}"
        yield line, f"{name} {ref!r} looks like {other!r} {where}: {difference(ref, other)}. It is taken as another"


def _references(rows: list[OrderRecord]) -> Iterator[tuple[str, str, str, int, str]]:
    for row in rows:
        for kind, name, ref in (
            ("order", "order_ref", row.ref),
            ("party", "buyer_ref", row.buyer),
            ("party", "seller_ref", row.seller),
        ):
            yield kind, ref, skeleton(ref), row.line, name


def _refs(db: Database, model: type[Order] | type[Party]) -> Iterator[list[str]]:
    """Every reference, so many at a time; each batch reads in a session of its own."""
    last = 0
    while True:
        with db.reading() as session:
            query = select(model.id, model.ref).where(model.id > last).order_by(model.id).limit(_BATCH)
            rows = session.execute(query).all()
        if not rows:
            return
        last = rows[-1].id
        yield [row.ref for row in rows]
