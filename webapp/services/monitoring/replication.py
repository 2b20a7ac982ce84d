"""How far the standbys of this PostgreSQL are behind it, and which replication slots make it keep its log."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from webapp.domain.numbers import counted
from webapp.settings import Settings
from webapp.sql import is_sqlite

_MIB = 2**20
_SERVER = text("SELECT pg_is_in_recovery(), current_user, current_setting('synchronous_standby_names')")
# To a role that may not see them rows come with the name alone. Copies, archives and logical readers are no standbys.
_STANDBYS = text("""
SELECT coalesce(nullif(application_name, ''), 'a standby'), state IS NOT NULL,
  coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn), 0)::bigint, coalesce(replay_lag, interval '0')
FROM pg_stat_replication
WHERE coalesce(application_name, '') NOT IN ('pg_basebackup', 'pg_receivewal') AND state IS DISTINCT FROM 'backup'
  AND pid NOT IN (SELECT active_pid FROM pg_replication_slots WHERE slot_type = 'logical' AND active_pid IS NOT NULL)
ORDER BY 1 LIMIT 100
""")
_SLOTS = text("""
SELECT slot_name::text, wal_status = 'lost', coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn), 0)::bigint
FROM pg_replication_slots
WHERE NOT active AND NOT temporary AND (restart_lsn IS NOT NULL OR wal_status = 'lost')
ORDER BY 3 DESC, 1 LIMIT 100
""")


@dataclass(frozen=True, slots=True)
class StandbyLag:
    """One that follows; `is_seen` is whether this role may see how far it has come."""

    name: str
    is_seen: bool
    bytes_behind: int
    behind: timedelta


@dataclass(frozen=True, slots=True)
class IdleSlot:
    """A slot that nobody reads; `is_lost` when the log that it stands for is gone already."""

    name: str
    is_lost: bool
    kept_bytes: int


@dataclass(frozen=True, slots=True)
class Replication:
    """What a primary says of those that follow it."""

    role: str
    is_standby: bool
    """Whether this server itself follows another."""
    synchronous: str
    """Its `synchronous_standby_names`: commits wait for one of them."""
    standbys: tuple[StandbyLag, ...] = ()
    idle_slots: tuple[IdleSlot, ...] = ()


@dataclass(frozen=True, slots=True)
class ReplicationFinding:
    """`ok`, `warning` or `wrong`, what was found, and what to do."""

    verdict: str
    found: str
    do: str = ""


def read(session: Session) -> Replication | None:
    """What the server says; None on SQLite, which nobody follows."""
    if is_sqlite(session):
        return None
    is_standby, role, synchronous = session.execute(_SERVER).one()
    if is_standby:
        return Replication(role, True, synchronous)
    standbys = tuple(StandbyLag(*row) for row in session.execute(_STANDBYS).all())
    slots = tuple(IdleSlot(*row) for row in session.execute(_SLOTS).all())
    return Replication(role, False, synchronous, standbys, slots)


def evaluate(found: Replication, settings: Settings) -> ReplicationFinding:
    """The worst decides; what is well is said only where nothing is not."""
    if found.is_standby:
        return ReplicationFinding("ok", "This is a standby; its primary knows how far it is behind.")
    named = [*_missing(found, settings), *_behind(found, settings), *_idle(found, settings), *_unseen(found)]
    if named:
        verdict = "wrong" if any(each.verdict == "wrong" for each in named) else "warning"
        sentences, dos = ([getattr(each, part) for each in named] for part in ("found", "do"))
        return ReplicationFinding(verdict, " ".join(sentences), " ".join(dict.fromkeys(dos)))
    if not found.standbys:
        return ReplicationFinding("ok", "Nobody follows this server, and DATABASE_STANDBYS promises none.")
    return ReplicationFinding("ok", f"{counted(len(found.standbys), 'standby', 'standbys')}, none too far behind.")


def _missing(found: Replication, settings: Settings) -> Iterator[ReplicationFinding]:
    promised = settings.database_standbys
    if found.synchronous and not found.standbys:
        do = "Start the standby. Until one follows, commits wait: to go on without, empty synchronous_standby_names."
        yield ReplicationFinding("wrong", "No standby follows, and synchronous_standby_names wants one.", do)
    elif len(found.standbys) < promised:
        number = f"{counted(len(found.standbys), 'standby follows', 'standbys follow')}"
        do = "Start what is missing; what it missed it fetches by its slot, else make it anew by `pg_basebackup`."
        yield ReplicationFinding("wrong", f"{number}; DATABASE_STANDBYS promises {promised}.", do)


def _behind(found: Replication, settings: Settings) -> Iterator[ReplicationFinding]:
    most, longest = settings.replication_lag_megabytes, timedelta(seconds=settings.replication_lag_seconds)
    for each in found.standbys:
        if each.is_seen and (each.bytes_behind > most * _MIB or each.behind > longest):
            behind = f"{each.bytes_behind / _MIB:.1f} MiB and {each.behind.total_seconds():.0f} s"
            limits = f"{most} MiB and {settings.replication_lag_seconds} s are allowed"
            do = "See its log, its disk and the line to it: a fail-over now would lose what it lacks, or wait for it."
            yield ReplicationFinding("wrong", f"{each.name} is {behind} behind; {limits}.", do)


def _idle(found: Replication, settings: Settings) -> Iterator[ReplicationFinding]:
    for each in found.idle_slots:
        drop = f"`SELECT pg_drop_replication_slot('{each.name}')`"
        if each.is_lost:
            do = f"Make its standby anew by `pg_basebackup`, and drop the slot: {drop}."
            yield ReplicationFinding("wrong", f"The log that the slot {each.name} stands for is gone.", do)
            continue
        is_much = each.kept_bytes > settings.replication_lag_megabytes * _MIB
        kept = f"Nobody reads the slot {each.name}, for which {each.kept_bytes / _MIB:.1f} MiB of the log are kept."
        do = f"Start its standby, or drop the slot before the disk is full: {drop}."
        yield ReplicationFinding("wrong" if is_much else "warning", kept, do)


def _unseen(found: Replication) -> Iterator[ReplicationFinding]:
    if any(not each.is_seen for each in found.standbys):
        do = f"As a superuser: `GRANT pg_read_all_stats TO {found.role}`, or watch pg_stat_replication elsewhere."
        yield ReplicationFinding("warning", f"{found.role} may not see how far the standbys are behind.", do)
