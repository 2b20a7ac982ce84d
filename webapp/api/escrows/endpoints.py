"""Escrows over HTTP: look at them, freeze, put off, and decide."""

from collections.abc import Callable

from webapp.api.approvals.schemas import Decision, decision
from webapp.api.escrows.schemas import (
    EscrowShape,
    FreezeShape,
    escrow_shapes,
    one_escrow,
)
from webapp.api.framework.pagination import newest_first
from webapp.api.framework.routing import Call, Endpoints
from webapp.api.framework.schemas import (
    Currency,
    LongText,
    NewestFirst,
    Number,
    OldestFirst,
    Page,
    RequestInstant,
    RequestModel,
    ResponseModel,
    ShortText,
    Version,
    to_page,
)
from webapp.api.ledger import TransferShape, transfer_shape
from webapp.api.parties.schemas import id_of
from webapp.domain.states import EscrowStatus, Policy
from webapp.models import Escrow
from webapp.services.approvals import escrow_decisions
from webapp.services.approvals.approvals import DecisionResult
from webapp.services.escrows import freezes
from webapp.services.ledger import transfer_queries
from webapp.services.read_models import escrow_explanation

endpoints = Endpoints("escrows")


class EscrowsQuery(NewestFirst):
    """Which escrows."""

    ref: ShortText | None = None
    status: EscrowStatus | None = None
    policy: Policy | None = None
    currency: Currency | None = None
    buyer: ShortText | None = None
    seller: ShortText | None = None
    frozen: bool | None = None


class FreezeBody(RequestModel):
    """Why it may not move."""

    reason: LongText


class UnfreezeBody(RequestModel):
    """Why it may move again; which freeze, when there is more than one of people."""

    reason: LongText
    freeze_id: Number | None = None


class ExtendBody(RequestModel):
    """A later date, and why."""

    release_at: RequestInstant
    reason: LongText
    version: Version = None


class DecideBody(RequestModel):
    """Why."""

    reason: LongText
    version: Version = None


class Frozen(ResponseModel):
    """An escrow and what freezes it."""

    escrow: EscrowShape
    freezes: list[FreezeShape]


class EscrowDecision(Decision):
    """What came of it, and the escrow as it is now."""

    escrow: EscrowShape


class ReasonShape(ResponseModel):
    """One sentence, and what ends it and when; empty when nothing has to end."""

    sentence: str
    cure: str


class Explanation(ResponseModel):
    """Why the money is where it is; the first sentence is the answer."""

    sentences: list[str]
    reasons: list[ReasonShape]


@endpoints.get("/api/v1/escrows", "escrow:read")
def list_escrows(call: Call, query: EscrowsQuery) -> Page[EscrowShape]:
    """Escrows, newest first."""
    wanted = {
        Escrow.ref: query.ref,
        Escrow.status: query.status,
        Escrow.policy: query.policy,
        Escrow.currency: query.currency,
        Escrow.buyer_id: id_of(call.session, query.buyer, "buyer") if query.buyer else None,
        Escrow.seller_id: id_of(call.session, query.seller, "seller") if query.seller else None,
    }
    frozen = {None: (), True: (Escrow.freezes > 0,), False: (Escrow.freezes == 0,)}[query.frozen]
    found = escrow_shapes(call.session, newest_first(call.session, Escrow, query, wanted, *frozen))
    return to_page(found, query, lambda escrow: escrow)


@endpoints.get("/api/v1/escrows/<id:escrow_id>", "escrow:read")
def get_escrow(call: Call, escrow_id: int) -> EscrowShape:
    """One escrow."""
    return one_escrow(call.session, escrow_id)


@endpoints.get("/api/v1/escrows/<id:escrow_id>/transfers", "escrow:read")
def list_escrow_transfers(call: Call, escrow_id: int, query: OldestFirst) -> Page[TransferShape]:
    """Every transfer of the escrow with its entries, oldest first."""
    escrow_decisions.get(call.session, escrow_id)
    found = transfer_queries.page_of_escrow(call.session, escrow_id, after=query.after, limit=query.limit + 1)
    return to_page(found, query, transfer_shape)


