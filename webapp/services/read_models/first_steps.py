"""What an empty desk needs before its first day, ticked by what is true in the database: nothing is ticked by hand."""

from dataclasses import astuple, dataclass
from datetime import datetime

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.permissions import ROLES
from webapp.models import ApiToken, Audit, Escrow, Role, StoredSetting, User
from webapp.providers.key_checks import KeyFinding
from webapp.services.approvals import limits
from webapp.services.audit import trail
from webapp.services.users import invitations

HIDE, CHECK = "settings:manage", "settings:manage"
"""Who hides the list for everybody, and who has the providers asked."""
_HIDDEN = "getting_started_hidden"
_TAKEN, _REFUSED = "provider.keys_taken", "provider.keys_refused"


@dataclass(frozen=True, slots=True)
class FirstSteps:
    """Which steps are done, in the order in which they stand on the page."""

    administrator: bool
    providers: bool
    """Whether every provider that is configured took our key when it was asked last."""
    limits: bool
    colleagues: bool
    token: bool
    orders: bool
    api: bool
    """Whether a token was used."""

    @property
    def all(self) -> int:
        """How many there are."""
        return len(astuple(self))

    @property
    def done(self) -> int:
        """How many are done."""
        return sum(astuple(self))


@dataclass(frozen=True, slots=True)
class Begun:
    """The steps, and whether somebody has hidden them."""

    steps: FirstSteps
    is_hidden: bool

    @property
    def is_shown(self) -> bool:
        """Whether they have a place on the first page."""
        return not self.is_hidden and self.steps.done < self.steps.all

    @property
    def orders(self) -> bool:
        """Whether anything was ever held here or waits to be paid."""
        return self.steps.orders

    @property
    def done(self) -> int:
        """How many are done."""
        return self.steps.done

    @property
    def all(self) -> int:
        """How many there are."""
        return self.steps.all


def read(session: Session) -> Begun:
    """All of it by one statement, of probes that end at the first row."""
    admins = select(User.id).join(User.roles).where(User.active, Role.name == "admin").exists()
    newest = (select(func.max(Audit.id)).where(Audit.action == action) for action in (_TAKEN, _REFUSED))
    taken, refused = (func.coalesce(each.scalar_subquery(), 0) for each in newest)
    several = select(func.count()).select_from(select(User.id).limit(2).subquery()).scalar_subquery() > 1
    found = session.execute(
        select(
            admins.label("administrator"),
            (taken > refused).label("providers"),
            limits.are_set().label("limits"),
            or_(several, exists().where(invitations.INVITED)).label("colleagues"),
            select(ApiToken.id).exists().label("token"),
            select(Escrow.id).exists().label("orders"),
            exists().where(ApiToken.last_used_at.is_not(None)).label("api"),
            exists().where(StoredSetting.name == _HIDDEN).label("is_hidden"),
        )
    ).one()
    *steps, is_hidden = (bool(value) for value in found)
    return Begun(FirstSteps(*steps), is_hidden)


def hide(session: Session, *, at: datetime, actor: Actor) -> None:
    """Take the list off everybody's first page. Twice is harmless."""
    actor.require(HIDE)
    if session.get(StoredSetting, _HIDDEN, with_for_update=True) is None:
        session.add(StoredSetting(name=_HIDDEN, value=True, changed_at=at, changed_by=actor.name))
    trail.record(session, actor, "settings.getting_started_hidden", ("setting", 0), at=at)


def show(session: Session, *, at: datetime, actor: Actor) -> None:
    """Put the list back there. Twice is harmless."""
    actor.require(HIDE)
    found = session.get(StoredSetting, _HIDDEN, with_for_update=True)
    if found is not None:
        session.delete(found)
    trail.record(session, actor, "settings.getting_started_shown", ("setting", 0), at=at)


def record_check(session: Session, findings: list[KeyFinding], *, at: datetime, actor: Actor) -> None:
    """Keep what the providers answered when they were asked whether they take our keys."""
    actor.require(CHECK)
    well = bool(findings) and all(each.is_taken for each in findings)
    after = {each.name: each.sentence for each in findings}
    trail.record(session, actor, _TAKEN if well else _REFUSED, ("setting", 0), at=at, after=after)


def roles_with(permission: str) -> list[str]:
    """Which roles may do a step."""
    return [role for role, permissions in ROLES.items() if permission in permissions]
