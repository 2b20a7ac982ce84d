"""What a scan of the pages reports: the scanner's findings, and pages that broke by the desk's own log."""

import json
from typing import Any

import scan_pages


def _finding(path: str) -> dict[str, Any]:
    return {"method": "GET", "path": path, "info": "it is reflected"}


def _line(path: str, status: int) -> str:
    return json.dumps({"event": "request", "method": "GET", "path": path, "status": status})


def test_findings_and_broken_pages_are_reported_and_what_is_fine_here_is_not() -> None:
    report = {
        "vulnerabilities": {
            "Reflected XSS": [_finding("/payments?q=x")],
            "SQL": [],
            "Secure Flag cookie": [_finding("/")],
        },
        "anomalies": {"Internal Server Error": [_finding("/runs")]},
    }
    log = "\n".join(
        [_line("/payments", 200), _line("/payments", 200), _line("/runs", 500), _line("/readyz", 503), "no line", "5"]
    )
    found = scan_pages.found_in(report, log, 7)
    assert found["findings"] == {
        "Reflected XSS": ["GET /payments?q=x: it is reflected"],
        "Internal Server Error": ["GET /runs: it is reflected"],
    }
    assert (found["requests"], found["pages"], found["broken"], found["seconds"]) == (4, 1, ["GET /runs"], 7)


def test_the_scanner_does_not_end_its_own_sign_in() -> None:
    assert "/sign-out" in scan_pages.NOT_ASKED
