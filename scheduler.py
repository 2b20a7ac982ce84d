"""One scheduler process: python scheduler.py"""

from webapp.jobs.scheduler import schedule
from webapp.jobs.start import main

if __name__ == "__main__":
    main(schedule)
