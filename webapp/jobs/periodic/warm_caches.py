"""Figures that pages ask for again and again, kept ready in Redis."""

from datetime import datetime
from typing import Any

from redis.exceptions import RedisError
from sqlalchemy.orm import Session

from webapp.domain.states import CatchUp
from webapp.domain.words import phrase
from webapp.figure_cache import KEPT_FOR, CachedFigure
from webapp.jobs import job
from webapp.jobs.engine.work import NotConfigured, Work
from webapp.jobs.steps import storefront_documents
from webapp.services.common.batch_result import Outcome
from webapp.services.read_models import kept_figures

FIGURE = "figure"


@job(title="Keep figures ready", cron="*/10 * * * *", catch_up=CatchUp.SKIP, moves_money=False)
def warm_caches(work: Work, at: datetime) -> None:
    """Keep ready what pages ask for most: sums of Overview, tabs of the long lists, the tenants that sold most."""
    with work.db.reading() as session:
        found = list(kept_figures.all_figures(session))
    try:
        for number, figure in enumerate(found, 1):
            work.control.check()
            _warm(work, number, figure)
        if not work.dry_run:
            _tell_storefront(work)
    except RedisError as problem:
        # It is no failure of the figures: pages ask the database meanwhile, and the alert redis_unwell says why.
        raise NotConfigured(
            phrase("Redis does not answer (%(name)s), so nothing is kept ready.", name=type(problem).__name__)
        ) from None


def _warm(work: Work, number: int, figure: CachedFigure[Any]) -> None:
    # What is kept for longer than this job's interval is made once: its name changes with what it is made of.
    if figure.kept_for > KEPT_FOR and work.runtime.figure_cache.has(figure):
        return
    if work.dry_run:
        work.recorder.record(_one)
        work.log("figure.would_be_asked", figure=figure.name)
        return
    try:
        with work.db.reading() as session:
            work.runtime.figure_cache.fill(figure, session, work.now)
    except RedisError:
        raise
    except Exception as problem:
        work.recorder.fail_item(FIGURE, number, problem)
        work.log("figure.failed", "error", figure=figure.name, problem=type(problem).__name__)
    else:
        work.recorder.record(_one)


def _one(_session: Session) -> Outcome:
    return Outcome(FIGURE, done=1)


def _tell_storefront(work: Work) -> None:
    """What `aggregate_analytics` could not write, or a Redis without memory has lost."""
    written = storefront_documents.fill(work.runtime, work.now, work.control.check)
    if written:
        work.log("analytics.documents_written", documents=written)
