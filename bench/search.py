"""Search everywhere at a million rows: each kind of what people type, on PostgreSQL, then on SQLite, against 100 ms."""

import logging
import os
import time
from statistics import median

from flask.testing import FlaskClient

from bench import kept, pages
from bench.statements import Statement, plan, shown, watched
from bench.table import Ratio, Ratios
from webapp.runtime import Runtime

COUNT = int(os.environ.get("BENCH_ROWS", "1000000"))
ROUNDS = 5
ASKED = 100
"""Milliseconds that a search may take, the page's answer included."""


def run() -> Ratios:
    """Medians and worst of each kind, in milliseconds."""
    with kept.filled(COUNT) as runtime:
        found = _measured("postgresql", runtime)
        with kept.copied(runtime, COUNT) as other:
            return found | _measured("sqlite", other)


def _measured(kind: str, runtime: Runtime) -> Ratios:
    client = pages.signed_in(runtime, "admin")
    logging.getLogger().setLevel(logging.WARNING)
    ratios, slowest = {}, None
    for name, typed in _kinds(COUNT).items():
        times: list[float] = []
        for words in typed:
            took, statement = _asked(client, runtime, words)
            times += took
            if slowest is None or statement.took > slowest.took:
                slowest = statement
        what = f"{name} ({typed[0]}), median ms, worst {max(times):.1f}"
        ratios[f"search-{kind}-{name}"] = Ratio.of_figures(median(times), ASKED, what, f"asked ms, {COUNT:,} rows")
    if slowest is not None:
        print(f"The slowest statement on {kind}: {shown(slowest)}\n{plan(runtime.db.engine, slowest)}", flush=True)
    return ratios


def _asked(client: FlaskClient, runtime: Runtime, words: str) -> tuple[list[float], Statement]:
    times, found = [], Statement("", None, 0)
    for number in range(ROUNDS + 1):
        with watched(runtime.db.engine) as asked:
            began = time.perf_counter()
            answer = client.get("/search.json", query_string={"q": words})
            took = (time.perf_counter() - began) * 1000
        assert answer.status_code == 200, (words, answer.status_code)
        if number:
            times.append(took)
            found = max([found, *asked.statements], key=lambda each: each.took)
    return times, found


def _kinds(count: int) -> dict[str, list[str]]:
    """What is typed, by what it is: near the first row, the middle and the last one."""
    numbers = [max(1, count // 50), count // 2 + 7, count - 3]
    return {
        "whole-reference": [f"E-{n:08}" for n in numbers],
        "start": [f"O-{n:08}"[:-2] for n in numbers],
        "middle": [f"{n:08}"[1:-1] for n in numbers],
        "end": [f"{n:08}"[-5:] for n in numbers],
        "dispute": [f"D-{n // 5:06}" for n in numbers],
        "amount": ["NGN 1,234.56", "2500", "KES 4,321"],
        "telephone": ["0803 000 7919", "+234 803 001 5838", "00234803"],
        "last-digits": ["007919", "15838", "0023757"],
        "provider-reference": [str(7_000_000_000 + n * 7919) for n in numbers],
        "part-of-provider-reference": [str(7_000_000_000 + n * 7919)[3:] for n in numbers],
        "payout": [f"PO-{n // 4:08}" for n in numbers],
        "name": ["Ngozi", "wanjiru kam", "Chidi Afolabi"],
        "part-of-name": ["habimana", "njoro", "balogun 1"],
        "colleague": ["agent number", "number 29"],
        "nothing": ["QX7-ZZ-unheard", "no such thing at all"],
        "nothing-of-common-parts": ["0000000000000", "12312312312", "O-0000-0000"],
        "two-letters": ["O-", "12", "Ng"],
        "everything": ["000", "E-0", "pay-", "person"],
        "placement": ["PL-00000", "PL-000012"],
        "proposal": ["proposal 50", "250000"],
        "action": ["freeze E-0000", "stop money", "dark"],
    }
