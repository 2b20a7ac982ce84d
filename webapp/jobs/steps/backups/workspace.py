"""A folder for what lies on the disk while a backup is made, proven or restored; what dead processes left goes.

Whoever works in one holds the lock of its file, which the system lets go with the process, however that ends.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from webapp.private_files import private_folder

_FOLDER, _LOCK = "backup_work", "lock"


@contextmanager
def workspace(var_dir: Path) -> Iterator[Path]:
    """An empty folder of this process's own, gone afterwards."""
    parent = private_folder(var_dir / _FOLDER)
    sweep(var_dir)
    folder = Path(tempfile.mkdtemp(dir=parent))
    try:
        with (folder / _LOCK).open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sweep(var_dir: Path) -> None:
    """Remove the folders of processes that are gone."""
    for folder in (var_dir / _FOLDER).glob("*"):
        with suppress(FileNotFoundError):
            if is_free(folder / _LOCK):
                shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def part_file(final: Path) -> Iterator[tuple[BinaryIO, Path]]:
    """A new file beside the one that is to be, only for its owner and locked while it is written; gone afterwards."""
    part = final.with_name(f".{final.name}.{os.getpid()}.part")
    with open(os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        try:
            yield stream, part
        finally:
            part.unlink(missing_ok=True)


def sweep_parts(folder: Path) -> None:
    """Remove unfinished files of processes that are gone."""
    for part in folder.glob(".*.part"):
        with suppress(FileNotFoundError):
            if is_free(part):
                part.unlink(missing_ok=True)


def is_free(file: Path) -> bool:
    """Whether no process holds the lock of this file. Raises FileNotFoundError."""
    with file.open("rb") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def sync_folder(folder: Path) -> None:
    """Keep the names in a folder, too, when the power goes."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
