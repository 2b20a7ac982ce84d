"""One escrow that a person decides on: taking its row, and what has to hold before its money leaves."""

from collections.abc import Iterable

from sqlalchemy.orm import Session

from webapp.domain.state_labels import in_words
from webapp.domain.states import AccountKind, EscrowStatus
from webapp.domain.words import phrase
from webapp.errors import Conflict, Overtaken
from webapp.models import Escrow, Freeze, Party
from webapp.services.common import lookup
from webapp.services.escrows import freezes
from webapp.services.ledger import accounts
from webapp.sql import lock


def locked(session: Session, escrow_id: int) -> Escrow:
    """Take the escrow's row, then look at it."""
    lock(session, Escrow, [escrow_id])
    return lookup.by_id(session, Escrow, escrow_id, "escrow")


def require_free(
    escrow: Escrow, open_freezes: Iterable[Freeze], lifted: frozenset[tuple[str, int]] = frozenset()
) -> None:
    """Raise Conflict unless the escrow is held and nothing freezes it but what is `lifted` with the decision."""
    if escrow.status != EscrowStatus.HELD:
        since = "still" if escrow.status == EscrowStatus.PENDING_PAYMENT else "already"
        raise Overtaken(
            phrase(
                "Escrow %(ref)s is %(in_words)s %(since)s. Nothing was changed.",
                ref=escrow.ref,
                in_words=in_words(escrow.status),
                since=since,
            )
        )
    for found in open_freezes:
        if (found.cause, found.cause_id) not in lifted:
            raise Overtaken(
                phrase("Escrow %(ref)s is %(in_the_way)s", ref=escrow.ref, in_the_way=freezes.in_the_way(found))
            )


def require_seller_wallet(session: Session, escrow: Escrow) -> None:
    """Raise Conflict when the seller has no wallet to be paid into."""
    if accounts.find_account(session, AccountKind.WALLET, escrow.seller_id, escrow.currency) is None:
        seller = lookup.by_id(session, Party, escrow.seller_id, "party")
        raise Conflict(
            phrase(
                "%(name)s has no wallet in %(currency)s. Open one on the party's page first.",
                name=seller.name,
                currency=escrow.currency,
            )
        )
