"""What a desk was asked in trouble, what it said, and how long it took to be well again: printed, and kept as JSON."""

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

_LONGEST = 500
_SPACES = re.compile(r"\s+")


@dataclass
class Answer:
    """One question and its answer, which was expected to have certain words."""

    asked: str
    said: str
    is_true: bool


@dataclass
class Case:
    """One trouble of a row. `well_after` is in seconds from its end; None where nothing had to be mended."""

    row: str
    trouble: str
    answers: list[Answer] = field(default_factory=list)
    well_after: float | None = None
    problem: str = ""
    not_tried: str = ""

    @property
    def is_good(self) -> bool:
        """Whether all that was said is true, and the desk was well again."""
        return not self.problem and all(each.is_true for each in self.answers)

    def heard(self, asked: str, said: object, *words: str) -> None:
        """Keep an answer, which should have all these words."""
        text = _SPACES.sub(" ", str(said)).strip()
        self.answers.append(Answer(asked, text[:_LONGEST], all(word in text for word in words)))

    def well(self, since: float) -> None:
        """It is well again now, after a trouble that ended at this instant of the monotonic clock."""
        self.well_after = round(time.monotonic() - since, 1)


class Report:
    """All cases, in the order in which they were tried."""

    def __init__(self) -> None:
        self.cases: list[Case] = []
        self.missing: list[str] = []
        self.is_whole = True

    @contextmanager
    def case(self, row: str, trouble: str) -> Iterator[Case]:
        """Try one; what it raises is kept as its problem, and the next one is tried."""
        case = Case(row, trouble)
        self.cases.append(case)
        try:
            yield case
        except Exception as problem:
            case.problem = f"{type(problem).__name__}: {_SPACES.sub(' ', str(problem))[:_LONGEST]}"
        _show(case)

    def attempt(self, row: str, what: Callable[[], object]) -> None:
        """Try a row; what keeps it from being begun is a case of its own."""
        try:
            what()
        except Exception as problem:
            with self.case(row, "its servers"):
                raise problem

    def not_tried(self, row: str, trouble: str, why: str) -> None:
        """Say of one why it was not tried."""
        self.cases.append(Case(row, trouble, not_tried=why))
        _show(self.cases[-1])

    @property
    def is_good(self) -> bool:
        """Whether every one that was tried is good."""
        return self.is_whole and all(case.is_good for case in self.cases)

    def figures(self) -> dict[str, Any]:
        """Everything, as it is kept."""
        tried = [case for case in self.cases if not case.not_tried]
        return {
            "tried": len(tried),
            "good": sum(case.is_good for case in tried),
            "slowest_recovery_s": max((case.well_after or 0.0 for case in tried), default=0.0),
            "missing": self.missing,
            "cases": [asdict(case) | {"is_good": case.is_good} for case in self.cases],
        }

    def keep(self, file: Path) -> None:
        """Write it to the file."""
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(self.figures(), indent=1, ensure_ascii=False) + "\n")


def _show(case: Case) -> None:
    if case.not_tried:
        print(f"[{case.row}] {case.trouble}: not tried: {case.not_tried}", flush=True)
        return
    mark = "ok  " if case.is_good else "BAD "
    well = "" if case.well_after is None else f" Well again after {case.well_after:.1f} s."
    print(f"{mark}[{case.row}] {case.trouble}.{well}", flush=True)
    for each in case.answers:
        print(f"     {'  ' if each.is_true else '! '}{each.asked}: {each.said}", flush=True)
    if case.problem:
        print(f"     ! {case.problem}", flush=True)
