"""Auto-deduct: a party's standing order to repay debt from its wallet."""

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.money.deduction import DeductionRule
from webapp.domain.words import phrase
from webapp.errors import Invalid, Overtaken
from webapp.models import AutoDeduct
from webapp.services.audit import trail
from webapp.services.common import validation
from webapp.services.parties import parties
from webapp.settings import Settings


@dataclass(frozen=True, slots=True)
class MandateTerms:
    """On or off; percent of the debt; at most so much a day; never below the minimum balance. Minor units.

    Without a percent or a minimum balance of its own, it takes and leaves what the settings say on the day.
    """

    enabled: bool
    percent: int | None = None
    daily_max: int | None = None
    minimum_balance: int | None = None


def rule(settings: Settings) -> DeductionRule:
    """What holds for every standing order, by the settings."""
    return DeductionRule(settings.auto_deduct_zone, settings.auto_deduct_percent, settings.auto_deduct_minimum_balance)


def find(session: Session, party_id: int, currency: str) -> AutoDeduct | None:
    """The party's standing order in a currency, if it has one."""
    where = (AutoDeduct.party_id == party_id, AutoDeduct.currency == currency)
    return session.scalars(select(AutoDeduct).where(*where)).one_or_none()


def change(
    session: Session,
    party_id: int,
    currency: str,
    terms: MandateTerms,
    *,
    version: int,
    at: datetime,
    actor: Actor,
) -> AutoDeduct:
    """Set the standing order; `version` is the one that was seen, 0 when there was none. Raises Conflict if stale."""
    actor.require("party:auto-deduct")
    validation.require_currency(currency)
    _check(terms)
    parties.require_known(session, party_id)
    row = _locked(session, party_id, currency)
    if (row.version if row else 0) != version:
        raise Overtaken(phrase("Someone changed this standing order meanwhile. Look at it again. Nothing was changed."))
    before = None if row is None else asdict(_mandate(row))
    if row is None:
        row = AutoDeduct(party_id=party_id, currency=currency, version=0)
        session.add(row)
    row.enabled, row.percent = terms.enabled, terms.percent
    row.daily_max, row.minimum_balance, row.version = terms.daily_max, terms.minimum_balance, row.version + 1
    session.flush()
    trail.record(
        session,
        actor,
        "party.auto_deduct",
        ("party", party_id),
        at=at,
        before=before,
        after={"currency": currency, **asdict(terms)},
    )
    return row


def _locked(session: Session, party_id: int, currency: str) -> AutoDeduct | None:
    where = (AutoDeduct.party_id == party_id, AutoDeduct.currency == currency)
    return session.scalars(select(AutoDeduct).where(*where).with_for_update()).one_or_none()


def _mandate(row: AutoDeduct) -> MandateTerms:
    return MandateTerms(row.enabled, row.percent, row.daily_max, row.minimum_balance)


def _check(terms: MandateTerms) -> None:
    problems = {}
    if terms.percent is not None and not 1 <= terms.percent <= 100:
        problems["percent"] = phrase("A whole number from 1 to 100, or none for the desk's own.")
    if terms.daily_max is not None and terms.daily_max <= 0:
        problems["daily_max"] = phrase("More than zero, or empty for no maximum.")
    if terms.minimum_balance is not None and terms.minimum_balance < 0:
        problems["minimum_balance"] = phrase("Zero or more, or none for the desk's own.")
    if problems:
        raise Invalid(phrase("The standing order can't be set like this."), fields=problems)
