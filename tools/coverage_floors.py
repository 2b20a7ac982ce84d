"""Print which share of lines and branches the tests reached, layer by layer; exit 1 below a floor.

Only what runs in the test processes themselves is counted: what a killed or a served process does is not.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from coverage import Coverage

FLOORS = {"webapp": 93.0, "webapp/domain": 98.0, "webapp/services": 96.0}
"""The least share in percent. A little below what is reached, for Pythons count branches differently."""
REPORT = "var/coverage.json"


def shares(files: Mapping[str, Any]) -> dict[str, float]:
    """Percent of lines and branches reached in `webapp` and in each folder below it, by the report of coverage."""
    all_of, reached = Counter[str](), Counter[str]()
    for name, file in files.items():
        parts, counts = Path(name).parts, file["summary"]
        for folder in {parts[0], "/".join(parts[:2])} if len(parts) > 2 else {parts[0]}:
            all_of[folder] += counts["num_statements"] + counts["num_branches"]
            reached[folder] += counts["covered_lines"] + counts["covered_branches"]
    return {folder: 100 * reached[folder] / count for folder, count in all_of.items() if count}


def too_low(found: Mapping[str, float]) -> Iterator[str]:
    """A sentence for each floor that is not reached."""
    for folder, floor in FLOORS.items():
        share = found.get(folder, 0.0)
        if share < floor:
            yield f"{folder}: {share:.1f} % of lines and branches are reached by tests, the floor is {floor:.0f} %."


def main() -> int:
    """Exit 1 below a floor."""
    coverage = Coverage()
    coverage.load()
    coverage.json_report(outfile=REPORT)
    found = shares(json.loads(Path(REPORT).read_text())["files"])
    print("Lines and branches reached by tests, in percent")
    for folder, share in sorted(found.items()):
        print(f"  {folder:24}{share:6.1f}")
    problems = list(too_low(found))
    print(*problems, sep="\n", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
