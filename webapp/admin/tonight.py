"""Tonight: what the next runs of the jobs that move money would do, computed now and not done."""

from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from webapp import clock
from webapp.admin.screen import Screen, page
from webapp.domain.policies import JOBS
from webapp.domain.states import Policy
from webapp.security.context import runtime
from webapp.services import deductions, release_preview, schedules, tonight
from webapp.services.release_preview import Preview
from webapp.services.tonight import Payee

_WHAT = {
    Policy.DEADLINE: _l("pays sellers whose escrows are due"),
    Policy.COMPLETION: _l("pays sellers whose orders are completed"),
    Policy.BUFFER: _l("moves earnings whose buffer is over to the wallet"),
    Policy.PLACEMENT: _l("pays what was held back from placements until now"),
}


class Coming(NamedTuple):
    """A job that moves money, when it runs next, and what it would do then."""

    job: str
    what: Any
    at: datetime
    paused: bool
    preview: Preview
    payees: list[Payee]


class TonightScreen(Screen):
    """The dry run of every job that moves money."""

    noun = "tonight"
    title = _l("Tonight")
    permission = "escrow:read"
    group = "money"
    icon = "moon"
    place = 20

    @page("/")
    def index(self) -> Any:
        """How many, how much, for whom, and what stays and why."""
        with self.reading() as session:
            coming = [self._release(session, policy) for policy in Policy]
            coming.append(self._deduction(session))
        return self.show("index.html", coming=coming, most=tonight.LOOKED_AT, shown=tonight.SHOWN)

    def _release(self, session: Session, policy: Policy) -> Coming:
        at, paused = self._next(session, JOBS[policy])
        found = release_preview.preview(session, at, policy)
        payees = tonight.sellers(session, at, policy)
        return Coming(JOBS[policy], _WHAT[policy], at, paused, found, payees)

    def _deduction(self, session: Session) -> Coming:
        at, paused = self._next(session, "auto_deduct")
        zone = runtime().settings.auto_deduct_zone
        twin = partial(deductions.preview_all, due_by=at, zone=zone)
        found, payees = tonight.debtors(session, at, twin)
        return Coming("auto_deduct", _l("takes repayments from wallets of parties in debt"), at, paused, found, payees)

    def _next(self, session: Session, job: str) -> tuple[datetime, bool]:
        now = clock.now()
        plan = schedules.get(session, job)
        return max(plan.next_slot or now, now), plan.paused_at is not None
