"""What Flutterwave's answers are known to mean, in both versions: v4 by its codes, v3 by its sentences."""

from typing import Any

from webapp.providers.verdicts import Known, Verdict, judge_by

_REFUND_V3, _REFUND_V4 = "POST /v3/transactions/", "POST /refunds"

TABLE = (
    Known(Verdict.NOT_SENT, status=403, code="10403"),
    Known(Verdict.KEY_REFUSED, said="merchant secret key required"),
    Known(Verdict.EXISTS, code="1100409"),
    Known(Verdict.EXISTS, code="1404400"),
    Known(Verdict.EXISTS, said="already refunded"),
    Known(Verdict.EXISTS, _REFUND_V3, status=409),
    Known(Verdict.EXISTS, _REFUND_V4, status=409),
    Known(Verdict.REFUSED, "POST /", status=400, code="10400"),
    Known(Verdict.REFUSED, "POST /v3/payments", status=400),
    Known(Verdict.REFUSED, _REFUND_V3, status=400, said="invalid request"),
)


def told(body: Any) -> tuple[str, str]:
    """Code and sentence of an error: v4 puts them into `error`, v3 has a sentence only."""
    if not isinstance(body, dict):
        return "", ""
    found = body.get("error")
    error = found if isinstance(found, dict) else body
    return str(error.get("code") or "")[:80], str(error.get("message") or "")[:300]


def _is_answer(body: Any) -> bool:
    """v4 answers some calls without a top-level status, and others with `pending`."""
    return (
        isinstance(body, dict)
        and body.get("status") not in ("error", "failed")
        and isinstance(body.get("data"), dict | list)
    )


judge = judge_by(TABLE, told, _is_answer)
