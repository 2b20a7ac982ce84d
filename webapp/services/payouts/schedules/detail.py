"""All there is to know of one payout schedule, and why it was not paid yet."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.instants import in_utc
from webapp.domain.state_labels import in_words
from webapp.domain.states import AccountKind, PayoutStatus, ScheduleStatus
from webapp.domain.words import phrase
from webapp.models import Account, Party, Payout, PayoutDestination, PayoutSchedule, Schedule
from webapp.services import timeline
from webapp.services.common.kill_switch import stopped
from webapp.services.common.reasons import Reason, Target
from webapp.services.ledger import accounts
from webapp.services.payouts import destinations
from webapp.services.payouts.schedules import schedules
from webapp.services.payouts.schedules import terms as payout_terms
from webapp.services.payouts.schedules.schedules import JOB, PAUSE
from webapp.services.payouts.schedules.terms import Terms
from webapp.services.scheduling.next_runs import run_of
from webapp.services.timeline import Moment

MOST = 50
_OPEN = (ScheduleStatus.PENDING, ScheduleStatus.FAILED)


_CAME_BACK = (PayoutStatus.FAILED, PayoutStatus.REVERSED)


@dataclass(frozen=True, slots=True)
class Plan:
    """One payout schedule with everything around it."""

    schedule: PayoutSchedule
    party: Party
    destination: PayoutDestination | None
    """Where it would go now."""
    wallet: int | None
    """What the wallet holds that it is paid out of; None when there is no wallet."""
    payouts: Sequence[Payout]
    """Every attempt, newest first."""
    moments: Sequence[Moment]
    terms: Terms
    job: Schedule | None
    stop: Mapping[str, str] | None

    @property
    def failed(self) -> int:
        """How many of its payouts came back, whatever was changed since."""
        return sum(each.status in _CAME_BACK for each in self.payouts)


def read(session: Session, schedule_id: int) -> Plan:
    """One payout schedule with everything around it. Raises NotFound."""
    found = schedules.get(session, schedule_id)
    in_use = {each.currency: each for each in destinations.in_use(session, found.party_id)}
    account = accounts.find_account(session, AccountKind.WALLET, found.party_id, found.currency)
    tried = select(Payout).where(Payout.schedule_id == schedule_id).order_by(Payout.id.desc()).limit(MOST)
    payouts = session.scalars(tried).all()
    subjects = [("payout_schedule", schedule_id), *[("payout", each.id) for each in payouts]]
    return Plan(
        found,
        session.get_one(Party, found.party_id),
        in_use.get(found.currency),
        session.get_one(Account, account).balance if account else None,
        payouts,
        timeline.moments(session, subjects, ()),
        payout_terms.of(session, found),
        session.get(Schedule, JOB),
        stopped(session),
    )


def closed(plan: Plan, verb: str) -> str:
    """Why it can't be `changed` or `cancelled` now; empty when it can."""
    status = plan.schedule.status
    return (
        "" if status in _OPEN else phrase("It is %(status)s: it can't be %(verb)s.", status=in_words(status), verb=verb)
    )


def pay_disabled_reason(plan: Plan, at: datetime) -> str:
    """Why nobody can have it paid now; empty when somebody can."""
    return closed(plan, phrase("paid again")) or _guarantee(plan, at) or payout_terms.disabled_reason(plan.terms, at)


def reasons(plan: Plan, at: datetime, routes: Mapping[str, str]) -> list[Reason]:
    """Why it was not paid yet; the first is the answer. `ways` is which provider pays out a currency."""
    schedule, twice = plan.schedule, _after_all(plan)
    if schedule.status == ScheduleStatus.PROCESSED:
        return [_paid(plan), *twice]
    if schedule.status == ScheduleStatus.CANCELLED:
        return [Reason(phrase("It was cancelled; nothing is paid.")), *twice]
    if schedule.status == ScheduleStatus.PROCESSING:
        return [_under_way(plan), *twice]
    if twice:
        return twice
    if schedule.status == ScheduleStatus.FAILED:
        last = schedule.failure_reason or phrase("The provider gave no reason.")
        failed = phrase("It failed for good: nothing more is sent until somebody has it paid or changes it.")
        return [Reason(failed), Reason(last)]
    return _waiting(plan, at, routes)


def next_run_at(plan: Plan, at: datetime) -> datetime | None:
    """When a run will next consider it, which none does before its time; None when none is foreseen."""
    return run_of(plan.job, JOB, at, schedules.not_before(plan.schedule)).at


