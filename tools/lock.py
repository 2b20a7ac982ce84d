"""Write requirements.lock from pyproject.toml, then see that it installs on every Python and machine that is supported.

Releases stay as they are unless pyproject.toml asks for others; with --upgrade, the newest that it allows are taken.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

LOCK = "requirements.lock"
PRODUCTION = "deploy/image/requirements.lock"
"""The part of it that runs the desk: no tests, no tools."""
UV = "uv==0.13.9"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
MACHINES = ("x86_64-manylinux_2_28", "aarch64-manylinux_2_28", "aarch64-apple-darwin")
PLAIN_SOURCES = ("crontab",)
"""Published as sources only, and plain Python: nothing is compiled."""


def uv_here():
    """The tool that resolves, in an environment of its own, so that what it brings is not the desk's."""
    folder = Path(".venv/lock")
    if not (folder / "bin" / "uv").exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", UV]
    subprocess.run(pip, check=True)
    return str(folder / "bin" / "uv")


def write(uv, upgrade):
    """Resolve for every Python and machine at once; no index and no address is written down."""
    command = [uv, "pip", "compile", "--quiet", "--universal", "--python-version", PYTHONS[0], "--generate-hashes"]
    command += ["--no-header", "--no-emit-index-url", "--no-emit-find-links", "pyproject.toml"]
    whole = ["--extra", "dev", *(["--upgrade"] if upgrade else []), "-o", LOCK]
    subprocess.run([*command, *whole], check=True, stdout=subprocess.DEVNULL)
    part = ["--constraint", LOCK, "--no-annotate", "-o", PRODUCTION]
    subprocess.run([*command, *part], check=True, stdout=subprocess.DEVNULL)


def installs(uv, python, machine):
    """Whether each release has a ready-made file for this Python on this machine. What lacks one is printed."""
    with tempfile.TemporaryDirectory() as folder:
        command = [uv, "pip", "install", "--quiet", "--dry-run", "--require-hashes", "--only-binary", ":all:"]
        command += [part for name in PLAIN_SOURCES for part in ("--no-binary", name)]
        command += ["--python-version", python, "--python-platform", machine, "--target", folder, "-r", LOCK]
        return subprocess.run(command, check=False, stdout=subprocess.DEVNULL).returncode == 0


def main():
    """Exit 1 when the lock can't be installed somewhere."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--upgrade", action="store_true", help="take the newest releases that pyproject.toml allows")
    uv = uv_here()
    write(uv, asked.parse_args().upgrade)
    wrong = [(python, machine) for python in PYTHONS for machine in MACHINES if not installs(uv, python, machine)]
    for python, machine in wrong:
        print(f"{LOCK} can't be installed with Python {python} on {machine}.", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
