"""The staging file of one import: what is too much for memory lies in a private SQLite file that goes when it ends."""

from collections.abc import Iterable, Iterator

from webapp.db import Database
from webapp.importers import confusables
from webapp.importers.order_records import OrderRecord
from webapp.importers.staging_database import StagingDatabase

_FIELDS = ", ".join(OrderRecord._fields)
_TABLES = f"""
CREATE TABLE row ({_FIELDS.replace("line,", "line INTEGER PRIMARY KEY,", 1)}, state DEFAULT 'new');
CREATE TABLE problem (line INTEGER PRIMARY KEY, reason TEXT NOT NULL);
CREATE TABLE party (ref, currency, PRIMARY KEY (ref, currency)) WITHOUT ROWID;
{confusables.TABLES}"""
_ADD = f"INSERT INTO row ({_FIELDS}) VALUES ({', '.join('?' * len(OrderRecord._fields))})"
_ADD_BAD = "INSERT INTO row (line, ref, state) VALUES (?, ?, 'bad')"
_ADD_PROBLEM = (
    "INSERT INTO problem VALUES (?, ?) ON CONFLICT (line) DO UPDATE SET reason = reason || '; ' || excluded.reason"
)
_COMPARED = {
    "buyer": "buyer_ref",
    "seller": "seller_ref",
    "amount": "amount",
    "currency": "currency",
    "fee": "fee",
    "policy": "policy",
    "created_at": "created_at",
    "paid_at": "paid_at",
    "completed_at": "completed_at",
    "release_at": "release_at",
    "tenant": "tenant_ref",
}
"""What lines of one order must agree about, and its column in the file."""
_DIFFERS = " || ".join(
    f"iif(count(DISTINCT coalesce({field}, '')) > 1, ', {column}', '')" for field, column in _COMPARED.items()
)
_DISAGREEING = f"""
INSERT INTO problem
SELECT row.line, 'order_ref ''' || row.ref || ''' is on ' || same.lines || ' lines, from line ' || same.first
    || ' to line ' || same.last || iif(same.bad, ', of which some can''t be used',
    ', which disagree about ' || substr(same.differs, 3))
FROM (
    SELECT ref, count(*) AS lines, min(line) AS first, max(line) AS last, max(state = 'bad') AS bad,
        {_DIFFERS} AS differs
    FROM row WHERE ref IN (SELECT ref FROM row GROUP BY ref HAVING count(*) > 1)
    GROUP BY ref HAVING differs <> '' OR bad
) AS same
JOIN row ON row.ref = same.ref
WHERE true ON CONFLICT (line) DO UPDATE SET reason = reason || '; ' || excluded.reason
"""
_DOUBLES = """
INSERT INTO problem
SELECT row.line, 'order_ref ''' || row.ref || ''' is on line ' || first.line || ' already'
FROM (SELECT ref, min(line) AS line FROM row WHERE state <> 'bad' GROUP BY ref HAVING count(*) > 1) AS first
JOIN row ON row.ref = first.ref AND row.line > first.line AND row.state <> 'bad'
WHERE true ON CONFLICT (line) DO UPDATE SET reason = reason || '; ' || excluded.reason
"""
_PARTIES = """
INSERT OR IGNORE INTO party SELECT buyer, currency FROM row WHERE state = 'new'
UNION ALL SELECT seller, currency FROM row WHERE state = 'new'
"""


class StagingFile(StagingDatabase):
    """The lines of one file while they are checked and loaded."""

    tables = _TABLES

    def add(self, rows: list[OrderRecord]) -> None:
        """Keep good lines."""
        self._many(_ADD, rows)
        confusables.add(self._db, rows)

    def reject(self, problems: Iterable[tuple[int, str]], refs: Iterable[tuple[int, str]] = ()) -> None:
        """Keep what is wrong with lines, and the references of such lines, which still count as used."""
        self._many(_ADD_PROBLEM, problems)
        self._many(_ADD_BAD, refs)

    def reject_duplicates(self) -> None:
        """Reject all lines of an order that disagree about it, and of those that agree all but the first."""
        self._db.execute("CREATE INDEX row_ref ON row (ref, line)")
        self._db.execute(_DISAGREEING)
        self.settle()
        self._db.execute(_DOUBLES)
        self.settle()

    def settle(self) -> None:
        """Take the rejected lines out of what will be loaded."""
        self._db.execute("UPDATE row SET state = 'bad' WHERE state <> 'bad' AND line IN (SELECT line FROM problem)")

    def mark_unchanged(self, lines: Iterable[int]) -> None:
        """These are in the database already, as they are in the file."""
        self._many("UPDATE row SET state = 'unchanged' WHERE line = ?", ((line,) for line in lines))

    def mark_updates(self, lines: Iterable[int]) -> None:
        """These know more of an order that is in the database."""
        self._many("UPDATE row SET state = 'update' WHERE line = ?", ((line,) for line in lines))

    def find_confusables(self, db: Database) -> None:
        """Find the references that look like others."""
        confusables.compare(self._db, db)

    def warnings(self) -> Iterator[tuple[int, str]]:
        """Line and sentence of each reference that looks like another, in order."""
        return confusables.warnings(self._db)

    def batches(self, size: int, state: str = "new") -> Iterator[list[OrderRecord]]:
        """The lines of a state, in order, so many at a time: those that are neither rejected nor there already."""
        last = 0
        find = f"SELECT {_FIELDS} FROM row WHERE state = ? AND line > ? ORDER BY line LIMIT ?"
        while found := self._db.execute(find, (state, last, size)).fetchall():
            last = found[-1][0]
            yield [OrderRecord._make(row) for row in found]

    def parties(self, size: int) -> Iterator[list[tuple[str, list[str]]]]:
        """Each party of the lines to load with its currencies, so many parties at a time."""
        self._db.execute(_PARTIES)
        last = ""
        find = "SELECT ref, group_concat(currency) FROM party WHERE ref > ? GROUP BY ref ORDER BY ref LIMIT ?"
        while found := self._db.execute(find, (last, size)).fetchall():
            last = found[-1][0]
            yield [(ref, currencies.split(",")) for ref, currencies in found]

    def problems(self) -> Iterator[tuple[int, str]]:
        """Line and reason of every rejected line, in order."""
        return self._db.execute("SELECT line, reason FROM problem ORDER BY line")

    def count(self, state: str) -> int:
        """How many lines are `new`, `update`, `unchanged` or `bad`: those too that could not even be read."""
        if state == "bad":
            return self._number("SELECT count(*) FROM problem")
        return self._number(f"SELECT count(*) FROM row WHERE state = '{state}'")

    def held(self) -> dict[str, int]:
        """What the new lines that are paid hold: minor units per currency."""
        asked = "SELECT currency, sum(amount) FROM row WHERE state = 'new' AND paid_at IS NOT NULL GROUP BY currency"
        return dict(self._db.execute(asked).fetchall())

    def _number(self, question: str) -> int:
        found: int = self._db.execute(question).fetchone()[0]
        return found
