"""What on this machine stands in the way, said before anything is installed, each with what to do about it.

`make up` runs it first, with whichever Python there is: from 3.6, the standard library only. Exit 1 if something does.
"""

import errno
import importlib.util
import os
import platform
import re
import shutil
import socket
import sys
import sysconfig
import tempfile
from contextlib import closing
from urllib.parse import urlsplit
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]  # no stub has it

from package_manager import PYTHON, VENV, command_for

OLDEST, NEWEST = (3, 11), (3, 14)
SUPPORTED = "3.11, 3.12, 3.13 or 3.14"
READY_MADE_FOR = {("linux", "x86_64"), ("linux", "aarch64"), ("darwin", "arm64")}
NEEDED_MEGABYTES, NEEDED_WHILE_INSTALLING = 1500, 500
LONGEST_SOCKET = 107 if sys.platform == "linux" else 103
IN_ADDRESSES, IN_SCRIPTS = ":?%", '${}"`\\'
FROM_FILE = ("PORT", "VAR_DIR", "REDIS_URL")


def problems(folder, environment, goals):
    """What stands in the way of these goals, a sentence each. In the wrong system or Python, no more is looked at."""
    wrong = wrong_system(folder) or wrong_python()
    if wrong:
        return [wrong]
    environment = dict(settings_file(folder), **environment)
    var = os.path.abspath(os.path.join(folder, environment.get("VAR_DIR") or "var"))
    looks = [
        no_venv(),
        odd_path(folder, IN_ADDRESSES + IN_SCRIPTS) or odd_path(var, IN_ADDRESSES),
        not_writable(folder) or no_room_for_data(var) or full(folder) or full_temporary_folder(),
        long_path(var, environment),
        silent_proxy(environment),
        taken_port(environment.get("PORT", "")) if "up" in goals else "",
    ]
    return [said for said in looks if said]


def settings_file(folder):
    """What .env says of the settings that matter here, as the desk reads it."""
    try:
        with open(os.path.join(folder, ".env"), encoding="utf-8", errors="replace") as file:
            lines = re.findall(r"^\s*(?:export\s+)?(\w+)\s*=\s*(.*?)(?:\s+#.*)?\s*$", file.read(), re.MULTILINE)
    except OSError:
        return {}
    return {name.upper(): value.strip("\"'") for name, value in lines if name.upper() in FROM_FILE}


def wrong_system(folder):
    """Windows, or a system or processor that ready-made packages are not made for."""
    if os.name == "nt" or sys.platform in ("cygwin", "msys"):
        return "On Windows, Escrow Desk runs in WSL: `wsl --install`, then clone and start it there."
    if "microsoft" in platform.release().lower() and os.path.abspath(folder).startswith("/mnt/"):
        return "This folder is Windows' own. Clone into Linux's, such as ~: sockets and file rights are missing here."
    machine = platform.machine()
    if (sys.platform, machine) == ("darwin", "x86_64"):
        return (
            "This Python is made for Intel's processors, and some packages are not made for Macs with them any more. On"
            " a Mac with Apple's own, take a Python made for it, such as: make up PYTHON=/opt/homebrew/bin/python3.13"
        )
    if (sys.platform, machine) not in READY_MADE_FOR:
        here = f"{sys.platform} on {machine}"
        return f"Escrow Desk's packages are made for Linux on x86-64 and ARM64, and for macOS, not for {here}."
    if sys.platform == "linux" and "musl" in (sysconfig.get_config_var("HOST_GNU_TYPE") or ""):
        return "This Linux has musl, not glibc, as Alpine does, and some packages are not made for it. Take a Debian."
    if sys.platform == "linux" and platform.libc_ver()[0] == "glibc" and _glibc() < (2, 28):
        return f"This Linux is too old: its glibc is {platform.libc_ver()[1]}, and 2.28 is needed."
    return ""


def _glibc():
    return tuple(int(part) for part in platform.libc_ver()[1].split(".")[:2])


def wrong_python(version=sys.version_info):
    """A Python that is too old, too new or of another kind."""
    if not OLDEST <= version[:2] <= NEWEST:
        age = "too old" if version[:2] < OLDEST else "newer than what was tried"
        how = command_for(PYTHON, version) or "this system's packages have none; `uv python install 3.13` brings one."
        return f"Python {version[0]}.{version[1]} is {age}: Escrow Desk needs {SUPPORTED}. Install one: {how}"
    if sys.implementation.name != "cpython" or sysconfig.get_config_var("Py_GIL_DISABLED") or sys.maxsize < 2**32:
        return "This Python is not the usual 64-bit CPython: choose one, such as: make up PYTHON=/usr/bin/python3"
    return ""


