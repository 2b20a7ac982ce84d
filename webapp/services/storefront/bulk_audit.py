"""What the audit trail keeps of many rows: each tenant with what it was before, and of a tenant's rows how many."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp import clock
from webapp.domain.actors import Actor
from webapp.domain.storefront.rows import RowOutcome
from webapp.models import Tenant
from webapp.services.audit import trail
from webapp.services.audit.trail import Record
from webapp.services.storefront.tables import StorefrontTable
from webapp.sql import one_of

_OF_A_TENANT = ("ref", "name", "email", "zone", "language", "grace_days")


@dataclass(frozen=True, slots=True)
class Change:
    """One row that is written: its values, and the row that is there."""

    outcome: RowOutcome
    values: dict[str, Any]
    there: Any

    def rows(self) -> list[Any]:
        """The row as it becomes, and as it was."""
        return [SimpleNamespace(**self.values), *([] if self.there is None else [self.there])]


def of_changes(
    session: Session, table: StorefrontTable, changes: Sequence[Change], *, at: datetime, actor: Actor
) -> None:
    """Record rows that were created or updated."""
    if table.of_tenants:
        refs = [change.values["ref"] for change in changes]
        ids = dict(session.execute(select(Tenant.ref, Tenant.id).where(one_of(session, Tenant.ref, refs))).all())
        records = [_tenant(change, ids[change.values["ref"]]) for change in changes]
    else:
        counts: dict[int, Counter[str]] = defaultdict(Counter)
        for change in changes:
            counts[change.values["tenant_id"]][change.outcome] += 1
        action = f"{_action_of(table)}.store"
        records = [Record(action, ("tenant", number), after=dict(found)) for number, found in sorted(counts.items())]
    trail.record_many(session, actor, records, at=at)


def of_removals(
    session: Session, table: StorefrontTable, removed: Sequence[Any], *, at: datetime, actor: Actor
) -> None:
    """Record rows that were removed."""
    if table.of_tenants:
        records = [Record("tenant.remove", ("tenant", row.id), before=_shown(row._mapping)) for row in removed]
    else:
        counts = Counter(row.tenant_id for row in removed)
        action = f"{_action_of(table)}.remove"
        records = [
            Record(action, ("tenant", number), after={"deleted": count}) for number, count in sorted(counts.items())
        ]
    trail.record_many(session, actor, records, at=at)


def _tenant(change: Change, number: int) -> Record:
    before = None if change.there is None else _shown(change.there._mapping)
    action = "tenant.create" if change.outcome == RowOutcome.CREATED else "tenant.change"
    return Record(action, ("tenant", number), before=before, after=_shown(change.values))


def _shown(values: Any) -> dict[str, Any]:
    known_at = values["updated_at"]
    return {name: values[name] for name in _OF_A_TENANT} | {"updated_at": known_at and clock.iso(known_at)}


def _action_of(table: StorefrontTable) -> str:
    return table.word.replace(" ", "_")
