"""Clearing the demo: exactly what it added goes, and what people did with it; the books of everything else stay.

Transfers, entries and audit records are never removed otherwise. Here the schema's owner lifts that refusal for one
transaction. What people did is in the real audit chain, and stays there.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Delete, Select, String, cast, delete, exists, literal, select, update
from sqlalchemy.orm import Session

from webapp import clock
from webapp.demo.clear import provider_records, storefront
from webapp.demo.clear.ledger import reverse_balances, transfers_of
from webapp.demo.clear.triggers_disabled import triggers_disabled
from webapp.demo.seed.context import CHAIN
from webapp.demo.seed.runs import SILENT
from webapp.demo.seed.seed import LIMITS, MARKER, refuse_in_production
from webapp.models import (
    Account,
    AccountCheckpoint,
    Alert,
    ApiToken,
    Approval,
    Audit,
    AuditHead,
    AuditSeal,
    AutoDeduct,
    AutoDeduction,
    Backup,
    Dispute,
    Entry,
    Escrow,
    Event,
    Evidence,
    Freeze,
    Message,
    MirrorEntry,
    Order,
    OrderLine,
    Party,
    Passkey,
    PasskeyChallenge,
    Payment,
    Report,
    ReportFile,
    ReportRecipient,
    ReportSubscription,
    Run,
    RunItem,
    RunLine,
    SavedView,
    Schedule,
    Spending,
    StoredSetting,
    Transfer,
    User,
    UserSession,
)
from webapp.models.user import user_roles
from webapp.runtime import Runtime
from webapp.sql import one_of

_PARTIES = select(Party.id).where(Party.demo)
_ORDERS = select(Order.id).where(Order.buyer_id.in_(_PARTIES) | Order.seller_id.in_(_PARTIES))
_ESCROWS = select(Escrow.id).where(Escrow.order_id.in_(_ORDERS))
_DISPUTES = select(Dispute.id).where(Dispute.escrow_id.in_(_ESCROWS))
_APPROVALS = select(Approval.id).where(Approval.escrow_id.in_(_ESCROWS))
_RUNS = select(Run.id).where(Run.demo)
_USERS = select(User.id).where(User.demo)
_SUBJECTS: dict[str, Select[Any]] = {
    "party": _PARTIES,
    "order": _ORDERS,
    "escrow": _ESCROWS,
    "dispute": _DISPUTES,
    "approval": _APPROVALS,
    "run": _RUNS,
    **storefront.SUBJECTS,
    **provider_records.SUBJECTS,
}


def clear(runtime: Runtime) -> int:
    """Remove the demo data; returns how many rows went. Raises Conflict in production."""
    refuse_in_production(runtime)
    with runtime.db.transaction() as session:
        marker = session.get(StoredSetting, MARKER)
        if marker is None:
            return 0
        files = _files(session)
        before, seeded_at = marker.value, marker.changed_at
        session.delete(marker)
        session.flush()
        with triggers_disabled(session):
            rows = _remove_reports(session, seeded_at)
            rows += _remove_everything(session, clock.from_iso(before["pools_since"]))
        _restore(session, before)
    for name in files:
        (runtime.evidence / name).unlink(missing_ok=True)
    return rows


def _remove_everything(session: Session, pools_since: datetime) -> int:
    transfers = transfers_of(session, _PARTIES, _ESCROWS)
    reverse_balances(session, transfers, _PARTIES)
    _detach(session)
    days = storefront.days(session)
    rows = sum(_count(session, each) for each in _deletions(session, transfers, pools_since))
    storefront.total_anew(session, days)
    return rows


def _deletions(session: Session, transfers: Sequence[int], pools_since: datetime) -> list[Delete]:
    """Children before parents."""
    disputed = select(Dispute.ref).where(Dispute.id.in_(_DISPUTES))
    keys = select(literal("user:") + cast(User.id, String)).where(User.demo)
    pools = (
        Account.party_id.is_(None),
        Account.created_at == pools_since,
        ~exists().where(Entry.account_id == Account.id),
        ~exists().where(Escrow.held_account_id == Account.id),
    )
    batches = select(AuditSeal.batch).where(AuditSeal.chain == CHAIN)
    return [
        delete(Alert).where(Alert.demo | Alert.subject.in_(disputed)),
        *provider_records.of_subjects(Event, _SUBJECTS),
        *provider_records.deletions(_SUBJECTS),
        delete(RunItem).where(
            RunItem.run_id.in_(_RUNS) | ((RunItem.subject_kind == "escrow") & RunItem.subject_id.in_(_ESCROWS))
        ),
        delete(RunLine).where(RunLine.run_id.in_(_RUNS)),
        delete(Evidence).where(Evidence.dispute_id.in_(_DISPUTES)),
        delete(Message).where(Message.dispute_id.in_(_DISPUTES)),
        delete(Entry).where(one_of(session, Entry.transfer_id, transfers)),
        delete(Transfer).where(one_of(session, Transfer.id, transfers)),
        delete(MirrorEntry).where(one_of(session, MirrorEntry.transfer_id, transfers)),
        delete(Freeze).where(Freeze.escrow_id.in_(_ESCROWS)),
        delete(Approval).where(Approval.escrow_id.in_(_ESCROWS)),
        delete(Dispute).where(Dispute.escrow_id.in_(_ESCROWS)),
        delete(Payment).where(Payment.order_id.in_(_ORDERS)),
        delete(Escrow).where(Escrow.order_id.in_(_ORDERS)),
        delete(OrderLine).where(OrderLine.order_id.in_(_ORDERS)),
        delete(Order).where(Order.id.in_(_ORDERS)),
        *storefront.deletions(),
        delete(AutoDeduct).where(AutoDeduct.party_id.in_(_PARTIES)),
        delete(AutoDeduction).where(AutoDeduction.party_id.in_(_PARTIES)),
        # They are made anew from the entries that stay.
        delete(AccountCheckpoint),
        delete(Account).where(Account.party_id.in_(_PARTIES)),
        delete(Account).where(*pools),
        delete(Party).where(Party.demo),
        delete(Run).where(Run.demo),
        delete(Backup).where(Backup.demo),
        delete(Spending).where(Spending.actor.in_(keys)),
        delete(ApiToken).where(ApiToken.owner.in_(keys)),
        delete(SavedView).where(SavedView.user_id.in_(_USERS)),
        delete(UserSession).where(UserSession.user_id.in_(_USERS)),
        delete(PasskeyChallenge).where(PasskeyChallenge.user_id.in_(_USERS)),
        delete(Passkey).where(Passkey.user_id.in_(_USERS)),
        delete(user_roles).where(user_roles.c.user_id.in_(_USERS)),
        delete(User).where(User.demo),
        delete(Audit).where(Audit.batch.in_(batches)),
        delete(AuditSeal).where(AuditSeal.chain == CHAIN),
        delete(AuditHead).where(AuditHead.chain == CHAIN),
    ]


def _remove_reports(session: Session, seeded_at: datetime) -> int:
    """Those that were made meanwhile, too: their figures are the demo's, and would stand in the place of others."""
    which = select(Report.id).where(Report.demo | (Report.made_at >= seeded_at))
    gone = [
        delete(ReportRecipient).where(ReportRecipient.report_id.in_(which)),
        delete(ReportFile).where(ReportFile.report_id.in_(which)),
        delete(ReportSubscription).where(ReportSubscription.user_id.in_(_USERS)),
        delete(Report).where(Report.id.in_(which)),
    ]
    return sum(_count(session, each) for each in gone)