def no_venv():
    """Debian and its children put parts of Python into a package of their own."""
    if importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip"):
        return ""
    command = command_for(VENV)
    how = "Install it: " + command if command else "Install it with this machine's package manager."
    return "This Python can't make an environment of its own (no venv or ensurepip). " + how


def odd_path(folder, in_the_way):
    """Spaces and letters of any language are fine; these have a meaning in addresses, in lists and in scripts."""
    odd = " and ".join(sorted(set(in_the_way) & set(os.path.abspath(folder))))
    return f"The path {folder} has {odd} in it, which would be read as something else: take one without." if odd else ""


def not_writable(folder):
    """A file is made and removed: rights alone don't tell of a disk that is read-only."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            return ""
    except OSError as problem:
        return f"Nothing can be written in {folder} ({problem.strerror}): clone into a folder of your own."


def no_room_for_data(var):
    """Where the data go may not be ours to write; network drives, and Windows' inside WSL, have no Unix sockets."""
    place = _existing(var)
    if not os.access(place, os.W_OK | os.X_OK):
        return f"Nothing can be written in {place}, where the data go: set VAR_DIR to a folder of your own."
    return no_sockets(place)


def no_sockets(place):
    """Whether a Unix socket can be made there."""
    name = f"s{os.getpid()}"
    before = os.open(".", os.O_RDONLY)
    try:
        os.chdir(place)
        with closing(socket.socket(socket.AF_UNIX)) as tried:
            tried.bind(name)
        os.unlink(name)
        return ""
    except OSError as problem:
        return f"No Unix socket can be made in {place} ({problem.strerror}): set VAR_DIR to a local folder."
    finally:
        os.fchdir(before)
        os.close(before)


def long_path(var, environment):
    """A socket's address has room for a hundred letters or so."""
    path = os.path.join(var, "redis", "redis.sock")
    if environment.get("REDIS_URL") or len(os.fsencode(path)) <= LONGEST_SOCKET:
        return ""
    long = f"{len(os.fsencode(path))} bytes, at most {LONGEST_SOCKET}"
    return f"The path {path} is too long for a socket ({long}): set VAR_DIR to a shorter folder."


def full(folder, needed=NEEDED_MEGABYTES, how="make room"):
    """Where there is less room than the installation takes."""
    free = shutil.disk_usage(folder).free // 2**20
    if free >= needed:
        return ""
    return f"The disk of {folder} has {free} MB free, and installing takes up to {needed} MB there: {how}."


def full_temporary_folder():
    """Packages are fetched into it, a few at a time; it is small where it is memory."""
    return full(tempfile.gettempdir(), NEEDED_WHILE_INSTALLING, "make room, or set TMPDIR to another folder")


def silent_proxy(environment):
    """A proxy is set for where packages come from, and nobody answers at its address."""
    packages = urlsplit(environment.get("PIP_INDEX_URL") or "").hostname
    if proxy_bypass_environment(packages or ""):
        return ""
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        value = environment.get(name)
        if not value:
            continue
        try:
            address = urlsplit(value if "//" in value else "//" + value)
            socket.create_connection((address.hostname, address.port or 80), timeout=2).close()
        except (OSError, ValueError) as problem:
            return f"{name} is set, and no proxy answers there ({problem}). Correct it, or `unset {name}`."
        return ""
    return ""


def taken_port(port):
    """The desk's port has a listener already, or isn't ours to use. What is no port at all, the settings say."""
    number = int(port) if port.isdigit() and port.isascii() else 8000
    if number > 65535:
        return ""
    problem = _why_not(number)
    if problem is None:
        return ""
    wrong = "is taken" if problem.errno == errno.EADDRINUSE else f"can't be used ({problem.strerror})"
    free = next((other for other in range(max(number, 1024) + 1, 65536) if _why_not(other) is None), 8000)
    return f"Port {number} {wrong}. Set PORT to a free one: make up PORT={free}"


def _why_not(port):
    with closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as problem:
            return problem
    return None


def _existing(path):
    while not os.path.isdir(path):
        path = os.path.dirname(path)
    return path


def main():
    """Say each problem. Exit 1 when there is one."""
    found = problems(os.getcwd(), os.environ, sys.argv[1:])
    for said in found:
        print(said, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
