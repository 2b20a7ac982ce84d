"""Rows by the thousand: created, changed or removed by one statement for all, and answered row by row.

A bad row is answered with a sentence and keeps none of the others. Who writes rows of a tenant has the tenant's lock,
so that what a row is answered is what happened to it, however many write at once.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, true
from sqlalchemy.orm import Session

from webapp import clock
from webapp.domain.actors import Actor
from webapp.domain.storefront import checks
from webapp.domain.storefront.rows import GivenRow, RowOutcome, RowResult
from webapp.models import Tenant
from webapp.services.storefront import bulk_audit, late_rows, parents
from webapp.services.storefront.tables import StorefrontTable
from webapp.sql import given_rows, insert_new, lock_found, one_of

MOST = 1_000
"""Rows of one call over HTTP."""

Name = tuple[str, str]
"""A row's tenant and its reference there."""


class _Batch:
    """The rows of one call that may be taken still, and what became of each."""

    def __init__(self, table: StorefrontTable, rows: Sequence[GivenRow]) -> None:
        self.table, self.rows = table, rows
        self.results: list[RowResult | None] = [None] * len(rows)

    def open(self) -> Iterable[tuple[int, GivenRow]]:
        """Those that nothing was said of yet."""
        return [(place, row) for place, row in enumerate(self.rows) if self.results[place] is None]

    def settle(self, place: int, outcome: RowOutcome, detail: str | None = None) -> None:
        """Say what became of a row."""
        row = self.rows[place]
        self.results[place] = RowResult(row.tenant, row.ref, outcome, detail)

    def reject(self, why: Callable[[GivenRow], str | None]) -> None:
        """Reject the rows that there is something to say against."""
        for place, row in self.open():
            if sentence := why(row):
                self.settle(place, RowOutcome.REJECTED, sentence)

    def reject_doubles(self) -> None:
        """A reference counts once in a call: which of two rows is meant can't be told."""
        first: dict[Name, int] = {}
        for place, row in self.open():
            name = (row.tenant, row.ref)
            if name in first:
                self.settle(place, RowOutcome.REJECTED, f"It is there already, as row {first[name] + 1}.")
            first.setdefault(name, place)

    def answer(self) -> list[RowResult]:
        """What became of each row, in their order."""
        return [result for result in self.results if result is not None]


def upsert(
    session: Session, table: StorefrontTable, rows: Sequence[GivenRow], *, at: datetime, actor: Actor
) -> list[RowResult]:
    """Store rows by their references: those that are there become as they are given, the others are created."""
    actor.require("storefront:write")
    batch, changes = _planned(session, table, rows, at)
    if changes:
        _write(session, table, changes)
        late_rows.note_changes(session, table.model, [row for change in changes for row in change.rows()], at=at)
        bulk_audit.of_changes(session, table, changes, at=at, actor=actor)
    return batch.answer()


def preview(session: Session, table: StorefrontTable, rows: Sequence[GivenRow], *, at: datetime) -> list[RowResult]:
    """What `upsert` would answer, nothing stored."""
    batch, _changes = _planned(session, table, rows, at, locked=False)
    return batch.answer()


def remove(
    session: Session, table: StorefrontTable, rows: Sequence[GivenRow], *, at: datetime, actor: Actor
) -> list[RowResult]:
    """Remove rows by tenant and reference. What is not there is unchanged; a tenant that has anything stays."""
    actor.require("storefront:write")
    batch = _Batch(table, rows)
    batch.reject(checks.unusable)
    batch.reject_doubles()
    ids = _tenants(session, batch, locked=True)
    batch.reject(lambda row: parents.no_tenant(table, row, ids))
    there = _existing(session, batch, ids)
    kept = parents.kept_tenants(session, [row.id for row in there.values()]) if table.of_tenants else {}
    removed = []
    for place, given in batch.open():
        found = there.get((given.tenant, given.ref))
        if found is None:
            batch.settle(place, RowOutcome.UNCHANGED, "It is not there.")
        elif found.id in kept:
            batch.settle(place, RowOutcome.REJECTED, kept[found.id])
        else:
            removed.append(found)
            batch.settle(place, RowOutcome.DELETED)
    if removed:
        chosen = one_of(session, _column(table, "id"), [row.id for row in removed])
        session.execute(delete(table.model).where(chosen).execution_options(synchronize_session=False))
        late_rows.note_changes(session, table.model, removed, at=at)
        bulk_audit.of_removals(session, table, removed, at=at, actor=actor)
    return batch.answer()


