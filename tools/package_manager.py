"""The command that installs a Python on this machine, found by looking at the machine.

Runs on any Python from 3.6, before anything is installed: the standard library only.
"""

import os
import re
import shutil
import subprocess
import sys

PYTHON, VENV = "python", "venv"
_VERSIONS = ("3.14", "3.13", "3.12", "3.11")


def command_for(what, python=sys.version_info):
    """The one command that brings this here; an empty text where no package manager is known, or it has none."""
    for manager, (say, names) in _MANAGERS.items():
        if shutil.which(manager):
            found = names(what, python)
            return _as_root(manager, [*_first_look(manager), f"{say} {found}"]) if found else ""
    if sys.platform == "darwin":
        return f"install Homebrew (https://brew.sh), then: brew install {_brew(what, python)}"
    return ""


def _first_look(manager):
    """A fresh Debian knows no packages before it has looked once, but those that it has."""
    return ["apt update"] if manager == "apt-get" and not _apt_has(["python3-venv"]) else []


def _as_root(manager, commands):
    if manager == "brew" or os.geteuid() == 0:
        return " && ".join(commands)
    if shutil.which("sudo"):
        return " && ".join(f"sudo {command}" for command in commands)
    return "as root: " + " && ".join(commands)


def _apt(what, python):
    """Once it has looked, an apt that lists none has none: an old Debian's python3 would be as old."""
    if what == VENV:
        return f"python{python[0]}.{python[1]}-venv"
    found = _first_of(_apt_has, [f"python{version}" for version in _VERSIONS])
    if not found and _apt_has(["python3-venv"]):
        return ""
    return "{0} {0}-venv".format(found or "python3")


def _apt_has(packages):
    said = _said("apt-cache", "policy", *packages)
    return re.findall(r"^(\S+):\n +Installed: .*\n +Candidate: (?!\(none\))", said, re.MULTILINE)


def _dnf(what, python):
    """Red Hat's python3 may be as old as 3.6; python3.12 is beside it in 8, 9 and Fedora."""
    return _first_of(_dnf_has, [f"python{version}" for version in _VERSIONS]) or "python3.12"


def _dnf_has(packages):
    """By what dnf has looked up already: asking its servers takes minutes."""
    return _said("dnf", "--cacheonly", "--quiet", "repoquery", "--qf", "%{name}\n", *packages).split()


def _zypper(what, python):
    return _first_of(_zypper_has, ["python" + version.replace(".", "") for version in _VERSIONS]) or "python313"


def _zypper_has(packages):
    look = ("zypper", "--non-interactive", "--no-refresh", "--quiet", "--xmlout", "search", "--match-exact")
    return re.findall(r'<solvable [^>]*\bname="([^"]+)"', _said(*look, *packages))


def _pacman(what, python):
    """Arch has one Python, the newest: of no help to who has a newer one than was tried."""
    return "python" if python[:2] <= (3, 14) else ""


def _brew(what, python):
    return "python@3.13"


def _first_of(has, packages):
    found = has(packages)
    return next((package for package in packages if package in found), "")


def _said(*command):
    english = dict(os.environ, LC_ALL="C", LANGUAGE="C")
    try:
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=15, check=False, env=english
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode(errors="replace")


_MANAGERS = {
    "apt-get": ("apt install", _apt),
    "dnf": ("dnf install", _dnf),
    "zypper": ("zypper install", _zypper),
    "pacman": ("pacman -S", _pacman),
    "brew": ("brew install", _brew),
}
