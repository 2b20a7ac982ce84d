"""A desk full of demo data beside one real order: made once, and copied for each test."""

import fcntl
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest
from sqlalchemy import func, select

from tests.importers.conftest import HEADER, IMPORTER
from webapp import demo
from webapp.importers.orders import import_orders
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.models import AuditHead, AuditSeal, Base, Role
from webapp.runtime import Runtime

REAL = "r-1,ama,kofi,100.00,NGN,2026-02-01T00:00:00Z,2026-02-01T01:00:00Z"
KEPT = {Role.__tablename__, AuditHead.__tablename__, AuditSeal.__tablename__}


@dataclass(frozen=True)
class Filled:
    """A folder whose desk is full, the address of its database, and its rows by table before the demo was added."""

    url: str
    folder: Path
    before: dict[str, int]

    def copy_files(self, folder: Path) -> None:
        """Its evidence, and its database when that is a file."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)


def fill(runtime: Runtime, folder: Path) -> Filled:
    """Add one real order, then the demo; closes the database, so that it can be copied."""
    register_jobs(runtime)
    file = folder / "orders.csv"
    file.write_text(f"{HEADER}\n{REAL}\n")
    import_orders(runtime, file, actor=IMPORTER)
    before = rows(runtime)
    assert demo.seed(runtime)
    runtime.db.close()
    return Filled(runtime.settings.database_address, folder, before)


def common_folder(factory: pytest.TempPathFactory) -> Path:
    """The folder of this run of the tests, which all of its processes share."""
    own = factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


def filled_once(folder: Path, make: Callable[[Path], Filled]) -> Filled:
    """What the first test process makes in this folder; the others wait for it, and use the same."""
    made = folder.with_suffix(".json")
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            # A process that was killed halfway leaves a folder without its description.
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            made.write_text(json.dumps(asdict(make(folder)), default=str))
    kept = json.loads(made.read_text())
    return Filled(kept["url"], Path(kept["folder"]), kept["before"])


def rows(runtime: Runtime) -> dict[str, int]:
    """How many rows each table has that an empty desk has none of."""
    with runtime.db.reading() as session:
        tables = [table for table in Base.metadata.sorted_tables if table.name not in KEPT]
        return {table.name: session.scalar(select(func.count()).select_from(table)) or 0 for table in tables}
