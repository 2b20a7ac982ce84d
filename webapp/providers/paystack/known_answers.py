"""What Paystack's answers are known to mean: codes first, and sentences, since many of its errors have no code.

Each is from its own specification, its samples, or an answer of the test API that somebody wrote down.
"""

from typing import Any

from webapp.providers.http.verdicts import Known, Verdict, judge_by

_INITIALIZE, _REFUND, _TRANSFER = "POST /transaction/initialize", "POST /refund", "POST /transfer"
_RECIPIENT = "POST /transferrecipient"

TABLE = (
    Known(Verdict.NOT_SENT, said="ip address is not allowed"),
    Known(Verdict.KEY_REFUSED, said="invalid key"),
    Known(Verdict.REFUSED, said="currency not supported by merchant"),
    Known(Verdict.EXISTS, _INITIALIZE, code="duplicate_reference"),
    Known(Verdict.EXISTS, _INITIALIZE, said="duplicate transaction reference"),
    Known(Verdict.REFUSED, _INITIALIZE, status=400, code="invalid_email_address"),
    Known(Verdict.REFUSED, _INITIALIZE, status=400, code="missing_params"),
    Known(Verdict.REFUSED, _INITIALIZE, status=400, said="invalid amount sent"),
    Known(Verdict.EXISTS, _REFUND, code="transaction_reversed"),
    Known(Verdict.EXISTS, _REFUND, said="has been fully reversed"),
    Known(Verdict.EXISTS, _REFUND, said="cannot exceed"),
    Known(Verdict.EXISTS, _REFUND, said="already refunded"),
    Known(Verdict.EXISTS, _REFUND, status=409),
    Known(Verdict.REFUSED, _REFUND, status=400, said="currency must match"),
    Known(Verdict.REFUSED, _REFUND, status=400, said="minimum amount"),
    Known(Verdict.REFUSED, _REFUND, status=400, code="missing_params"),
    Known(Verdict.REFUSED, _REFUND, status=422, said="invalid refund state"),
    Known(Verdict.REFUSED, _RECIPIENT, status=400),
    Known(Verdict.EXISTS, _TRANSFER, code="duplicate_transfer_reference"),
    Known(Verdict.EXISTS, _TRANSFER, said="duplicate reference"),
    Known(Verdict.EXISTS, _TRANSFER, said="reference already exists"),
    Known(Verdict.NOT_SENT, _TRANSFER, code="insufficient_balance"),
    Known(Verdict.NOT_SENT, _TRANSFER, code="transfer_unavailable"),
    Known(Verdict.NOT_SENT, _TRANSFER, code="invalid_transfer_recipient"),
)


def told(body: Any) -> tuple[str, str]:
    """Code and sentence of an error."""
    if not isinstance(body, dict):
        return "", ""
    return str(body.get("code") or "")[:80], str(body.get("message") or "")[:300]


def _is_answer(body: Any) -> bool:
    return isinstance(body, dict) and body.get("status") is True


judge = judge_by(TABLE, told, _is_answer)
