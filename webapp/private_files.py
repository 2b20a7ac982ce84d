"""What the desk keeps on disk is for the user that runs it alone: names, accounts and evidence of other people."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

UMASK = 0o077
_OTHERS = 0o077


def start_private() -> None:
    """From now on this process and its children make files that only their owner can use. Called first by each."""
    os.umask(UMASK)


def private_folder(folder: Path) -> Path:
    """The folder, made if need be; one that others could look into is closed to them (0700)."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    _close(folder)
    return folder


@contextmanager
def private_text(file: Path) -> Iterator[TextIO]:
    """A text to write into this file, whatever was in it; only its owner can read it (0600)."""
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as stream:
        _close(file)
        yield stream


def private_database(file: Path) -> None:
    """Close a database's file to others (0600), before SQLite makes its companions with the same rights."""
    if not file.exists():
        with suppress(FileExistsError):
            os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    for each in (file, *(file.with_name(file.name + suffix) for suffix in ("-wal", "-shm"))):
        _close(each)


def _close(path: Path) -> None:
    """Somebody else's file stays as its owner wants it."""
    with suppress(FileNotFoundError, PermissionError):
        rights = path.stat().st_mode & 0o777
        if rights & _OTHERS:
            path.chmod(rights & ~_OTHERS)