def _planned(
    session: Session, table: StorefrontTable, rows: Sequence[GivenRow], at: datetime, *, locked: bool = True
) -> tuple[_Batch, list[bulk_audit.Change]]:
    """What is to be written, once everything that can be said against a row is said."""
    batch = _Batch(table, rows)
    batch.reject(lambda row: checks.problem(row, at))
    batch.reject_doubles()
    ids = _tenants(session, batch, locked=locked)
    batch.reject(lambda row: parents.no_tenant(table, row, ids))
    points_to, problem = parents.find(session, table, [row for _, row in batch.open()], ids)
    batch.reject(problem)
    there = _existing(session, batch, ids)
    changes = []
    for place, given in batch.open():
        own = table.values(given) | points_to(given)
        if not table.of_tenants:
            own |= {"tenant_id": ids[given.tenant]}
        outcome, detail, values = _compared(given, own, there.get((given.tenant, given.ref)), at)
        batch.settle(place, outcome, detail)
        if values is not None:
            changes.append(bulk_audit.Change(outcome, values, there.get((given.tenant, given.ref))))
    return batch, changes


def _compared(
    given: GivenRow, own: Mapping[str, Any], there: Any, at: datetime
) -> tuple[RowOutcome, str | None, dict[str, Any] | None]:
    """What a row is against the one that is there; the values to store, when they are others."""
    if there is None:
        created = given.created_at or given.updated_at or at
        times = {"created_at": created, "updated_at": given.updated_at or max(created, at), "stored_at": at}
        return RowOutcome.CREATED, None, {"ref": given.ref, **own, **times}
    known_at = there.updated_at
    if given.updated_at is not None and known_at is not None and given.updated_at < known_at:
        return RowOutcome.REJECTED, f"The desk has a newer one, of {clock.iso(known_at)}.", None
    values = {**own, "created_at": given.created_at or there.created_at, "updated_at": given.updated_at or known_at}
    if known_at is not None and all(getattr(there, name) == value for name, value in values.items()):
        return RowOutcome.UNCHANGED, None, None
    return RowOutcome.UPDATED, None, {"ref": given.ref, **values, "updated_at": given.updated_at or at, "stored_at": at}


def _write(session: Session, table: StorefrontTable, changes: Sequence[bulk_audit.Change]) -> None:
    """One statement, in the order of the references: whoever writes the same waits, and can't wait for us."""
    rows = sorted((change.values for change in changes), key=lambda row: (row.get("tenant_id", 0), row["ref"]))
    columns = given_rows(session, table.model, rows)
    key = ["ref"] if table.of_tenants else ["tenant_id", "ref"]
    source = select(*(column.label(name) for name, column in columns.items())).where(true())
    insert = insert_new(session, table.model).from_select(list(columns), source)
    fresh = {name: insert.excluded[name] for name in columns if name not in key}
    session.execute(insert.on_conflict_do_update(index_elements=key, set_=fresh))
    session.expire_all()


def _tenants(session: Session, batch: _Batch, *, locked: bool) -> dict[str, int]:
    """The tenants of the rows by reference, with their locks: also those that are given themselves."""
    refs = {row.ref if batch.table.of_tenants else row.tenant for _, row in batch.open()}
    ids = dict(session.execute(select(Tenant.ref, Tenant.id).where(one_of(session, Tenant.ref, sorted(refs)))).all())
    if not locked or not ids:
        return ids
    there = set(lock_found(session, Tenant, list(ids.values())))
    return {ref: number for ref, number in ids.items() if number in there}


def _existing(session: Session, batch: _Batch, ids: Mapping[str, int]) -> dict[Name, Any]:
    """What is there of the rows, by tenant and reference."""
    table = batch.table
    named = [(row.tenant, row.ref) for _, row in batch.open()]
    if not named:
        return {}
    columns = table.model.__table__.c
    if table.of_tenants:
        found = select(table.model.__table__).where(one_of(session, columns.ref, [ref for _, ref in named]))
        return {("", row.ref): row for row in session.execute(found)}
    pairs = [{"tenant_id": ids[tenant], "ref": ref} for tenant, ref in named]
    given = select(*(column.label(name) for name, column in given_rows(session, table.model, pairs).items())).subquery()
    same = (columns.tenant_id == given.c.tenant_id) & (columns.ref == given.c.ref)
    refs = {number: ref for ref, number in ids.items()}
    rows = session.execute(select(table.model.__table__).join(given, same))
    return {(refs[row.tenant_id], row.ref): row for row in rows}


def _column(table: StorefrontTable, name: str) -> Any:
    return table.model.__table__.c[name]
