"""Ask Lighthouse of the main pages on a phone: `make lighthouse` writes var/lighthouse.json; exit 1 below what we hold.

A desk with demo data is started on this machine. Lighthouse comes from npm into a cache of its own, and drives the
Chromium on the PATH as an administrator who is signed in. Each page is asked several times: the middle counts, since a
score of performance is of a moment, and of whatever else the machine did.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median_low
from typing import Any

import requests
from demo_desk import Failed, demo_desk, signed_in
from screenshots import PAGES, first_link

from webapp.demo import SIGN_INS

REPORT = Path(__file__).parents[1] / "var/lighthouse.json"
LIGHTHOUSE = "lighthouse@13.5.0"
HELD = {"performance": 95, "accessibility": 100, "best-practices": 100}
"""Of a hundred."""
ASKED = ("overview", "disputes", "dispute", "jobs", "run")
NOT_OURS = {"is-on-https": "it is served by http on this machine; production is behind TLS: docs/production.md"}
"""Audits of how the page is served here, with the reason why they say nothing of it."""


def ask(address: str, cookie: str, place: Path) -> dict[str, Any]:
    """One report of Lighthouse. Raises Failed."""
    headers, answer = place / "headers.json", place / "answer.json"
    headers.write_text(json.dumps({"Cookie": f"desk_session={cookie}"}))
    npx = shutil.which("npx")
    if npx is None:
        raise Failed("There is no npx on the PATH: Lighthouse comes from npm.")
    skipped = [f"--skip-audits={','.join(NOT_OURS)}", f"--only-categories={','.join(HELD)}"]
    chromium = ["--chrome-flags=--headless=new --no-sandbox --disable-gpu", "--max-wait-for-load=30000"]
    to = ["--output=json", f"--output-path={answer}", f"--extra-headers={headers}", "--quiet"]
    command = [npx, "--yes", LIGHTHOUSE, address, *to, *skipped, *chromium]
    environment = os.environ | {"CHROME_PATH": shutil.which("chromium") or shutil.which("google-chrome") or ""}
    done = subprocess.run(command, env=environment, cwd=place, capture_output=True, text=True, timeout=300)
    if done.returncode:
        raise Failed(f"Lighthouse ended with {done.returncode}: {done.stderr[-500:]}")
    return dict(json.loads(answer.read_text()))


def scores(reports: list[dict[str, Any]]) -> dict[str, int]:
    """The middle score of each category, of a hundred."""
    return {name: round(100 * median_low(each["categories"][name]["score"] for each in reports)) for name in HELD}


def lacking(report: dict[str, Any]) -> list[str]:
    """What costs a page points, by Lighthouse's own titles."""
    weighed = {
        audit["id"] for name in HELD for audit in report["categories"][name]["auditRefs"] if audit.get("weight", 0)
    }
    found = (each for name, each in report["audits"].items() if name in weighed)
    return [each["title"] for each in found if each["score"] is not None and each["score"] < 0.9]


def main() -> int:
    """Ask of each page, print its scores, and write them down."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=3, help="how often each page is asked")
    times = parser.parse_args().times
    _, email, password = next(each for each in SIGN_INS if each[0] == "admin")
    made = tempfile.TemporaryDirectory(prefix="desk-lighthouse-")
    found: dict[str, dict[str, Any]] = {}
    with made as place, demo_desk(Path(place)) as (base, _):
        cookie = signed_in(base, email, password)
        for name in ASKED:
            address = first_link(lambda path: _page(base, path, cookie), PAGES[name])
            reports = [ask(base + address, cookie, Path(place)) for _ in range(times)]
            found[name] = {"scores": scores(reports), "lacking": lacking(reports[0])}
            print(f"{name}: {found[name]['scores']} {'; '.join(found[name]['lacking'])}", flush=True)
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps(found, indent=1))
    return 0 if all(each["scores"][name] >= held for each in found.values() for name, held in HELD.items()) else 1


def _page(base: str, path: str, cookie: str) -> str:
    return requests.get(base + path, cookies={"desk_session": cookie}, timeout=30).text


if __name__ == "__main__":
    sys.exit(main())
