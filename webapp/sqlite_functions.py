"""SQL functions that SQLite lacks: the digest of a batch of audit rows. PostgreSQL computes the same by itself."""

import hashlib


class RowsDigest:
    """SHA-256 over the lines in the order they come, joined by line feeds; hexadecimal."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._first = True

    def step(self, line: str) -> None:
        """Take one more line."""
        self._hash.update(line.encode() if self._first else b"\n" + line.encode())
        self._first = False

    def finalize(self) -> str:
        """The digest of everything taken."""
        return self._hash.hexdigest()
