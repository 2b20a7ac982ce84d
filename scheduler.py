"""One scheduler process: python scheduler.py"""

from webapp.jobs.processes.bootstrap import main
from webapp.jobs.processes.scheduler import schedule

if __name__ == "__main__":
    main(schedule)
