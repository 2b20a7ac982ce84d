"""What Blnk's answers are known to mean. Since 0.15 each error has a code, and only the code is believed.

`NOT_FOUND`, `DUPLICATE` and `LOCKED` are what the client acts on. What is not in the table is unknown: it is looked at.
"""

from typing import Any

from webapp.providers.http.answer_kinds import AnswerKind, KnownAnswer, KnownAnswers

DUPLICATE, LOCKED, NOT_FOUND = "TXN_DUPLICATE_REFERENCE", "GEN_RESOURCE_LOCKED", "TXN_NOT_FOUND"
NO_BALANCE = (NOT_FOUND, "BAL_NOT_FOUND")
"""What a movement is refused with whose balance is unknown: Blnk calls the balance a transaction."""
_BEFORE_0_15 = {"already been used": DUPLICATE, "not found": NOT_FOUND}
"""There was a sentence only. Any other of those is not known to be a refusal."""
_REFUSED = (
    "BAL_NOT_FOUND",
    "BAL_VALIDATION_ERROR",
    "GEN_BAD_REQUEST",
    "GEN_MALFORMED_REQUEST",
    "GEN_MISSING_PARAMETER",
    "GEN_PAYLOAD_TOO_LARGE",
    "GEN_VALIDATION_ERROR",
    "LGR_NOT_FOUND",
    "TXN_BULK_EMPTY",
    "TXN_BULK_LIMIT_EXCEEDED",
    "TXN_COMMIT_AMOUNT_EXCEEDED",
    "TXN_INSUFFICIENT_FUNDS",
    "TXN_INVALID_AMOUNT",
    "TXN_INVALID_DISTRIBUTION",
    "TXN_INVALID_STATUS_ACTION",
    NOT_FOUND,
    "TXN_NOT_INFLIGHT",
    "TXN_PRECISION_NOT_INTEGER",
    "TXN_VALIDATION_ERROR",
)
_EXISTS = (DUPLICATE, "GEN_CONFLICT", "LGR_DUPLICATE", "TXN_ALREADY_COMMITTED", "TXN_ALREADY_VOIDED")
_NOT_SENT = (LOCKED, "GEN_RATE_LIMITED", "QUEUE_BACKPRESSURE")
_TABLE = (
    *(KnownAnswer(AnswerKind.REFUSED, code=code) for code in _REFUSED),
    *(KnownAnswer(AnswerKind.EXISTS, code=code) for code in _EXISTS),
    *(KnownAnswer(AnswerKind.NOT_SENT, code=code) for code in _NOT_SENT),
    KnownAnswer(AnswerKind.KEY_REFUSED, status=403),
)


def _read_error(body: Any) -> tuple[str, str]:
    """Code and sentence of an error. The sentence is in `errors` where input is checked, else in `error`."""
    if not isinstance(body, dict):
        return "", ""
    detail = body.get("error_detail")
    code = str(detail.get("code") or "") if isinstance(detail, dict) else ""
    message = str(body.get("error") or body.get("errors") or "")[:300]
    meant = next((meant for part, meant in _BEFORE_0_15.items() if part in message), "")
    return code[:80] or meant, message


ANSWERS = KnownAnswers(_TABLE, _read_error, lambda body: body is None or isinstance(body, dict | list))
