"""Rows: columns and constraints, no decisions."""

from webapp.models.approval import Approval, Spending
from webapp.models.audit import Audit, AuditHead, AuditSeal
from webapp.models.base import Base
from webapp.models.dispute import Dispute, Evidence, Message
from webapp.models.escrow import Escrow, Freeze
from webapp.models.ledger import Account, DailyFigure, Entry, Transfer
from webapp.models.order import Order, Payment
from webapp.models.outbox import Event, Idempotency, SavedView, StoredSetting
from webapp.models.party import AutoDeduct, Party
from webapp.models.run import Alert, Process, Run, RunItem, RunLine, Schedule
from webapp.models.user import ApiToken, Role, Strike, User, UserSession

__all__ = [
    "Account",
    "Alert",
    "ApiToken",
    "Approval",
    "Audit",
    "AuditHead",
    "AuditSeal",
    "AutoDeduct",
    "Base",
    "DailyFigure",
    "Dispute",
    "Entry",
    "Escrow",
    "Event",
    "Evidence",
    "Freeze",
    "Idempotency",
    "Message",
    "Order",
    "Party",
    "Payment",
    "Process",
    "Role",
    "Run",
    "RunItem",
    "RunLine",
    "SavedView",
    "Schedule",
    "Spending",
    "StoredSetting",
    "Strike",
    "Transfer",
    "User",
    "UserSession",
]
