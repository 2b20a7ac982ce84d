"""The command that installs something on this machine, found by looking at the machine.

Runs on any Python from 3.6, before anything is installed: the standard library only.
"""

import os
import re
import shutil
import subprocess
import sys

SERVER, PYTHON, VENV = "server", "python", "venv"
_VERSIONS = ("3.14", "3.13", "3.12", "3.11")


def command_for(what, python=sys.version_info):
    """The one command that brings this here, or an empty text where no package manager is known."""
    for manager, (say, names) in _MANAGERS.items():
        if shutil.which(manager):
            return _as_root(manager, [*_first_look(manager), f"{say} {names(what, python)}"])
    return f"install Homebrew, then: brew install {_brew(what, python)}" if sys.platform == "darwin" else ""


def _first_look(manager):
    """A fresh Debian knows no packages before it has looked once."""
    return ["apt update"] if manager == "apt-get" and not _apt_has(["python3"]) else []


def _as_root(manager, commands):
    if manager == "brew" or os.geteuid() == 0:
        return " && ".join(commands)
    if shutil.which("sudo"):
        return " && ".join(f"sudo {command}" for command in commands)
    return "as root: " + " && ".join(commands)


def _apt(what, python):
    if what == VENV:
        return f"python{python[0]}.{python[1]}-venv"
    if what == SERVER:
        return _first_of(_apt_has, ["valkey-server", "redis-server"], "redis-server")
    found = _first_of(_apt_has, [f"python{version}" for version in _VERSIONS], "python3")
    return f"{found} {found}-venv"


def _apt_has(packages):
    said = _said("apt-cache", "policy", *packages)
    return re.findall(r"^(\S+):\n +Installed: .*\n +Candidate: (?!\(none\))", said, re.MULTILINE)


def _dnf(what, python):
    if what == SERVER:
        return _first_of(_dnf_has, ["valkey", "redis"], "valkey")
    return _first_of(_dnf_has, [f"python{version}" for version in _VERSIONS], "python3")


def _dnf_has(packages):
    """By what dnf has looked up already: asking its servers takes minutes."""
    return _said("dnf", "--cacheonly", "--quiet", "repoquery", "--qf", "%{name}\n", *packages).split()


def _zypper(what, python):
    return "valkey" if what == SERVER else "python313"


def _pacman(what, python):
    return "valkey" if what == SERVER else "python"


def _brew(what, python):
    return "valkey" if what == SERVER else "python@3.13"


def _first_of(has, packages, otherwise):
    found = has(packages)
    return next((package for package in packages if package in found), otherwise)


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
