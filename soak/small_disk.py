"""A file system of one's own, of bounded size, that can be filled up: in memory, seen by this process and its children.

It needs the right to mount, which root has, and anybody in a user namespace of their own where the machine allows
those. It goes with the last process that sees it, however that ends.
"""

import ctypes
import os
from contextlib import suppress
from pathlib import Path

_NEWNS, _NEWUSER = 0x00020000, 0x10000000
_PRIVATE, _RECURSIVE, _DETACH = 1 << 18, 1 << 14, 2
_READ_ONLY, _REMOUNT = 1, 1 << 5
_TRIES = 20
_libc = ctypes.CDLL(None, use_errno=True)


def own_mounts() -> bool:
    """Let this process and its children mount what nobody else sees; False where that is not allowed.

    Only before it has threads: each thread has its own view.
    """
    who = os.getuid(), os.getgid()
    if _libc.unshare(_NEWNS) != 0:
        if _libc.unshare(_NEWNS | _NEWUSER) != 0:
            return False
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{who[0]} {who[0]} 1")
        Path("/proc/self/gid_map").write_text(f"{who[1]} {who[1]} 1")
    return bool(_libc.mount(b"none", b"/", None, _PRIVATE | _RECURSIVE, None) == 0)


class SmallDisk:
    """One in this folder, which is made. Raises OSError where it may not be mounted."""

    def __init__(self, folder: Path, size: int) -> None:
        self.folder = folder
        folder.mkdir()
        if _libc.mount(b"tmpfs", os.fsencode(folder), b"tmpfs", 0, f"size={size},mode=755".encode()) != 0:
            raise OSError(ctypes.get_errno(), "may not be mounted", str(folder))
        self._filler = folder / "full"

    def fill(self) -> bool:
        """Take all the room that is left; whether there is none then."""
        with self._filler.open("ab") as filler:
            for _ in range(_TRIES):
                if not (left := self.left()):
                    break
                with suppress(OSError):  # who writes to it now was quicker
                    os.posix_fallocate(filler.fileno(), filler.seek(0, os.SEEK_END), left)
        return self.left() == 0

    def left(self) -> int:
        """Bytes that could still be written."""
        found = os.statvfs(self.folder)
        return found.f_bavail * found.f_frsize

    def make_room(self) -> None:
        """Give the room back."""
        self._filler.unlink(missing_ok=True)

    def read_only(self, yes: bool) -> None:
        """Let it take no writes, or take them again. Raises OSError while a file on it is open for writing."""
        flags = _REMOUNT | (_READ_ONLY if yes else 0)
        if _libc.mount(None, os.fsencode(self.folder), None, flags, None) != 0:
            raise OSError(ctypes.get_errno(), "can't be mounted anew", str(self.folder))

    def close(self) -> None:
        """Let it be gone with everything on it."""
        _libc.umount2(os.fsencode(self.folder), _DETACH)
