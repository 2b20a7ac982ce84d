"""Seeding the demo: one transaction, told in the order in which it happened, under an audit chain of its own."""

from functools import partial

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from webapp import clock
from webapp.demo.seed.alerts import add_alerts
from webapp.demo.seed.approvals import add_proposals
from webapp.demo.seed.backups import add_backups
from webapp.demo.seed.context import CHAIN, DAYS, SeedContext, to_the_minute
from webapp.demo.seed.disputes import add_disputes
from webapp.demo.seed.edge_cases import add_auto_deduct_mandates, edge_case_trades, wallets_of_debtors
from webapp.demo.seed.marketplaces import MARKETS
from webapp.demo.seed.orders import Trade, add_orders
from webapp.demo.seed.parties import add_parties, deposit
from webapp.demo.seed.reports import add_reports
from webapp.demo.seed.runs import SILENT, add_runs
from webapp.demo.seed.staff import add_staff
from webapp.demo.seed.storefront import add_storefront, add_tenants
from webapp.demo.seed.wallets import hold
from webapp.domain.states import CatchUp
from webapp.errors import Conflict
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.models import Event, Schedule, StoredSetting
from webapp.runtime import Runtime
from webapp.services.escrows import freezes
from webapp.services.users.users import actor_of

MARKER = "demo"
LIMITS = "approval_limits"
_BY = "demo data"
_WORRIES = (
    "Buyer's bank asks us to wait for their fraud team.",
    "Two orders from one card within a minute; checking.",
    "Seller changed the payout account yesterday; calling back.",
)


def seed(runtime: Runtime) -> bool:
    """Add the demo data; False when it is there already. Raises Conflict in production."""
    refuse_in_production(runtime)
    register_jobs(runtime)
    with runtime.db.transaction() as session:
        if is_seeded(session):
            return False
        session.info["audit_chain"] = CHAIN
        last_event = session.scalar(select(func.max(Event.id))) or 0
        context = SeedContext(runtime, session, to_the_minute(clock.now()), first_event=last_event)
        _mark(context)
        _seed(context)
        _send_nothing(session, context)
    return True


def is_seeded(session: Session) -> bool:
    """Whether the demo data is there."""
    return session.get(StoredSetting, MARKER) is not None


def refuse_in_production(runtime: Runtime) -> None:
    """Raise Conflict on the real thing."""
    if runtime.settings.is_production:
        raise Conflict("There is no demo data in production: DESK_ENV is production.")


def _seed(context: SeedContext) -> None:
    context.staff = add_staff(context.session, context.ago(DAYS + 10))
    add_parties(context)
    add_auto_deduct_mandates(context)
    add_tenants(context)
    trades = add_orders(context, edge_case_trades(context))
    for trade in trades:
        if trade.paid:
            context.schedule(trade.paid, partial(hold, context, trade))
    for market, name, amount in wallets_of_debtors():
        context.schedule(context.ago(23), partial(deposit, context, market, name, amount, 23))
    for market in MARKETS:
        context.schedule(context.ago(40), partial(deposit, context, market, market.buyers[-1], market.high, 40))
    _freeze_some(context, trades)
    cases = add_disputes(context, trades)
    add_runs(context, trades)
    context.replay()
    add_storefront(context, trades)
    add_backups(context)
    add_proposals(context, cases)
    _silence(context)
    add_alerts(context)
    add_reports(context)


def _freeze_some(context: SeedContext, trades: list[Trade]) -> None:
    agent = actor_of(context.staff["agent"])
    for number, trade in enumerate(each for each in trades if each.scenario == "frozen"):
        at = trade.created + (context.now - trade.created) / 8
        reason = _WORRIES[number % len(_WORRIES)]
        context.schedule(at, partial(freezes.freeze, context.session, trade.escrow_id, reason, at=at, actor=agent))


def _silence(context: SeedContext) -> None:
    """Let the silent job's plan begin before its last run, and skip what it missed."""
    schedule = context.session.get(Schedule, SILENT)
    if schedule is not None:
        schedule.since, schedule.catch_up = context.ago(DAYS + 2), CatchUp.SKIP
        schedule.changed_at, schedule.changed_by = context.now, _BY
        context.session.flush()


def _mark(context: SeedContext) -> None:
    """Remember what was there before, for when the demo goes."""
    session, before = context.session, context.session.get(Schedule, SILENT)
    kept = None
    if before is not None:
        kept = {
            "catch_up": before.catch_up,
            "since": clock.iso(before.since),
            "changed_by": before.changed_by,
            "changed_at": clock.iso(before.changed_at) if before.changed_at else None,
        }
    limits = session.get(StoredSetting, LIMITS) is None
    common = {"changed_at": context.now, "changed_by": _BY}
    session.add(
        StoredSetting(
            name=MARKER,
            value={"schedule": kept, "limits": limits, "pools_since": clock.iso(context.pools_since)},
            **common,
        )
    )
    if limits:
        session.add(StoredSetting(name=LIMITS, value={market.currency: market.limit for market in MARKETS}, **common))
    session.flush()


def _send_nothing(session: Session, context: SeedContext) -> None:
    """The demo's past is no news to other systems: what was written as of before this minute counts as sent."""
    mine = (Event.sent_at.is_(None), Event.id > context.first_event, Event.at <= context.now)
    session.execute(update(Event).where(*mine).values(sent_at=context.now).execution_options(synchronize_session=False))
