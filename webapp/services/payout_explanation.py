"""What is the matter with this payout? The answer, and what happens next."""

from datetime import datetime

from webapp.domain.states import PayoutStatus
from webapp.models import Payout

_WORDS = {
    PayoutStatus.PENDING: "It is written and not sent yet; its money has left the wallet.",
    PayoutStatus.SENDING: "Nobody knows whether it was sent. Its provider is asked; it is never sent a second time.",
    PayoutStatus.SENT: "Its provider took it and has not said yet that it was paid.",
    PayoutStatus.FAILED: "Its provider did not pay it. The money is in the wallet again.",
    PayoutStatus.REVERSED: "Its provider took it back. The money is in the wallet again.",
    PayoutStatus.CANCELLED: "It was cancelled before it was sent. The money is in the wallet again.",
}


def why(payout: Payout, at: datetime) -> list[str]:
    """Sentences; the first is the answer."""
    status = PayoutStatus(payout.status)
    on = f" on {payout.settled_at:%d %B %Y at %H:%M} UTC" if payout.settled_at else ""
    told = [_WORDS.get(status, f"It was paid{on}.")]
    if payout.said:
        told.append(payout.said)
    if payout.next_try_at is not None:
        soon = payout.next_try_at <= at
        told.append("The next run looks after it." if soon else f"A run looks after it from {_on(payout.next_try_at)}.")
    return told


def _on(instant: datetime) -> str:
    return f"{instant:%d %B %Y at %H:%M} UTC"
