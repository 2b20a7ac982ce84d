"""What providers told: the bodies go; that it came, and what was done, stays, so that a repetition is known."""

from webapp.domain.states import InboundWebhookStatus
from webapp.domain.words import phrase
from webapp.models import InboundWebhook
from webapp.services.retention.registry import RetentionKind, declare

_HANDLED = (InboundWebhookStatus.HANDLED, InboundWebhookStatus.IGNORED)

declare(
    RetentionKind(
        "webhook_bodies",
        phrase("Bodies of providers' webhooks that were handled"),
        InboundWebhook,
        "WEBHOOK_RETENTION_DAYS",
        lambda before: (
            InboundWebhook.status.in_(_HANDLED) & (InboundWebhook.received_at < before) & (InboundWebhook.body != "")
        ),
        blanks={"body": ""},
    )
)
