"""Ratios: what the benchmarks find, printed as a table and kept as JSON."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Ratio:
    """How many times what it is set against. `of` and `against` say what was measured, with its figure."""

    ratio: float
    of: str
    against: str

    @classmethod
    def of_figures(cls, figure: float, baseline: float, what: str, against: str) -> "Ratio":
        """The ratio of two figures of the same unit."""
        return cls(round(figure / baseline, 3), f"{what}: {figure:,.4g}", f"{against}: {baseline:,.4g}")


Ratios = dict[str, Ratio]


def show(ratios: Ratios) -> None:
    """Print the table."""
    width = max(map(len, ratios), default=0)
    for name, found in ratios.items():
        print(f"{name:<{width}}  {found.ratio:>9.3f}  {found.of}  against  {found.against}", flush=True)


def keep(ratios: Ratios, file: Path) -> None:
    """Write what was found to a file, beside what earlier runs of other benchmarks found."""
    known = json.loads(file.read_text()) if file.exists() else {}
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(known | {name: asdict(found) for name, found in ratios.items()}, indent=1) + "\n")
