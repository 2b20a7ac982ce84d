"""A worker whose chunks are small and slow."""

from tests.faults.slowly import slow_down
from webapp.jobs.processes.bootstrap import main
from webapp.jobs.processes.worker import work

slow_down()
main(work)
