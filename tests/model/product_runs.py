"""Runs of the desk in which something may fail, and what of them is tried again."""

from typing import Any
from unittest import mock

from tests.model.product import Product
from tests.model.worlds import ACTORS
from webapp.jobs.run_job import run_here
from webapp.services.escrows import release
from webapp.services.scheduling import runs


class ProductRuns:
    """By the numbers that the model knows runs by."""

    def __init__(self, product: Product) -> None:
        self.product = product
        self.runs: list[int] = []

    def break_at(self, job: str, number: int) -> None:
        """Run a job that pays escrows; one of them can't be done, for no reason that the desk knows."""
        broken, release_all = self.product.escrows[number], release.release_all

        def breaks(session: Any, ids: Any, **how: Any) -> Any:
            if broken in ids:
                raise RuntimeError("it is broken")
            return release_all(session, ids, **how)

        with self.product.deciding() as session:
            run = runs.trigger(session, job, actor=ACTORS["Divine"]).id
        with mock.patch.object(release, "release_all", breaks):
            run_here(self.product.runtime, run)
        self.runs.append(run)

    def pay_out(self) -> None:
        """Run the payouts that are due."""
        with self.product.deciding() as session:
            run = runs.trigger(session, "process_payout_schedules", actor=ACTORS["Divine"]).id
        run_here(self.product.runtime, run)
        self.runs.append(run)

    def retry(self, who: str, number: int) -> None:
        """Somebody has what failed in a run tried again, and nothing else."""
        people = getattr(self.product, "people", None)
        if people is not None:
            made = int(people.ask(who, f"/api/v1/runs/{self.runs[number]}/retry")["id"])
        else:
            with self.product.deciding() as session:
                made = runs.retry(session, self.runs[number], actor=ACTORS[who]).id
        run_here(self.product.runtime, made)
        self.runs.append(made)
