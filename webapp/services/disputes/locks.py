"""Taking a dispute: its escrow's row first, then looking at both."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.state_labels import in_words
from webapp.domain.states import CLOSED_DISPUTES, DisputeKind, FreezeCause
from webapp.domain.words import phrase
from webapp.errors import Overtaken
from webapp.models import Dispute, Escrow
from webapp.services.common import lookup
from webapp.services.escrows import disbursement


def locked(session: Session, dispute_id: int) -> tuple[Dispute, Escrow]:
    """The dispute and its escrow, whose row this transaction has from here on."""
    escrow_id = lookup.by_id(session, Dispute, dispute_id, "dispute").escrow_id
    escrow = disbursement.locked(session, escrow_id)
    return lookup.by_id(session, Dispute, dispute_id, "dispute"), escrow


def locked_open(session: Session, dispute_id: int) -> Dispute:
    """The same, for work on an open dispute. Raises Conflict when it is closed."""
    dispute, _ = locked(session, dispute_id)
    if dispute.status in CLOSED_DISPUTES:
        raise Overtaken(
            phrase("Dispute %(ref)s is %(in_words)s already.", ref=dispute.ref, in_words=in_words(dispute.status))
        )
    return dispute


def open_of(session: Session, escrow_id: int) -> Dispute | None:
    """The open dispute about an escrow, if there is one."""
    mine = (Dispute.escrow_id == escrow_id, Dispute.status.not_in(CLOSED_DISPUTES))
    return session.scalars(select(Dispute).where(*mine)).one_or_none()


def cause_of(dispute: Dispute) -> FreezeCause:
    """The cause under which the dispute froze its escrow."""
    return FreezeCause.WARRANTY_CLAIM if dispute.kind == DisputeKind.WARRANTY_CLAIM else FreezeCause.DISPUTE
