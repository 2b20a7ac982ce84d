"""What a soak says: a few lines for people, and the same in `var/soak.json`."""

import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from soak.oracle.findings import DOUBLED, LOST, UNSERVED, WRONG
from soak.run import Outcome

_MOST_SHOWN = 40


def figures(outcome: Outcome) -> dict[str, Any]:
    """The figures of one soak."""
    counted = Counter(each.counts_as for each in outcome.findings)
    slowest = max(outcome.recoveries, key=lambda each: each[1], default=("", 0.0))
    return {
        "faults": sum(outcome.faults.values()),
        "operations": sum(outcome.operations.values()) + sum(outcome.pages.values()),
        "lost": counted[LOST],
        "doubled": counted[DOUBLED],
        "unserved": counted[UNSERVED] + sum(outcome.outstanding.values()) + len(outcome.unrecovered),
        "wrong": counted[WRONG],
        "slowest_recovery_s": round(slowest[1], 1),
        "slowest_recovery_after": slowest[0],
        "seed": outcome.seed,
        "faults_by_kind": dict(sorted(outcome.faults.items())),
        "faults_not_done": dict(outcome.faults_not_done),
        "writes": dict(sorted(outcome.operations.items())),
        "attempts": dict(outcome.answers.most_common()),
        "pages": dict(outcome.pages.most_common()),
        "outstanding": outcome.outstanding,
        "not_recovered_from": outcome.unrecovered,
        "restarts": outcome.restarts,
        "rolled": asdict(outcome.rolled) if outcome.rolled else None,
        "findings": [f"{each.counts_as}: {each.rule}: {each.sentence}" for each in outcome.findings],
        "refusals": outcome.samples,
    }


def is_clean(found: dict[str, Any]) -> bool:
    """Whether nothing was lost, doubled, left or wrong."""
    return not any(found[name] for name in ("lost", "doubled", "unserved", "wrong"))


def show(found: dict[str, Any]) -> None:
    """Print it."""
    for name in ("writes", "attempts", "pages", "faults_by_kind", "faults_not_done", "restarts", "rolled", "refusals"):
        print(f"{name}: {found[name]}")
    for name in ("outstanding", "not_recovered_from"):
        if found[name]:
            print(f"{name}: {found[name]}")
    for finding in found["findings"][:_MOST_SHOWN]:
        print(f"  {finding}")
    if len(found["findings"]) > _MOST_SHOWN:
        print(f"  … and {len(found['findings']) - _MOST_SHOWN} more")
    wanted = ("faults", "operations", "lost", "doubled", "unserved", "wrong", "slowest_recovery_s", "seed")
    print(json.dumps({name: found[name] for name in wanted}))


def keep(found: dict[str, Any], file: Path) -> None:
    """Write it to the file."""
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
