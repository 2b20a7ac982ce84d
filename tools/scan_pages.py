"""Scan every page as each role with a web scanner; writes var/scan.json, exit 1 when it found something.

A demo desk is started on this machine for each role, for a scan changes what it can. Wapiti, installed into an
environment of its own (var/scanner), follows the links that the role sees and attacks each address and form: injection
into SQL, pages, headers, commands and paths, redirects, missing protections. A page that breaks counts too, and a scan
that lost its sign-in is no scan.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from demo_desk import Failed, demo_desk, is_signed_in, signed_in

from webapp.demo import SIGN_INS

ROOT = Path(__file__).parents[1]
REPORT = ROOT / "var/scan.json"
SCANNER = ROOT / "var/scanner"
WAPITI = "wapiti3>=3.2.3,<4"
MODULES = "xss,permanentxss,sql,timesql,exec,file,redirect,crlf,xxe,ldap,methods,htaccess,csp,http_headers,cookieflags"
NOT_ASKED = ("/sign-out", "/static/*", "/profile/sessions*", "/profile/password*")
"""What would end the sign-in that scans, and files that are the same for everybody."""
PAGES_OF_A_KIND = 8
"""Of a hundred pages of runs the first ones: they are made by the same code."""
FINE = {"Secure Flag cookie": "the desk speaks http here; production sets it: tests/security/test_armour.py"}
"""What the scanner names and is none, with the reason."""
SECONDS, SECONDS_OF_A_MODULE = 120, 60
"""For finding the pages, and for each kind of attack."""


def scanner() -> Path:
    """Wapiti's command, installed if it is not there."""
    command = SCANNER / "bin/wapiti"
    if not command.exists():
        print("Installing the scanner …", flush=True)
        subprocess.run([sys.executable, "-m", "venv", SCANNER], check=True)
        subprocess.run([SCANNER / "bin/python", "-m", "pip", "install", "-q", WAPITI], check=True)
    return command


def scan(wapiti: Path, role: str, email: str, password: str, bounds: tuple[int, int]) -> dict[str, Any]:
    """What a scan in this role found. Raises Failed when it lost its sign-in."""
    with tempfile.TemporaryDirectory(prefix="desk-scan-") as place, demo_desk(Path(place)) as (base, log):
        cookie, report, began = signed_in(base, email, password), Path(place, "report.json"), time.monotonic()
        skipped = [part for path in NOT_ASKED for part in ("-x", base + path)]
        bounded = ["--max-scan-time", str(bounds[0]), "--max-attack-time", str(bounds[1])]
        narrow = ["--max-files-per-dir", str(PAGES_OF_A_KIND), "--tasks", "2"]
        quiet = ["--store-session", place, "--no-bugreport", "-v", "0", "-f", "json", "-o", str(report)]
        asked = [str(wapiti), "-u", f"{base}/", "-C", f"desk_session={cookie}", "--scope", "domain"]
        subprocess.run([*asked, "-m", MODULES, *skipped, *bounded, *narrow, *quiet], check=True, capture_output=True)
        if not is_signed_in(base, cookie):
            raise Failed(f"The scan as {role} ended its own sign-in: what it found after that says nothing.")
        return found_in(json.loads(report.read_text()), log.read_text(), round(time.monotonic() - began))


def found_in(report: dict[str, Any], log: str, seconds: int) -> dict[str, Any]:
    """The scanner's findings and anomalies, and the pages that broke, by the desk's own log."""
    kinds = {**report["vulnerabilities"], **report["anomalies"]}
    requests_seen = [line for line in map(_entry, log.splitlines()) if line.get("event") == "request"]
    broken = sorted({f"{each['method']} {each['path']}" for each in requests_seen if each["status"] == 500})
    return {
        "seconds": seconds,
        "requests": len(requests_seen),
        "pages": len({each["path"] for each in requests_seen if each["status"] == 200}),
        "broken": broken,
        "findings": {
            kind: [f"{each['method']} {each['path']}: {each['info']}" for each in found]
            for kind, found in kinds.items()
            if found and kind not in FINE
        },
    }


def _entry(line: str) -> dict[str, Any]:
    try:
        entry = json.loads(line)
    except ValueError:
        return {}
    return entry if isinstance(entry, dict) else {}


def main() -> int:
    """Exit 1 when a scan found something or did not come about."""
    parser = argparse.ArgumentParser(description=__doc__)
    roles = [role for role, _email, _password in SIGN_INS]
    parser.add_argument("--roles", nargs="+", choices=roles, default=roles)
    parser.add_argument("--seconds", nargs=2, type=int, default=(SECONDS, SECONDS_OF_A_MODULE))
    asked = parser.parse_args()
    wapiti, found, problems = scanner(), {}, 0
    for role, email, password in SIGN_INS:
        if role not in asked.roles:
            continue
        try:
            found[role] = scan(wapiti, role, email, password, tuple(asked.seconds))
        except Failed as failure:
            found[role] = {"broken": [], "findings": {"no scan": [str(failure)]}}
        lines = found[role]["broken"] + [line for kind in found[role]["findings"].values() for line in kind]
        problems += len(lines)
        print(f"{role}: {found[role].get('pages', 0)} pages, {len(lines)} findings", *lines, sep="\n  ", flush=True)
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps(found, indent=1))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
