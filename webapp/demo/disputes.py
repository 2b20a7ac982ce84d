"""The disputes of the demo: open ones in every state with near and past deadlines, and decided ones."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import cycle

from sqlalchemy import insert

from webapp.demo.claims import CLAIMS, RESOLUTIONS, Claim
from webapp.demo.evidence import attach
from webapp.demo.money import freeze, lift, refund, split
from webapp.demo.orders import Trade
from webapp.demo.world import DEMO, World
from webapp.domain.states import CLOSED_DISPUTES, DisputeKind, DisputeStatus, FreezeCause, Policy
from webapp.models import Dispute, Message
from webapp.services import audit, events

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
class Case:
    """One dispute while its story is told."""

    trade: Trade
    claim: Claim
    number: int
    opened: datetime
    status: DisputeStatus
    waiting_on: str | None = None
    due: datetime | None = None
    assignee: str | None = None
    id: int = 0

    @property
    def ref(self) -> str:
        """The dispute's reference."""
        return f"D-{2_041 + self.number}"


def add_disputes(world: World, trades: list[Trade]) -> list[Case]:
    """Plan the disputes into the story; returns the cases."""
    cases = list(_cases(world, [trade for trade in trades if _is_disputed(trade)]))
    for case in cases:
        world.later(case.opened, partial(_open, world, case))
        if case.trade.fate in RESOLUTIONS:
            ends = min(case.opened + timedelta(hours=30 + case.number % 40), world.ago(hours=2))
            world.later(ends, partial(_resolve, world, case, ends))
    return cases


def _is_disputed(trade: Trade) -> bool:
    return trade.fate in RESOLUTIONS or trade.fate.startswith(("disputed", "proposed"))


def _cases(world: World, trades: list[Trade]) -> Iterator[Case]:
    states, claims = cycle(_OPEN), cycle(CLAIMS)
    for number, trade in enumerate(sorted(trades, key=partial(_opened, world))):
        case = Case(trade, next(claims), number, _opened(world, trade), DisputeStatus.UNDER_REVIEW)
        if trade.fate == "disputed":
            case.status, case.waiting_on, hours, case.assignee = next(states)
            case.due = world.now + timedelta(hours=hours)
        elif trade.fate in RESOLUTIONS:
            case.assignee, case.due = "agent", case.opened + timedelta(hours=72)
        else:
            case.assignee, case.due = "agent", world.now + timedelta(hours=11)
        yield case


def _opened(world: World, trade: Trade) -> datetime:
    """Within the six days before it would have been paid, and before the present."""
    room = min(timedelta(days=6), world.now - trade.created)
    return trade.created + room * (20 + sum(map(ord, trade.ref)) % 75) / 100


def _open(world: World, case: Case) -> None:
    trade, waits = case.trade, case.status == DisputeStatus.NEEDS_RESPONSE
    warranty = case.claim.code == "quality" and trade.policy == Policy.DEADLINE
    made = insert(Dispute).values(
        ref=case.ref,
        escrow_id=trade.escrow_id,
        kind=DisputeKind.WARRANTY_CLAIM if warranty else DisputeKind.DISPUTE,
        claimant=case.claim.claimant,
        reason_code=case.claim.code,
        claim=_said(case, case.claim.text),
        status=case.status,
        waiting_on=case.waiting_on,
        opened_at=case.opened,
        due_at=case.due,
        paused_at=world.ago(hours=4) if waits else None,
        assignee_id=world.people[case.assignee].id if case.assignee else None,
        version=1,
    )
    case.id = world.session.scalars(made.returning(Dispute.id)).one()
    at, party = case.opened, trade.buyer if case.claim.claimant == "buyer" else trade.seller
    freeze(world, trade, FreezeCause.DISPUTE, case.id, f"Dispute {case.ref} is open.", at, ("cli:demo data", party))
    audit.record(world.session, DEMO, "dispute.open", ("dispute", case.id), at=at, after={"escrow": trade.ref})
    events.add(world.session, "dispute.opened", ("dispute", case.id), {"dispute": case.ref, "order": trade.ref}, at=at)
    _talk(world, case)
    attach(world, case.id, case.ref, case.number, case.claim.claimant, party, at + timedelta(minutes=12))


def _talk(world: World, case: Case) -> None:
    other = "seller" if case.claim.claimant == "buyer" else "buyer"
    agent = world.people["agent"]
    staff = (f"user:{agent.id}", agent.name)
    lines = [
        (case.claim.claimant, True, case.claim.text, _party(case, case.claim.claimant), 0.1),
        (other, False, "A claim was opened about this order. Please answer within three days.", staff, 1.5),
        (other, True, case.claim.answer, _party(case, other), 9.0),
        ("internal", False, case.claim.note, staff, 11.0),
    ]
    said = (
        lines[:1]
        if case.status == DisputeStatus.OPENED
        else lines[:2]
        if case.status == DisputeStatus.EXPIRED
        else lines
    )
    rows = [
        {
            "dispute_id": case.id, "audience": audience, "inbound": inbound, "by": by[0], "by_name": by[1],
            "body": _said(case, body), "at": min(case.opened + timedelta(hours=hours), world.now),
        }
        for audience, inbound, body, by, hours in said
    ]
    world.session.execute(insert(Message), rows)


def _party(case: Case, side: str) -> tuple[str, str]:
    name = case.trade.buyer if side == "buyer" else case.trade.seller
    return f"party:{case.trade.market.ids[name]}", name


def _said(case: Case, text: str) -> str:
    goods = case.trade.goods
    filled = text.format(goods=goods)
    return filled[0].upper() + filled[1:]


def _resolve(world: World, case: Case, at: datetime) -> None:
    trade, agent = case.trade, world.people["agent"]
    resolution, sentence = RESOLUTIONS[trade.fate]
    lift(world, trade, FreezeCause.DISPUTE, case.id, at, f"user:{agent.id}")
    buyer = seller = None
    if trade.fate == "refunded":
        buyer, seller = trade.amount, 0
        refund(world, trade, at, sentence)
    elif trade.fate == "split":
        buyer = trade.amount * (20 + case.number % 6 * 10) // 100
        seller = trade.amount - buyer
        split(world, trade, buyer, at, sentence)
    row = world.session.get_one(Dispute, case.id)
    row.status = DisputeStatus.RESOLVED if resolution else DisputeStatus.WITHDRAWN
    row.waiting_on, row.resolution, row.resolution_code = None, resolution, case.claim.code if resolution else None
    row.resolution_reason, row.buyer_amount, row.seller_amount = sentence, buyer, seller
    row.resolved_at, row.resolved_by, row.version = at, agent.name, 2
    world.session.flush()
    audit.record(world.session, DEMO, "dispute.resolve", ("dispute", case.id), at=at, reason=sentence)


def still_open(case: Case) -> bool:
    """Whether it waits for a decision."""
    return case.status not in CLOSED_DISPUTES and case.trade.fate not in RESOLUTIONS
