"""What the jobs that pay sellers share: one walk for all policies."""

from datetime import datetime
from functools import partial

from webapp.domain.escrow_policies import REASONS
from webapp.domain.states import Policy
from webapp.jobs.engine.work import Work
from webapp.services.escrows import due, release, release_preview


def release_due(work: Work, at: datetime, policy: Policy) -> None:
    """Pay the sellers of a policy's escrows that are due at an instant."""
    action = partial(release.release_all, reason=REASONS[policy], due_by=at, policy=policy)
    work.in_chunks(
        due.due(policy=policy, at=at), action, dry=partial(release_preview.preview_all, due_by=at, policy=policy)
    )
