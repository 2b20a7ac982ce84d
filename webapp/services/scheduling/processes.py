"""Processes that are alive, by their own word in the database: Redis may forget them, this does not."""

import os
import socket
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from webapp.models import Process
from webapp.sql import insert_new

WORKER, SCHEDULER, WEB, COMMAND = "worker", "scheduler", "web", "command"
CHECK = "check"
"""A row of this kind is gone before anybody can see it: it only shows that the database takes changes."""
_FORGOTTEN_AFTER = timedelta(days=1)


def name_of(kind: str) -> str:
    """This process's name: kind, host and number."""
    return f"{kind}-{socket.gethostname()}-{os.getpid()}"


def beat(session: Session, kind: str, at: datetime, run_id: int | None = None, skew: timedelta = timedelta(0)) -> None:
    """Say that this process is alive, which run it carries out, and how far its clock is off."""
    skew_ms = int(skew.total_seconds() * 1000)
    row = insert_new(session, Process).values(
        name=name_of(kind),
        kind=kind,
        host=socket.gethostname(),
        pid=os.getpid(),
        started_at=at,
        heartbeat_at=at,
        run_id=run_id,
        skew_ms=skew_ms,
    )
    now = {"heartbeat_at": at, "run_id": run_id, "skew_ms": skew_ms}
    session.execute(row.on_conflict_do_update(index_elements=["name"], set_=now))


def deregister(session: Session, kind: str) -> None:
    """Say that this process ends by itself."""
    session.execute(delete(Process).where(Process.name == name_of(kind)))


def purge_expired(session: Session, at: datetime) -> None:
    """Drop processes that have been silent for a day."""
    session.execute(delete(Process).where(Process.heartbeat_at < at - _FORGOTTEN_AFTER))


def all_processes(session: Session) -> Sequence[Process]:
    """Every process that was alive within a day."""
    return session.scalars(select(Process).order_by(Process.kind, Process.name).limit(500)).all()


def off(session: Session, at: datetime, patience: timedelta, most: timedelta) -> Sequence[Process]:
    """Processes that are alive and whose clock is further off than it may be."""
    wrong = func.abs(Process.skew_ms) > most.total_seconds() * 1000
    query = select(Process).where(wrong, Process.heartbeat_at >= at - patience)
    return session.scalars(query.order_by(Process.name).limit(500)).all()


def alive(session: Session, kind: str, at: datetime, patience: timedelta) -> Sequence[Process]:
    """Processes of a kind whose last word is not older than the patience."""
    query = select(Process).where(Process.kind == kind, Process.heartbeat_at >= at - patience)
    return session.scalars(query.order_by(Process.name).limit(500)).all()
