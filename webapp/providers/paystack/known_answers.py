"""What Paystack's answers are known to mean: codes first, and sentences, since many of its errors have no code.

Each is from its own specification, its samples, or an answer of the test API that somebody wrote down.
"""

from typing import Any

from webapp.providers.http.answer_kinds import AnswerKind, KnownAnswer, KnownAnswers

_INITIALIZE, _REFUND, _TRANSFER = "POST /transaction/initialize", "POST /refund", "POST /transfer"
_RECIPIENT = "POST /transferrecipient"

_TABLE = (
    KnownAnswer(AnswerKind.NOT_SENT, message="ip address is not allowed"),
    KnownAnswer(AnswerKind.KEY_REFUSED, message="invalid key"),
    KnownAnswer(AnswerKind.REFUSED, message="currency not supported by merchant"),
    KnownAnswer(AnswerKind.EXISTS, _INITIALIZE, code="duplicate_reference"),
    KnownAnswer(AnswerKind.EXISTS, _INITIALIZE, message="duplicate transaction reference"),
    KnownAnswer(AnswerKind.REFUSED, _INITIALIZE, status=400, code="invalid_email_address"),
    KnownAnswer(AnswerKind.REFUSED, _INITIALIZE, status=400, code="missing_params"),
    KnownAnswer(AnswerKind.REFUSED, _INITIALIZE, status=400, message="invalid amount sent"),
    KnownAnswer(AnswerKind.EXISTS, _REFUND, code="transaction_reversed"),
    KnownAnswer(AnswerKind.EXISTS, _REFUND, message="has been fully reversed"),
    KnownAnswer(AnswerKind.EXISTS, _REFUND, message="cannot exceed"),
    KnownAnswer(AnswerKind.EXISTS, _REFUND, message="already refunded"),
    KnownAnswer(AnswerKind.EXISTS, _REFUND, status=409),
    KnownAnswer(AnswerKind.REFUSED, _REFUND, status=400, message="currency must match"),
    KnownAnswer(AnswerKind.REFUSED, _REFUND, status=400, message="minimum amount"),
    KnownAnswer(AnswerKind.REFUSED, _REFUND, status=400, code="missing_params"),
    KnownAnswer(AnswerKind.REFUSED, _REFUND, status=422, message="invalid refund state"),
    KnownAnswer(AnswerKind.REFUSED, _RECIPIENT, status=400),
    KnownAnswer(AnswerKind.EXISTS, _TRANSFER, code="duplicate_transfer_reference"),
    KnownAnswer(AnswerKind.EXISTS, _TRANSFER, message="duplicate reference"),
    KnownAnswer(AnswerKind.EXISTS, _TRANSFER, message="reference already exists"),
    KnownAnswer(AnswerKind.NOT_SENT, _TRANSFER, code="insufficient_balance"),
    KnownAnswer(AnswerKind.NOT_SENT, _TRANSFER, code="transfer_unavailable"),
    KnownAnswer(AnswerKind.NOT_SENT, _TRANSFER, code="invalid_transfer_recipient"),
)


def _read_error(body: Any) -> tuple[str, str]:
    """Code and sentence of an error."""
    if not isinstance(body, dict):
        return "", ""
    return str(body.get("code") or "")[:80], str(body.get("message") or "")[:300]


def _is_answer(body: Any) -> bool:
    return isinstance(body, dict) and body.get("status") is True


ANSWERS = KnownAnswers(_TABLE, _read_error, _is_answer)
