"""Rows: columns and constraints, no decisions."""

from webapp.models.analytics import AnalyticsDay, AnalyticsLateRow, AnalyticsTotal, TenantDailyFigure
from webapp.models.approval import Approval, Spending
from webapp.models.archive import ArchivePart
from webapp.models.audit import Audit, AuditHead, AuditSeal
from webapp.models.backup import Backup
from webapp.models.base import Base
from webapp.models.dispute import CannedReply, Dispute, Evidence, Message
from webapp.models.escrow import Escrow, Freeze
from webapp.models.ledger import Account, AccountCheckpoint, DailyFigure, Entry, Transfer
from webapp.models.order import Order, OrderImport, OrderImportPart
from webapp.models.outbox import Delivery, Event, Idempotency, SavedView, StoredSetting
from webapp.models.party import AutoDeduct, AutoDeduction, Party
from webapp.models.payment import Chargeback, Payment, Refund
from webapp.models.payout import Payout, PayoutDestination, PayoutPause, PayoutSchedule
from webapp.models.provider import (
    Discrepancy,
    MirrorAccount,
    MirrorEntry,
    ProviderState,
    ProviderToken,
    Reconciliation,
)
from webapp.models.report import Report, ReportFile, ReportRecipient, ReportSubscription
from webapp.models.run import Alert, JobTotal, Process, Run, RunItem, RunLine, Schedule
from webapp.models.storefront import CartItem, Customer, OrderLine, Product, Tenant
from webapp.models.subscription import Subscription, SubscriptionReminder
from webapp.models.user import (
    ApiToken,
    FailedLogin,
    OneTimeLink,
    Passkey,
    PasskeyChallenge,
    Role,
    TokenSpending,
    User,
    UserIdentity,
    UserSession,
)
from webapp.models.webhook import IgnoredWebhookEvent, InboundWebhook, WebhookEndpoint, WebhookRefusal

__all__ = [
    "Account",
    "AccountCheckpoint",
    "Alert",
    "AnalyticsDay",
    "AnalyticsLateRow",
    "AnalyticsTotal",
    "ApiToken",
    "Approval",
    "ArchivePart",
    "Audit",
    "AuditHead",
    "AuditSeal",
    "AutoDeduct",
    "AutoDeduction",
    "Backup",
    "Base",
    "CannedReply",
    "CartItem",
    "Chargeback",
    "Customer",
    "DailyFigure",
    "Delivery",
    "Discrepancy",
    "Dispute",
    "Entry",
    "Escrow",
    "Event",
    "Evidence",
    "FailedLogin",
    "Freeze",
    "Idempotency",
    "IgnoredWebhookEvent",
    "InboundWebhook",
    "JobTotal",
    "Message",
    "MirrorAccount",
    "MirrorEntry",
    "OneTimeLink",
    "Order",
    "OrderImport",
    "OrderImportPart",
    "OrderLine",
    "Party",
    "Passkey",
    "PasskeyChallenge",
    "Payment",
    "Payout",
    "PayoutDestination",
    "PayoutPause",
    "PayoutSchedule",
    "Process",
    "Product",
    "ProviderState",
    "ProviderToken",
    "Reconciliation",
    "Refund",
    "Report",
    "ReportFile",
    "ReportRecipient",
    "ReportSubscription",
    "Role",
    "Run",
    "RunItem",
    "RunLine",
    "SavedView",
    "Schedule",
    "Spending",
    "StoredSetting",
    "Subscription",
    "SubscriptionReminder",
    "Tenant",
    "TenantDailyFigure",
    "TokenSpending",
    "Transfer",
    "User",
    "UserIdentity",
    "UserSession",
    "WebhookEndpoint",
    "WebhookRefusal",
]
