"""What a person who has looked may decide about a discrepancy: that it stays as it is."""

from datetime import datetime

from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.words import phrase
from webapp.errors import Conflict, Invalid, NotFound, Overtaken
from webapp.models import Discrepancy
from webapp.providers.blnk import provider
from webapp.services.audit import trail
from webapp.services.reconciliation import discrepancies
from webapp.services.reconciliation.comparison import DIFFERENT, MISSING_HERE, MISSING_THERE

_LEDGER = (provider.NAME, provider.TRANSFERS)
SEND_AGAIN = phrase("What they lack is not accepted: it is sent again, or corrected.")
CORRECT = phrase("What both have, and a provider has otherwise, is not accepted: the side that is wrong is corrected.")


def disabled_reason(found: Discrepancy) -> str:
    """Why this discrepancy can't be accepted; empty when it can."""
    if found.resolved_at is not None:
        return phrase("It is resolved already.")
    if found.accepted_at is not None:
        return phrase("%(accepted_by)s has accepted it already.", accepted_by=found.accepted_by)
    if found.kind == MISSING_THERE:
        return SEND_AGAIN
    may = found.kind == MISSING_HERE or (found.kind == DIFFERENT and found.source in _LEDGER)
    return "" if may else CORRECT


def shown(found: Discrepancy) -> str:
    """What is accepted, as the person who decides has seen it: it is compared with what it is by then."""
    return f"{found.kind} {found.currency} {found.gap} {found.detail}"


def accept(session: Session, discrepancy_id: int, reason: str, *, seen: str, actor: Actor, at: datetime) -> Discrepancy:
    """Let it stay as it is and alert nobody; what it becomes later is another one.

    Raises Conflict when it can't be accepted, or is not what was seen any more.
    """
    actor.require("book:accept")
    if not reason.strip():
        raise Invalid(phrase("Say why."), fields={"reason": phrase("Say why.")})
    found = session.get(Discrepancy, discrepancy_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise NotFound(phrase("There is no discrepancy %(discrepancy_id)s.", discrepancy_id=discrepancy_id))
    if found.resolved_at is not None or found.accepted_at is not None:
        raise Overtaken(disabled_reason(found))
    if why := disabled_reason(found):
        raise Conflict(why)
    if shown(found) != seen:
        raise Overtaken(
            phrase("It is not what you have seen any more. Look at it again, then decide. Nothing was changed.")
        )
    found.accepted_at, found.accepted_by, found.accepted_reason = at, actor.name, reason.strip()
    accepted = {"source": found.source, "reference": found.reference, "gap": found.gap, "currency": found.currency}
    trail.record(
        session, actor, "discrepancy.accept", ("discrepancy", found.id), at=at, reason=reason.strip(), after=accepted
    )
    session.flush()
    discrepancies.alert(session, at)
    return found
