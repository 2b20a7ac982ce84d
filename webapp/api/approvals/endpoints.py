"""Approvals over HTTP. Approving is for people: a token is refused, and the person is asked for once more."""

from pydantic import Field

from webapp.api.approvals.schemas import ApprovalShape, PreviewShape, approval_shape, preview_shape
from webapp.api.framework.pagination import newest_first
from webapp.api.framework.routing import Call, Endpoints
from webapp.api.framework.schemas import NewestFirst, Page, Password, ReasonBody, RequestModel, to_page
from webapp.domain.states import ApprovalStatus
from webapp.models import Approval
from webapp.security.reauthentication import reauthenticate
from webapp.services.approvals import approvals
from webapp.services.read_models import decision_preview

endpoints = Endpoints("approvals")
_ADDRESS = "/api/v1/approvals/<id:approval_id>"


class ApprovalsQuery(NewestFirst):
    """Which proposals."""

    status: ApprovalStatus | None = None


class ApproveBody(RequestModel):
    """The password, or a code, of who approves."""

    password: Password = Field(min_length=1)


def _ask_again(body: ApproveBody) -> None:
    reauthenticate(body.password)


@endpoints.get("/api/v1/approvals", "approval:read")
def list_approvals(call: Call, query: ApprovalsQuery) -> Page[ApprovalShape]:
    """Proposals, newest first."""
    found = newest_first(call.session, Approval, query, {Approval.status: query.status})
    return to_page(found, query, approval_shape)


@endpoints.get(_ADDRESS, "approval:read")
def get_approval(call: Call, approval_id: int) -> ApprovalShape:
    """One proposal."""
    return approval_shape(approvals.get(call.session, approval_id))


@endpoints.get(f"{_ADDRESS}/preview", "approval:read", may_conflict=True)
def preview_approval(call: Call, approval_id: int) -> PreviewShape:
    """What it would do if it were approved now."""
    settings = call.runtime.settings
    return preview_shape(
        decision_preview.of_approval(call.session, approval_id, at=call.at, actor=call.actor, settings=settings)
    )


@endpoints.post(f"{_ADDRESS}/approve", "money:approve", precheck=_ask_again)
def approve_proposal(call: Call, approval_id: int, body: ApproveBody) -> ApprovalShape:
    """The second person's yes: it is done in the same transaction."""
    settings = call.runtime.settings
    return approval_shape(approvals.approve(call.session, approval_id, at=call.at, actor=call.actor, settings=settings))


@endpoints.post(f"{_ADDRESS}/reject", "money:approve")
def reject_proposal(call: Call, approval_id: int, body: ReasonBody) -> ApprovalShape:
    """The second person's no; nothing is posted."""
    return approval_shape(approvals.reject(call.session, approval_id, body.reason, at=call.at, actor=call.actor))
