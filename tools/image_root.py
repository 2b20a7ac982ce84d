"""Carry out the steps of the Containerfile in a clean root made from Debian packages, for where no image can be pulled.

A folder has in `desk` what the image would hold, and in `image.json` how it is started: tools/image_start.py does that.
It needs root, mmdebstrap and the Debian archive. Where Python packages come from a mirror, PIP_… is handed on,
and SHARE names, with colons between them, the files and folders of this machine that the build may read.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

HERE = Path(__file__).parents[1]
RELEASE = "trixie"
"""The Debian of the Containerfile's base."""
_HANDED_ON = ("PIP_", "SSL_CERT_")
_SHELL = ["/bin/sh", "-c"]


@dataclass
class Image:
    """What the instructions say of how the image is started."""

    env: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    volumes: list[str] = field(default_factory=list)
    user: str = "0"
    workdir: str = "/"
    entrypoint: list[str] = field(default_factory=list)
    cmd: list[str] = field(default_factory=list)
    healthcheck: list[str] = field(default_factory=list)


def instructions(text: str) -> list[tuple[str, str]]:
    """The instructions of a Containerfile, in order: lines that end with a backslash go on, comments are left out."""
    lines = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    joined = re.sub(r"\\\n\s*", " ", lines)
    found = [line.strip().partition(" ") for line in joined.splitlines() if line.strip()]
    return [(name.upper(), rest.strip()) for name, _, rest in found]


def words(rest: str) -> list[str]:
    """An instruction's words: a JSON list, or a line for the shell."""
    return list(json.loads(rest)) if rest.startswith("[") else [*_SHELL, rest]


def pairs(rest: str, known: dict[str, str]) -> dict[str, str]:
    """`NAME=value …` with `${NAME}` of what is known put in."""
    split = (word.partition("=") for word in shlex.split(rest))
    return {name: re.sub(r"\$\{(\w+)\}", lambda m: known.get(m[1], ""), value) for name, _, value in split}


class Build:
    """Builds the stages, one folder each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stages: list[str] = []
        self._args: dict[str, str] = {}
        self._root = folder
        self.image = Image()

    def carry_out(self, text: str) -> None:
        """Every instruction. Raises ValueError at one that this doesn't know: it is not left out silently."""
        for name, rest in instructions(text):
            step = getattr(self, f"_{name.lower()}", None)
            if step is None:
                raise ValueError(f"{name} is not known here: add it to {Path(__file__).name}")
            print(f"{name} {rest[:90]}", flush=True)
            step(rest)

    def write(self) -> None:
        """Say beside the root how it is started."""
        (self._folder / "image.json").write_text(json.dumps(asdict(self.image), indent=1))

    def _from(self, rest: str) -> None:
        stage = rest.partition(" AS ")[2].lower() or "desk"
        self._stages.append(stage)
        self._root, self.image = self._folder / stage, Image()
        base = self._folder / "base"
        if not base.exists():
            make_base(base)
        shutil.rmtree(self._root, ignore_errors=True)
        subprocess.run(["cp", "--archive", str(base), str(self._root)], check=True)

    def _run(self, rest: str) -> None:
        run_in(self._root, words(rest), self.image.env, workdir=self.image.workdir)

    def _copy(self, rest: str) -> None:
        source, target = (word for word in rest.split() if not word.startswith("--"))
        stage = re.search(r"--from=(\w+)", rest)
        inside = self._root / self.image.workdir.lstrip("/")
        goal = inside if target == "." else self._root / target.lstrip("/")
        goal.mkdir(parents=True, exist_ok=True)
        if stage:
            subprocess.run(["cp", "--archive", f"{self._folder / stage[1]}{source}/.", str(goal)], check=True)
            return
        for each in context():
            (goal / each).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(HERE / each, goal / each)

    def _workdir(self, rest: str) -> None:
        self.image.workdir = rest
        (self._root / rest.lstrip("/")).mkdir(parents=True, exist_ok=True)

    def _arg(self, rest: str) -> None:
        self._args |= pairs(rest, {})

    def _env(self, rest: str) -> None:
        self.image.env |= pairs(rest, self.image.env)

    def _label(self, rest: str) -> None:
        self.image.labels |= pairs(rest, self._args)

    def _volume(self, rest: str) -> None:
        self.image.volumes += json.loads(rest)

    def _user(self, rest: str) -> None:
        self.image.user = rest

    def _entrypoint(self, rest: str) -> None:
        self.image.entrypoint = words(rest)

    def _cmd(self, rest: str) -> None:
        self.image.cmd = words(rest)

    def _healthcheck(self, rest: str) -> None:
        self.image.healthcheck = words(rest.partition("CMD ")[2])

    def _expose(self, rest: str) -> None:
        """Says something to people only."""

    _stopsignal = _expose


def context() -> list[Path]:
    """The files that .containerignore lets in: of this checkout, whether committed or not."""
    lines = (HERE / ".containerignore").read_text().splitlines()
    kept = [line.removeprefix("!") for line in lines if line.startswith("!")]
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *kept]
    found = subprocess.run(listed, cwd=HERE, capture_output=True, text=True, check=True).stdout.splitlines()
    return [Path(each) for each in found if (HERE / each).is_file()]


def make_base(root: Path) -> None:
    """A minimal Debian, as the slim images are made."""
    command = ["mmdebstrap", "--quiet", "--variant=minbase", "--aptopt=APT::Sandbox::User root", RELEASE, str(root)]
    subprocess.run(command, check=True)


def shell_of(root: Path, mounts: Sequence[str], user: str) -> str:
    """What is done before a command in a root: its own mounts, which vanish with it, and its user."""
    at = shlex.quote(str(root))
    lines = ["set -eu", "mount --make-rprivate /", f"mount --bind {at} {at}", *mounts]
    lines += [f"mount --rbind /proc {at}/proc", f"mount --rbind /dev {at}/dev"]
    return "\n".join([*lines, f'exec chroot --userspec={user} {at} "$@"'])


def shared(root: Path) -> Iterator[str]:
    """Mounts of what SHARE names."""
    for name in (*filter(None, os.environ.get("SHARE", "").split(":")), "/etc/resolv.conf"):
        target = root / name.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        if Path(name).is_dir():
            target.mkdir(exist_ok=True)
        else:
            target.touch()
        yield f"mount --rbind {shlex.quote(name)} {shlex.quote(str(target))}"


def run_in(root: Path, command: Sequence[str], env: Mapping[str, str], workdir: str) -> None:
    """A step of the build, as root. Raises CalledProcessError."""
    handed_on = {name: value for name, value in os.environ.items() if name.startswith(_HANDED_ON)}
    subprocess.run(in_root(root, command, handed_on | dict(env), workdir, list(shared(root))), check=True)


def in_root(
    root: Path, command: Sequence[str], env: Mapping[str, str], workdir: str, mounts: Sequence[str], user: str = "0"
) -> list[str]:
    """The words that start a command in a root: the process becomes the command, so that signals reach it."""
    path = {
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": "/root" if user == "0" else "/tmp",
        "DEBIAN_FRONTEND": "noninteractive",
    }
    variables = [f"{name}={value}" for name, value in (path | dict(env)).items()]
    inner = ["/usr/bin/env", "-i", "-C", workdir, *variables, *command]
    return ["unshare", "--mount", "/bin/sh", "-c", shell_of(root, mounts, user), "sh", *inner]
