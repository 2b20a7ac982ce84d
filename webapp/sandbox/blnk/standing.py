"""Blnk's database as a whole: backed up, put back as it was then, or lost."""

import json

from webapp.sandbox.core.sandbox import Sandbox

_BACKUP = "backup of blnk"
_OURS = "kind LIKE 'blnk.%'"
_COLUMNS = "number, kind, key, parent, at, data"


def back_up(sandbox: Sandbox) -> int:
    """Keep everything as it is now, instead of an earlier backup; how many rows it has."""
    with sandbox.store.writing():
        rows = sandbox.store.execute(f"SELECT {_COLUMNS} FROM things WHERE {_OURS}")
        sandbox.store.execute("DELETE FROM things WHERE kind = ?", (_BACKUP,))
        sandbox.store.add(_BACKUP, "last", {"rows": json.dumps(rows)})
    return len(rows)


def restore(sandbox: Sandbox) -> int:
    """Everything as it was at the last backup: what came after it is gone, as if it had never been."""
    with sandbox.store.writing():
        kept = sandbox.store.get(_BACKUP, "last")
        lose(sandbox)
        rows = json.loads(kept.data["rows"]) if kept else []
        for row in rows:
            sandbox.store.execute(f"INSERT INTO things ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)", row)
    return len(rows)


def lose(sandbox: Sandbox) -> None:
    """An empty database, with the same keys of its server."""
    sandbox.store.execute(f"DELETE FROM things WHERE {_OURS}")
    sandbox.store.execute("DELETE FROM tasks WHERE what LIKE 'blnk.%'")
