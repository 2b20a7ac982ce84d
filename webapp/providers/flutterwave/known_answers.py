"""What Flutterwave's answers are known to mean, in both versions: v4 by its codes, v3 by its sentences."""

from typing import Any

from webapp.providers.http.answer_kinds import AnswerKind, KnownAnswer, KnownAnswers

_BEGINNING = ("POST /customers", "POST /checkout/sessions", "POST /charges")
_TOO_MUCH = ("exceed", "more than", "greater than")
"""Parts of what is said where less is left of a payment than is asked back: some of it has gone back."""
_REFUND_V3, _REFUND_V4 = "POST /v3/transactions/", "POST /refunds"

_TABLE = (
    KnownAnswer(AnswerKind.NOT_SENT, status=403, code="10403"),
    KnownAnswer(AnswerKind.KEY_REFUSED, message="merchant secret key required"),
    KnownAnswer(AnswerKind.EXISTS, code="1100409"),
    KnownAnswer(AnswerKind.EXISTS, code="1404400"),
    KnownAnswer(AnswerKind.EXISTS, message="already refunded"),
    KnownAnswer(AnswerKind.EXISTS, _REFUND_V3, status=409),
    KnownAnswer(AnswerKind.EXISTS, _REFUND_V4, status=409),
    *(
        KnownAnswer(AnswerKind.EXISTS, call, message=message)
        for call in (_REFUND_V3, _REFUND_V4)
        for message in _TOO_MUCH
    ),
    *(KnownAnswer(AnswerKind.REFUSED, call, status=400, code="10400") for call in _BEGINNING),
    KnownAnswer(AnswerKind.REFUSED, "POST /v3/payments", status=400),
)


def _read_error(body: Any) -> tuple[str, str]:
    """Code and sentence of an error, with the fields that are wrong: v4 puts all into `error`."""
    if not isinstance(body, dict):
        return "", ""
    found = body.get("error")
    error = found if isinstance(found, dict) else body
    message = str(error.get("message") or "").rstrip(".")
    fields = ", ".join(filter(None, map(_field, _list(error, "validation_errors") or _list(body, "errors"))))
    return str(error.get("code") or "")[:80], f"{message} ({fields})"[:300] if fields else message[:300]


def _list(body: dict[str, Any], name: str) -> list[Any]:
    found = body.get(name)
    return found if isinstance(found, list) else []


def _field(wrong: Any) -> str:
    """A field and what is the matter with it, its name left out where the sentence has it."""
    if not isinstance(wrong, dict):
        return ""
    name, message = str(wrong.get("field_name") or wrong.get("field") or ""), str(wrong.get("message") or "")
    return message if name in message else f"{name}: {message}"


def _is_answer(body: Any) -> bool:
    """v4 answers some calls without a top-level status, and others with `pending`."""
    return (
        isinstance(body, dict)
        and body.get("status") not in ("error", "failed")
        and (body.get("status") == "success" or isinstance(body.get("data"), dict | list))
    )


ANSWERS = KnownAnswers(_TABLE, _read_error, _is_answer)
