"""How many seals of the audit trail a walk looks at in a second, against one question per seal."""

import time

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bench.places import KINDS, scratch
from bench.table import Ratio, Ratios
from webapp import clock
from webapp.domain.actors import Actor
from webapp.domain.permissions import ALL_PERMISSIONS
from webapp.models import Audit, AuditSeal
from webapp.runtime import Runtime
from webapp.services.audit import trail, verification
from webapp.services.audit.digest import digest

SEALS, ASKED = 20_000, 5_000
_TOGETHER = 500
_MAKER = Actor("cli", None, "bench", ALL_PERMISSIONS)


def run() -> Ratios:
    """The ratio of each database, and the seals per second against those asked for."""
    found: Ratios = {}
    for kind in KINDS:
        with scratch(kind) as runtime:
            _fill(runtime)
            ours, one_by_one = _walk(runtime), _one_by_one(runtime)
        what = f"audit verify, {kind}: seals per second"
        found[f"audit-verify-{kind}-against-one-by-one"] = Ratio.of_figures(ours, one_by_one, what, "each by itself")
        found[f"audit-verify-{kind}"] = Ratio.of_figures(ours, ASKED, what, "asked")
    return found


def _fill(runtime: Runtime) -> None:
    """Seals of two records each, sealed as a commit seals them."""
    for first in range(0, SEALS, _TOGETHER):
        with runtime.db.transaction() as session:
            for number in range(first, first + _TOGETHER):
                for subject in (1, 2):
                    trail.record(
                        session, _MAKER, "party.change", ("party", subject), at=clock.now(), after={"n": number}
                    )
                trail.seal(session, runtime.settings.audit_keys[0])


def _walk(runtime: Runtime) -> float:
    began = time.perf_counter()
    with runtime.db.reading() as session:
        found = verification.verify(session, runtime.settings.audit_keys)
    if not found.is_whole or found.seals < SEALS:
        raise RuntimeError(f"{found.seals} seals: {found.problems}")
    return found.seals / (time.perf_counter() - began)


def _one_by_one(runtime: Runtime) -> float:
    """The two questions about each of some seals."""
    with runtime.db.reading() as session:
        batches = session.scalars(select(AuditSeal.batch).order_by(AuditSeal.seq).limit(SEALS // 10)).all()
        began = time.perf_counter()
        for batch in batches:
            _ask(session, batch)
        return len(batches) / (time.perf_counter() - began)


def _ask(session: Session, batch: int) -> None:
    session.scalars(select(func.count()).where(Audit.batch == batch)).one()
    digest(session, batch)