def _detach(session: Session) -> None:
    """What isn't the demo's stops pointing to it."""
    storefront.keep_named(session, _ORDERS)
    for column, ids in ((Dispute.assignee_id, _USERS), (Run.parent_id, _RUNS)):
        held = update(column.class_).where(column.in_(ids)).values({column: None})
        session.execute(held.execution_options(synchronize_session=False))


def _count(session: Session, statement: Delete) -> int:
    found = session.execute(statement.execution_options(synchronize_session=False))
    return int(getattr(found, "rowcount", 0))


def _files(session: Session) -> list[str]:
    stored = select(Evidence.stored_as).where(Evidence.dispute_id.in_(_DISPUTES), Evidence.stored_as.is_not(None))
    return [name for name in session.scalars(stored) if name]


def _restore(session: Session, before: dict[str, Any]) -> None:
    """Give the silent job its schedule back, and drop the demo's limits."""
    if before.get("limits"):
        session.execute(delete(StoredSetting).where(StoredSetting.name == LIMITS))
    kept, schedule = before.get("schedule"), session.get(Schedule, SILENT)
    if kept and schedule is not None:
        schedule.catch_up, schedule.changed_by = kept["catch_up"], kept["changed_by"]
        schedule.since = clock.from_iso(kept["since"])
        schedule.changed_at = clock.from_iso(kept["changed_at"]) if kept["changed_at"] else None
        session.flush()
