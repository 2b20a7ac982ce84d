"""What Flutterwave's answers are known to mean, in both versions: v4 by its codes, v3 by its sentences."""

from typing import Any

from webapp.providers.http.verdicts import Known, Verdict, judge_by

_BEGINNING = ("POST /customers", "POST /checkout/sessions", "POST /charges")
_TOO_MUCH = ("exceed", "more than", "greater than")
"""Parts of what is said where less is left of a payment than is asked back: some of it has gone back."""
_REFUND_V3, _REFUND_V4 = "POST /v3/transactions/", "POST /refunds"

TABLE = (
    Known(Verdict.NOT_SENT, status=403, code="10403"),
    Known(Verdict.KEY_REFUSED, said="merchant secret key required"),
    Known(Verdict.EXISTS, code="1100409"),
    Known(Verdict.EXISTS, code="1404400"),
    Known(Verdict.EXISTS, said="already refunded"),
    Known(Verdict.EXISTS, _REFUND_V3, status=409),
    Known(Verdict.EXISTS, _REFUND_V4, status=409),
    *(Known(Verdict.EXISTS, call, said=said) for call in (_REFUND_V3, _REFUND_V4) for said in _TOO_MUCH),
    *(Known(Verdict.REFUSED, call, status=400, code="10400") for call in _BEGINNING),
    Known(Verdict.REFUSED, "POST /v3/payments", status=400),
)


def told(body: Any) -> tuple[str, str]:
    """Code and sentence of an error, with the fields that are wrong: v4 puts all into `error`."""
    if not isinstance(body, dict):
        return "", ""
    found = body.get("error")
    error = found if isinstance(found, dict) else body
    said = str(error.get("message") or "").rstrip(".")
    fields = ", ".join(filter(None, map(_field, _list(error, "validation_errors") or _list(body, "errors"))))
    return str(error.get("code") or "")[:80], f"{said} ({fields})"[:300] if fields else said[:300]


def _list(body: dict[str, Any], name: str) -> list[Any]:
    found = body.get(name)
    return found if isinstance(found, list) else []


def _field(wrong: Any) -> str:
    """A field and what is the matter with it, its name left out where the sentence has it."""
    if not isinstance(wrong, dict):
        return ""
    name, said = str(wrong.get("field_name") or wrong.get("field") or ""), str(wrong.get("message") or "")
    return said if name in said else f"{name}: {said}"


def _is_answer(body: Any) -> bool:
    """v4 answers some calls without a top-level status, and others with `pending`."""
    return (
        isinstance(body, dict)
        and body.get("status") not in ("error", "failed")
        and (body.get("status") == "success" or isinstance(body.get("data"), dict | list))
    )


judge = judge_by(TABLE, told, _is_answer)
