"""What Blnk's answers are known to mean: it judges a request before it does anything about it."""

from typing import Any

from webapp.providers.verdicts import Known, Verdict, judge_by

DUPLICATE, LOCKED = "TXN_DUPLICATE_REFERENCE", "GEN_RESOURCE_LOCKED"
_DUPLICATE_BEFORE_0_15 = "already been used"

TABLE = (
    Known(Verdict.KEY_REFUSED, status=403),
    Known(Verdict.REFUSED, status=400),
    Known(Verdict.REFUSED, status=404),
    Known(Verdict.REFUSED, status=409),
    Known(Verdict.REFUSED, status=422),
    Known(Verdict.REFUSED, status=423),
)


def told(body: Any) -> tuple[str, str]:
    """Code and sentence of an error; before 0.15 there was a sentence only."""
    if not isinstance(body, dict):
        return "", ""
    detail = body.get("error_detail")
    code = str(detail.get("code") or "") if isinstance(detail, dict) else ""
    said = str(body.get("error") or body.get("errors") or "")[:300]
    return DUPLICATE if not code and _DUPLICATE_BEFORE_0_15 in said else code[:80], said


judge = judge_by(TABLE, told, lambda body: body is None or isinstance(body, dict | list))
