"""A worker whose chunks are small and slow."""

from tests.faults.slowly import slow_down
from webapp.jobs.start import main
from webapp.jobs.worker import work

slow_down()
main(work)
