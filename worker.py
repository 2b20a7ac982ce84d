"""One worker process: python worker.py"""

from webapp.jobs.processes.bootstrap import main
from webapp.jobs.processes.worker import work

if __name__ == "__main__":
    main(work)
