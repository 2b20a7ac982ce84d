"""The disputes of the demo: open ones in every state with near and past deadlines, and decided ones."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import cycle

from sqlalchemy import insert

from webapp.demo.seed.claim_texts import CLAIMS, RESOLUTIONS, ClaimText
from webapp.demo.seed.context import SeedContext
from webapp.demo.seed.evidence import attach
from webapp.demo.seed.orders import Trade
from webapp.domain.states import DisputeKind, DisputeStatus, Resolution
from webapp.models import Message
from webapp.services.approvals import executors
from webapp.services.disputes import disputes
from webapp.services.disputes.executors import ResolveDispute
from webapp.services.users.users import actor_of

_OPEN = (
    # status, waiting on, hours until due (negative: past due), assignee's role
    (DisputeStatus.UNDER_REVIEW, None, 3, "agent"),
    (DisputeStatus.UNDER_REVIEW, None, 41, None),
    (DisputeStatus.NEEDS_RESPONSE, "seller", 52, "agent"),
    (DisputeStatus.OPENED, None, 70, None),
    (DisputeStatus.UNDER_REVIEW, None, -50, "agent"),
    (DisputeStatus.ESCALATED, None, 8, "approver"),
    (DisputeStatus.NEEDS_RESPONSE, "buyer", 20, "admin"),
    (DisputeStatus.EXPIRED, "seller", -6, None),
    (DisputeStatus.UNDER_REVIEW, None, 26, "admin"),
    (DisputeStatus.OPENED, None, -1, None),
    (DisputeStatus.NEEDS_RESPONSE, "seller", 5, None),
    (DisputeStatus.UNDER_REVIEW, None, 15, "approver"),
)
"""A dispute that is open takes the next of these in turn."""


@dataclass
class SeedDispute:
    """One dispute while its story is told."""

    trade: Trade
    claim: ClaimText
    number: int
    opened: datetime
    status: DisputeStatus
    waiting_on: str | None = None
    due: datetime | None = None
    assignee: str | None = None
    id: int = 0


def add_disputes(context: SeedContext, trades: list[Trade]) -> list[SeedDispute]:
    """Plan the disputes into the story; returns the cases."""
    cases = list(_cases(context, [trade for trade in trades if _is_disputed(trade)]))
    for case in cases:
        context.schedule(case.opened, partial(_open, context, case))
        if case.trade.scenario in RESOLUTIONS:
            ends = min(case.opened + timedelta(hours=30 + case.number % 40), context.ago(hours=2))
            context.schedule(ends, partial(_resolve, context, case, ends))
    return cases


def _is_disputed(trade: Trade) -> bool:
    return trade.scenario in RESOLUTIONS or trade.scenario.startswith(("disputed", "proposed"))


def _cases(context: SeedContext, trades: list[Trade]) -> Iterator[SeedDispute]:
    states, claims = cycle(_OPEN), cycle(CLAIMS)
    for number, trade in enumerate(sorted(trades, key=partial(_opened, context))):
        case = SeedDispute(trade, next(claims), number, _opened(context, trade), DisputeStatus.UNDER_REVIEW)
        if trade.scenario == "disputed":
            case.status, case.waiting_on, hours, case.assignee = next(states)
            case.due = context.now + timedelta(hours=hours)
        elif trade.scenario in RESOLUTIONS:
            case.assignee, case.due = "agent", case.opened + timedelta(hours=72)
        else:
            case.assignee, case.due = "agent", context.now + timedelta(hours=11)
        yield case


def _opened(context: SeedContext, trade: Trade) -> datetime:
    """Within the six days before it would have been paid, and before the present."""
    room = min(timedelta(days=6), context.now - trade.created)
    return trade.created + room * (20 + sum(map(ord, trade.ref)) % 75) / 100


def _open(context: SeedContext, case: SeedDispute) -> None:
    trade, claim, at = case.trade, case.claim, case.opened
    kind = DisputeKind.WARRANTY_CLAIM if claim.code == "quality" else DisputeKind.DISPUTE
    agent = actor_of(context.staff["agent"])
    new = disputes.NewDispute(trade.escrow_id, claim.claimant, claim.code, _wording(case, claim.text), kind)
    opened = disputes.open_dispute(context.session, new, at=at, actor=agent, settings=context.runtime.settings)
    case.id = opened.id
    _talk(context, case)
    party = trade.buyer if claim.claimant == "buyer" else trade.seller
    attach(context, case.id, opened.ref, case.number, claim.claimant, party, at + timedelta(minutes=12))
    waits = case.status == DisputeStatus.NEEDS_RESPONSE
    opened.status, opened.waiting_on, opened.due_at = case.status, case.waiting_on, case.due or opened.due_at
    opened.paused_at = context.ago(hours=4) if waits else None
    opened.assignee_id = context.staff[case.assignee].id if case.assignee else None
    context.session.flush()


def _talk(context: SeedContext, case: SeedDispute) -> None:
    other = "seller" if case.claim.claimant == "buyer" else "buyer"
    agent = context.staff["agent"]
    staff = (f"user:{agent.id}", agent.name)
    lines = [
        (case.claim.claimant, True, case.claim.text, _party(case, case.claim.claimant), 0.1),
        (other, False, "A claim was opened about this order. Please answer within three days.", staff, 1.5),
        (other, True, case.claim.answer, _party(case, other), 9.0),
        ("internal", False, case.claim.note, staff, 11.0),
    ]
    sent = (
        lines[:1]
        if case.status == DisputeStatus.OPENED
        else lines[:2]
        if case.status == DisputeStatus.EXPIRED
        else lines
    )
    rows = [
        {
            "dispute_id": case.id,
            "audience": audience,
            "inbound": inbound,
            "by": by[0],
            "by_name": by[1],
            "body": _wording(case, body),
            "at": min(case.opened + timedelta(hours=hours), context.now),
        }
        for audience, inbound, body, by, hours in sent
    ]
    context.session.execute(insert(Message), rows)


def _party(case: SeedDispute, side: str) -> tuple[str, str]:
    name = case.trade.buyer if side == "buyer" else case.trade.seller
    return f"party:{case.trade.market.ids[name]}", name


def _wording(case: SeedDispute, text: str) -> str:
    goods = case.trade.goods
    filled = text.format(goods=goods)
    return filled[0].upper() + filled[1:]


def _resolve(context: SeedContext, case: SeedDispute, at: datetime) -> None:
    agent = actor_of(context.staff["agent"])
    resolution, code, sentence = RESOLUTIONS[case.trade.scenario]
    if resolution is None:
        disputes.withdraw(
            context.session, case.id, sentence, version=1, at=at, actor=agent, settings=context.runtime.settings
        )
        return
    buyer = case.trade.amount * (20 + case.number % 6 * 10) // 100 if resolution == Resolution.SPLIT else None
    seller = case.trade.amount - buyer if buyer is not None else None
    decision = ResolveDispute(
        resolution=resolution, code=code, reason=sentence, buyer_amount=buyer, seller_amount=seller
    )
    executors.compute(
        context.session,
        "dispute.resolve",
        case.id,
        decision,
        at=at,
        actor=agent.entrusted_with("money:move"),
        locked=True,
    ).post()
