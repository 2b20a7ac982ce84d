"""One worker process: python worker.py"""

from webapp.jobs.start import main
from webapp.jobs.worker import work

if __name__ == "__main__":
    main(work)
