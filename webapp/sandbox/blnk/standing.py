"""Blnk's database as a whole: backed up, put back as it was then, or lost."""

import json

from webapp.sandbox.core.sandbox import Sandbox

_BACKUP = "backup of blnk"
_OURS = "kind LIKE 'blnk.%'"
_COLUMNS = "number, kind, key, parent, at, data"


def back_up(box: Sandbox) -> int:
    """Keep everything as it is now, instead of an earlier backup; how many rows it has."""
    with box.books.writing():
        rows = box.books.execute(f"SELECT {_COLUMNS} FROM things WHERE {_OURS}")
        box.books.execute("DELETE FROM things WHERE kind = ?", (_BACKUP,))
        box.books.add(_BACKUP, "last", {"rows": json.dumps(rows)})
    return len(rows)


def restore(box: Sandbox) -> int:
    """Everything as it was at the last backup: what came after it is gone, as if it had never been."""
    with box.books.writing():
        kept = box.books.get(_BACKUP, "last")
        lose(box)
        rows = json.loads(kept.data["rows"]) if kept else []
        for row in rows:
            box.books.execute(f"INSERT INTO things ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)", row)
    return len(rows)


def lose(box: Sandbox) -> None:
    """An empty database, with the same keys of its server."""
    box.books.execute(f"DELETE FROM things WHERE {_OURS}")
    box.books.execute("DELETE FROM tasks WHERE what LIKE 'blnk.%'")
