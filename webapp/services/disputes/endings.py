"""Who ended a dispute, when and how, in a sentence."""

from webapp.domain.actors import named
from webapp.domain.disputes import resolutions
from webapp.domain.disputes.resolutions import DisputeResolution
from webapp.domain.instants import in_utc
from webapp.domain.money.money import Money
from webapp.domain.state_labels import in_words
from webapp.domain.states import CLOSED_DISPUTES, DisputeStatus
from webapp.domain.words import phrase
from webapp.models import Dispute, Escrow
from webapp.services.disputes import warranty_claims


def ending(dispute: Dispute, escrow: Escrow) -> str:
    """Who ended the dispute, when and how; empty while it is open."""
    if dispute.status not in CLOSED_DISPUTES:
        return ""
    if dispute.resolved_at is None:
        return phrase("This dispute is %(status)s already.", status=in_words(dispute.status))
    when = in_utc(dispute.resolved_at)
    if dispute.status == DisputeStatus.WITHDRAWN:
        return phrase(
            "%(who)s withdrew this dispute on %(when)s: %(resolution_reason)s",
            who=named(dispute.resolved_by),
            when=when,
            resolution_reason=dispute.resolution_reason,
        )
    return phrase(
        "%(who)s resolved this dispute on %(when)s: %(resolution)s.",
        who=named(dispute.resolved_by),
        when=when,
        resolution=_resolution(dispute, escrow),
    )


def _resolution(dispute: Dispute, escrow: Escrow) -> str:
    shares = (dispute.buyer_amount, dispute.seller_amount)
    return resolution_in_words(
        dispute, escrow, DisputeResolution(dispute.resolution or "", dispute.resolution_code or "", "", *shares)
    )


def resolution_in_words(dispute: Dispute, escrow: Escrow, resolution: DisputeResolution) -> str:
    """What a resolution does with the money."""
    if warranty_claims.is_rejected(dispute, resolution):
        return phrase("the claim is rejected, which pays nobody at once")
    return resolutions.in_words(resolution, Money(escrow.amount, escrow.currency), escrow.fee)
