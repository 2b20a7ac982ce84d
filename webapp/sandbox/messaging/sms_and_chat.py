"""SMS and chat as gateways take them: Apprise's JSON, Africa's Talking, Twilio, or any JSON or form."""

from typing import Any

from flask import Blueprint, Response, jsonify, request

from webapp.sandbox.core import auth_and_faults
from webapp.sandbox.core.sandbox import current
from webapp.sandbox.messaging.mailbox import record
from webapp.sandbox.webhooks.receiver import plain_style

sms = Blueprint("sms", __name__)
chat = Blueprint("chat", __name__)
_TEXTS = ("message", "text", "body", "content", "Body")
_TITLES = ("title", "subject")

for _each in (sms, chat):
    auth_and_faults.guard(_each, plain_style(_each.name))


@sms.post("/version1/messaging")
@sms.post("/sms/version1/messaging")
def africas_talking() -> Response:
    """Africa's Talking: one text to many numbers."""
    given = _given()
    numbers = [each.strip() for each in str(given.get("to", "")).split(",") if each.strip()]
    recipients = [
        {
            "statusCode": 101,
            "number": number,
            "status": "Success",
            "cost": "KES 0.8000",
            "messageId": f"ATXid_{_drop('sms', number, given)}",
        }
        for number in numbers
    ]
    total = f"Sent to {len(numbers)}/{len(numbers)} Total Cost: KES {0.8 * len(numbers):.4f}"
    return _answer({"SMSMessageData": {"Message": total, "Recipients": recipients}}, 201)


@sms.post("/2010-04-01/Accounts/<sid>/Messages.json")
@sms.post("/sms/2010-04-01/Accounts/<sid>/Messages.json")
def twilio(sid: str) -> Response:
    """Twilio: one text to one number."""
    given = _given()
    to, text = str(given.get("To", "")), str(given.get("Body", ""))
    key = record(current().store, "sms", to, text, sender=str(given.get("From", "")))
    message = {"sid": f"SM{key}", "account_sid": sid, "to": to, "from": given.get("From"), "body": text}
    return _answer(message | {"status": "queued", "error_code": None, "error_message": None}, 201)


@sms.post("/sms")
@sms.post("/sms/<path:rest>")
def send_sms(rest: str = "") -> Response:
    """Anything else: `to` from the query, the body or the path."""
    return _answer({"status": "sent", "id": _drop("sms", rest, _given())})


@chat.post("/chat")
@chat.post("/chat/<path:rest>")
def send_chat(rest: str = "") -> Response:
    """A line to a room."""
    return _answer({"ok": True, "id": _drop("chat", rest, _given())})


def _drop(channel: str, to: str, given: dict[str, Any]) -> str:
    addressed = request.args.get("to") or request.args.get("-to") or given.get("to") or given.get("channel") or to
    return record(
        current().store,
        channel,
        to if channel == "sms" and to else str(addressed),
        _first(given, _TEXTS) or request.get_data(as_text=True),
        sender=str(given.get("from") or given.get("username") or ""),
        subject=_first(given, _TITLES),
        type=given.get("type"),
    )


def _given() -> dict[str, Any]:
    found = request.get_json(force=True, silent=True)
    return found if isinstance(found, dict) else request.form.to_dict()


def _first(given: dict[str, Any], names: tuple[str, ...]) -> str:
    return next((str(given[name]) for name in names if given.get(name)), "")


def _answer(body: dict[str, Any], status: int = 200) -> Response:
    answer = jsonify(body)
    answer.status_code = status
    return answer
