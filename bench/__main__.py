"""`make bench`, or `python -m bench release import pages`: runs the named benchmarks, all of them by default."""

import importlib
import sys
from pathlib import Path

from bench.table import keep, show

BENCHMARKS = {
    "release": "bench.release",
    "import": "bench.import_orders",
    "pages": "bench.pages",
    "pages-worst": "bench.pages_worst",
    "search": "bench.search",
    "payments": "bench.payments",
    "payouts": "bench.payouts",
    "audit": "bench.audit",
    "books": "bench.jobs.books",
    "wallets": "bench.jobs.wallets",
    "outbox": "bench.jobs.outbox",
    "analytics": "bench.analytics",
    "clean-up": "bench.clean_up",
}


def main(names: list[str]) -> None:
    """Run, print, keep."""
    for name in names or list(BENCHMARKS):
        found = importlib.import_module(BENCHMARKS[name]).run()
        show(found)
        keep(found, Path("var") / "bench.json")


if __name__ == "__main__":
    main(sys.argv[1:])