@endpoints.get("/api/v1/escrows/<id:escrow_id>/explanation", "escrow:read")
def explain_escrow(call: Call, escrow_id: int) -> Explanation:
    """Why it has not been paid, or where the money went."""
    reasons = escrow_explanation.reasons(call.session, escrow_id, call.at)
    shapes = [ReasonShape(sentence=reason.sentence, cure=reason.cure) for reason in reasons]
    return Explanation(sentences=[reason.sentence for reason in reasons], reasons=shapes)


@endpoints.post("/api/v1/escrows/<id:escrow_id>/freeze", "escrow:freeze")
def freeze_escrow(call: Call, escrow_id: int, body: FreezeBody) -> Frozen:
    """Freeze it; freezes of others stay beside this one."""
    escrow_decisions.get(call.session, escrow_id)
    freezes.freeze(call.session, escrow_id, body.reason, at=call.at, actor=call.actor)
    return _frozen(call, escrow_id)


@endpoints.post("/api/v1/escrows/<id:escrow_id>/unfreeze", "escrow:freeze")
def unfreeze_escrow(call: Call, escrow_id: int, body: UnfreezeBody) -> Frozen:
    """Lift a person's freeze. Those of disputes and proposals are lifted by deciding them."""
    escrow_decisions.get(call.session, escrow_id)
    freeze_id = freezes.meant(call.session, escrow_id, body.freeze_id)
    freezes.unfreeze(call.session, freeze_id, body.reason, at=call.at, actor=call.actor)
    return _frozen(call, escrow_id)


@endpoints.post("/api/v1/escrows/<id:escrow_id>/extend", "escrow:extend")
def extend_escrow(call: Call, escrow_id: int, body: ExtendBody) -> EscrowShape:
    """Put off the release."""
    version = _version(call, escrow_id, body.version)
    escrow_decisions.extend(
        call.session, escrow_id, body.release_at, body.reason, version=version, at=call.at, actor=call.actor
    )
    return one_escrow(call.session, escrow_id)


@endpoints.post("/api/v1/escrows/<id:escrow_id>/release", "money:propose")
def release_escrow(call: Call, escrow_id: int, body: DecideBody) -> EscrowDecision:
    """Pay the seller now; above the limit it is proposed."""
    return _decided(call, escrow_id, body, escrow_decisions.release)


@endpoints.post("/api/v1/escrows/<id:escrow_id>/refund", "money:propose")
def refund_escrow(call: Call, escrow_id: int, body: DecideBody) -> EscrowDecision:
    """Give the buyer everything back; above the limit it is proposed."""
    return _decided(call, escrow_id, body, escrow_decisions.refund)


@endpoints.post("/api/v1/escrows/<id:escrow_id>/void", "money:propose")
def void_escrow(call: Call, escrow_id: int, body: DecideBody) -> EscrowDecision:
    """Give up an escrow that was never paid."""
    return _decided(call, escrow_id, body, escrow_decisions.void)


def _decided(call: Call, escrow_id: int, body: DecideBody, decide: Callable[..., DecisionResult]) -> EscrowDecision:
    came = decide(
        call.session,
        escrow_id,
        body.reason,
        version=_version(call, escrow_id, body.version),
        at=call.at,
        actor=call.actor,
        settings=call.runtime.settings,
    )
    escrow = one_escrow(call.session, escrow_id)
    return EscrowDecision(**dict(decision(came)), escrow=escrow)


def _version(call: Call, escrow_id: int, seen: int | None) -> int:
    return escrow_decisions.get(call.session, escrow_id).version if seen is None else seen


def _frozen(call: Call, escrow_id: int) -> Frozen:
    found = freezes.open_freezes(call.session, escrow_id)
    return Frozen(
        escrow=one_escrow(call.session, escrow_id), freezes=[FreezeShape.model_validate(each) for each in found]
    )
