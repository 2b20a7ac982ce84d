"""The folder that one `desk up` has to itself, its port, and the secret it keeps there."""

import errno
import fcntl
import os
import secrets
import socket
from pathlib import Path
from typing import IO

from webapp.errors import Conflict
from webapp.private_files import private_folder
from webapp.settings import KEY_FILE, Settings, load_settings


def claim(folder: Path) -> IO[str]:
    """Take the folder for this process. Raises Conflict when another `desk up` has it; released when this one ends."""
    lock = (private_folder(folder) / "up.lock").open("a+")
    try:
        # Not flock: the processes that are forked from this one would hold that too.
        fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.seek(0)
        owner = lock.read().strip() or "unknown"
        raise Conflict(
            f"Escrow Desk runs from {folder} already, as process {owner}. Stop it, or set VAR_DIR."
        ) from None
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def check_port(port: int) -> None:
    """Raise Conflict when something listens on the port already, or we may not."""
    problem = _bind_error(port)
    if problem is None:
        return
    wrong = "is taken" if problem.errno == errno.EADDRINUSE else f"can't be used ({problem.strerror})"
    free = next((other for other in range(max(port, 1024) + 1, 65536) if _bind_error(other) is None), 8000)
    raise Conflict(f"Port {port} {wrong}. Set PORT to a free one, such as PORT={free}.")


def _bind_error(port: int) -> OSError | None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as problem:
            return problem
    return None


def with_secret(settings: Settings) -> Settings:
    """The settings with a secret key of their own, made once and kept in the folder."""
    if settings.has_own_secret:
        return settings
    file = settings.var_dir / KEY_FILE
    if not file.exists():
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as kept:
            kept.write(secrets.token_urlsafe(48))
    return load_settings()
