"""A run as the API gives it; the same shape as `desk run --json`."""

from typing import Annotated

from pydantic import AwareDatetime, Field
from sqlalchemy.orm import Session

from webapp.api.framework.schemas import ResponseModel
from webapp.models import Run
from webapp.services.scheduling import runs


class Progress(ResponseModel):
    """How far it is; `total` is null until it is known."""

    done: int
    total: int | None


class RunError(ResponseModel):
    """What went wrong with an item, or with the run as a whole when `item` is null."""

    item: str | None
    message: str | None


class RunShape(ResponseModel):
    """One execution of a job."""

    id: int
    job: str
    slot: AwareDatetime | None
    trigger: str
    status: str
    dry_run: bool
    processed: int
    succeeded: int
    failed: int
    skipped: int
    amounts: Annotated[dict[str, int], Field(description="Minor units by currency.", examples=[{"NGN": 250000}])]
    came_back: Annotated[
        dict[str, int],
        Field(description="What payouts and refunds that failed gave back meanwhile, not in `amounts`.", examples=[{}]),
    ]
    debts_met: Annotated[
        dict[str, int],
        Field(description="What of `amounts` meets debts of reversals instead of going into wallets.", examples=[{}]),
    ]
    progress: Progress
    started_at: AwareDatetime | None
    finished_at: AwareDatetime | None
    duration_ms: int | None
    errors: list[RunError]


def run_shape(run: Run) -> RunShape:
    """The run without its items."""
    return RunShape.model_validate(runs.as_json(run))


def run_with_errors(session: Session, run: Run) -> RunShape:
    """The run with up to a thousand items that failed."""
    return RunShape.model_validate(runs.as_json(run, runs.items(session, run.id, outcome="failed", limit=1_000)))