def _waiting(plan: Plan, at: datetime, routes: Mapping[str, str]) -> list[Reason]:
    found = [*_stop(plan), *_until(plan, at), *_lacking(plan, at, routes)]
    last = plan.schedule.failure_reason
    if last and last not in [reason.sentence for reason in found]:
        found.append(Reason(phrase("The last attempt said: %(last)s", last=last)))
    nothing = Reason(
        phrase("Nothing stands in the way: the next run pays it."), _run(plan, at, None), Target("job", name=JOB)
    )
    return found or [nothing]


def _paid(plan: Plan) -> Reason:
    """By which payout, and when as far as that is known."""
    paid = next((each for each in plan.payouts if each.id == plan.schedule.payout_id), None)
    if paid is None:
        return Reason(phrase("It was paid."))
    known = plan.schedule.processed_at
    since = phrase(", as the desk knows since %(known)s", known=in_utc(known)) if known else ""
    when = (
        phrase(" on %(paid_at)s, by %(provider)s's clock", paid_at=in_utc(paid.paid_at), provider=paid.provider)
        if paid.paid_at
        else since
    )
    return Reason(phrase("It was paid by payout %(ref)s%(when)s.", ref=paid.ref, when=when), "", _to(paid))


def _after_all(plan: Plan) -> list[Reason]:
    """What was paid after its money had come back, and waits for a person."""
    return [
        Reason(
            phrase(
                "Payout %(ref)s was paid after all, after its money had come back. Nothing more is paid before "
                "that is decided.",
                ref=each.ref,
            ),
            phrase("Claw it back from the party, or write it off."),
            _to(each),
        )
        for each in plan.payouts
        if each.paid_after_all_at is not None
    ]


def _under_way(plan: Plan) -> Reason:
    if not plan.payouts:
        return Reason(phrase("Its payout is under way."))
    newest = plan.payouts[0]
    return Reason(
        phrase("Its payout %(ref)s is %(status)s.", ref=newest.ref, status=in_words(newest.status)), "", _to(newest)
    )


def _run(plan: Plan, at: datetime, not_before: datetime | None) -> str:
    return run_of(plan.job, JOB, at, not_before).in_words(phrase("considers it"))


def _stop(plan: Plan) -> Iterator[Reason]:
    if plan.stop:
        sentence = phrase("All outgoing money is stopped by %(by)s: %(why)s", by=plan.stop["by"], why=plan.stop["why"])
        yield Reason(sentence, phrase("An administrator lets it flow again in the settings."), Target("switch"))


def _until(plan: Plan, at: datetime) -> Iterator[Reason]:
    """What time ends: its guarantee, its date, a pause after an attempt that failed."""
    due, tried, job = plan.schedule.due_at, plan.schedule.last_retry_at, Target("job", name=JOB)
    if guaranteed := _guarantee(plan, at):
        yield Reason(guaranteed, _run(plan, at, plan.schedule.guarantee_completion_date), job)
    if due > at:
        yield Reason(phrase("It is not due until %(due)s.", due=in_utc(due)), _run(plan, at, due), job)
    if tried and tried + PAUSE > at:
        sentence = phrase("An attempt failed; the next one waits until %(until)s.", until=in_utc(tried + PAUSE))
        yield Reason(sentence, _run(plan, at, tried + PAUSE), job)


def _guarantee(plan: Plan, at: datetime) -> str:
    ends = plan.schedule.guarantee_completion_date
    return (
        phrase("Its guarantee ends on %(ends)s; until then it can't be paid.", ends=in_utc(ends))
        if ends and ends > at
        else ""
    )


def _lacking(plan: Plan, at: datetime, routes: Mapping[str, str]) -> Iterator[Reason]:
    """What the payout itself would lack."""
    currency, party = plan.schedule.currency, plan.party
    if currency not in routes:
        yield Reason(
            phrase("No provider that is configured pays out %(currency)s.", currency=currency),
            phrase("Whoever runs the desk sets one up."),
        )
    if plan.destination is None:
        none = phrase("%(name)s has no payout destination in %(currency)s.", name=party.name, currency=currency)
        yield Reason(none, phrase("Setting one ends that."), Target("destination", party.id, currency))
    elif plan.destination.effective_at is not None and destinations.waits(plan.destination, at):
        sentence = destinations.waiting_in_words(party.name, currency, plan.destination.effective_at)
        yield Reason(sentence, _run(plan, at, plan.destination.effective_at), Target("job", name=JOB))
    if plan.wallet is None:
        yield Reason(
            plan.terms.uncovered, phrase("Opening one by hand ends that."), Target("wallet", party.id, currency)
        )
    elif plan.terms.uncovered:
        cure = phrase("It waits until the party is paid that much, or until its amount is changed.")
        yield Reason(plan.terms.uncovered, cure)


def _to(payout: Payout) -> Target:
    return Target("payout", payout.id)
