"""Writes deploy/prometheus/dashboard.json, which Grafana imports: a panel for each question that is asked at night.

`python tools/dashboard.py`; `tests/deploy/test_prometheus.py` fails while the file is another.
"""

import json
from pathlib import Path
from typing import Any

FILE = Path(__file__).parents[1] / "deploy" / "prometheus" / "dashboard.json"
_WIDTH, _HEIGHT = 8, 7
_ROWS: list[tuple[str, list[tuple[str, str, str, str]]]] = [
    (
        "Is it alive?",
        [
            ("Processes", "short", "desk_processes", "{{kind}}"),
            ("Late jobs", "short", "sum(desk_job_late)", "late"),
            ("Oldest waiting run", "s", "desk_oldest_queued_seconds", "age"),
            ("Runs", "short", '{__name__=~"desk_runs_queued|desk_runs_running"}', "{{__name__}}"),
            ("Age of the newest backup", "s", "time() - desk_backup_timestamp_seconds", "backup"),
            ("Open discrepancies", "short", "desk_discrepancies_open", "{{book}}"),
        ],
    ),
    (
        "Requests",
        [
            ("Requests", "reqps", "desk:http_requests:rate5m", "requests"),
            ("Answered by 5xx", "percentunit", "desk:http_errors:ratio5m", "errors"),
            ("95 of 100 within", "s", "desk:http_request_duration_seconds:p95_5m", "all routes"),
            (
                "The slowest routes",
                "s",
                "topk(10, desk:route:http_request_duration_seconds:p95_5m)",
                "{{route}}",
            ),
            (
                "Queries of a request, on average",
                "short",
                "topk(10, sum by (route) (rate(desk_http_request_queries_sum[5m]))"
                " / sum by (route) (rate(desk_http_request_queries_count[5m])))",
                "{{route}}",
            ),
            (
                "Answers by status",
                "reqps",
                "sum by (status) (rate(desk_http_requests_total[5m]))",
                "{{status}}",
            ),
        ],
    ),
    (
        "Jobs",
        [
            ("Items", "ops", "desk:job_items:rate5m > 0", "{{job}}"),
            ("Chunks", "ops", "desk:job_chunks:rate5m > 0", "{{job}}"),
            ("Last runs took", "s", "desk_job_last_run_duration_seconds > 0", "{{job}}"),
            (
                "Failed items of last runs",
                "short",
                'desk_job_last_run_items{outcome="failed"} > 0',
                "{{job}}",
            ),
            ("Money of last runs, minor units", "short", "desk_job_last_run_moved > 0", "{{job}} {{currency}}"),
            (
                "Runs taken over",
                "short",
                "sum by (job) (increase(desk_job_lease_takeovers_total[1h])) > 0",
                "{{job}}",
            ),
        ],
    ),
    (
        "Database",
        [
            ("Queries", "ops", "sum by (process) (rate(desk_database_queries_total[5m]))", "{{process}}"),
            ("A query takes, on average", "s", "desk:database_query_seconds:mean5m", "mean"),
            ("Connections in use", "percentunit", "desk:database_pool:ratio", "{{process}}"),
            ("Sessions that wait for a lock", "short", "desk_database_lock_waits", "waiting"),
            ("Longest wait for a lock", "s", "desk_database_longest_lock_wait_seconds", "longest"),
            ("Sealing: 95 of 100 within", "s", "desk:audit_seal_duration_seconds:p95_5m", "sealing"),
        ],
    ),
    (
        "The world outside",
        [
            ("Providers left alone", "short", "desk_provider_circuit_open", "{{provider}}"),
            ("Messages that wait or are dead", "short", "desk_deliveries", "{{channel}} {{status}}"),
            ("Webhooks not handled", "short", "desk_inbound_webhooks", "{{status}}"),
            ("Payouts whose end is not known", "short", "desk_payouts_unsettled", "payouts"),
            ("Payouts that failed", "short", "desk_payouts_failed", "payouts"),
            ("Payments to be looked at", "short", "desk_payments_in_review", "payments"),
        ],
    ),
]


def dashboard() -> dict[str, Any]:
    """The whole board, in Grafana's JSON."""
    panels: list[dict[str, Any]] = []
    top = 0
    for title, questions in _ROWS:
        panels.append({"type": "row", "title": title, "gridPos": {"x": 0, "y": top, "w": 24, "h": 1}, "panels": []})
        for number, question in enumerate(questions):
            left, down = number % 3 * _WIDTH, number // 3 * _HEIGHT
            panels.append(_panel(*question) | {"gridPos": {"x": left, "y": top + 1 + down, "w": _WIDTH, "h": _HEIGHT}})
        top += 1 + -(-len(questions) // 3) * _HEIGHT
    for number, panel in enumerate(panels, 1):
        panel["id"] = number
    source = {"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus"}
    return {
        "uid": "escrow-desk",
        "title": "Escrow Desk",
        "tags": ["escrow-desk"],
        "schemaVersion": 39,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "utc",
        "templating": {"list": [source]},
        "panels": panels,
    }


def _panel(title: str, unit: str, query: str, legend: str) -> dict[str, Any]:
    source = {"type": "prometheus", "uid": "${source}"}
    return {
        "type": "timeseries",
        "title": title,
        "datasource": source,
        "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
        "targets": [{"refId": "A", "datasource": source, "expr": query, "legendFormat": legend}],
    }


def text() -> str:
    """As it stands in the file."""
    return json.dumps(dashboard(), indent=2) + "\n"


if __name__ == "__main__":
    FILE.write_text(text())
