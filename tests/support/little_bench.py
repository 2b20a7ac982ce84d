"""One benchmark on little, as a process: it sets up logging and the clock of its process, which tests share."""

import importlib
import sys

from bench.__main__ import BENCHMARKS
from bench.table import show

_ASKED = {"ITEMS": 60, "FEWER": 30, "SAMPLE": 5}
LITTLE = {
    "bench.release": {"ESCROWS": 40, "LARGE": 80, "ROUNDS": 1, "ORM_SAMPLE": 5},
    "bench.import_orders": {"LINES": 200, "ROUNDS": 1},
    "bench.pages": {"COUNT": 2_000, "ROUNDS": 1},
    "bench.asking": _ASKED,
    "bench.payments": _ASKED,
    "bench.payouts": _ASKED,
}
"""How much each measures here. A module that has taken a constant over from another has it, too."""


def main(name: str) -> int:
    """Exit 1 when it finds nothing."""
    for path, constants in LITTLE.items():
        module = importlib.import_module(path)
        for constant in constants.keys() & vars(module).keys():
            setattr(module, constant, constants[constant])
    found = importlib.import_module(BENCHMARKS[name]).run()
    show(found)
    return 0 if found and all(each.ratio > 0 for each in found.values()) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
