"""Every message to a person, by whatever way it came: kept, shown, never sent on."""

import uuid
from typing import Any

from flask import Blueprint, Response, jsonify, render_template_string, request

from webapp.sandbox.core.request_inputs import format_time, query_int
from webapp.sandbox.core.sandbox import current
from webapp.sandbox.core.store import Store

KIND = "message"
_MOST = 10_000
_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Mailbox</title></head><body>
<h1>Mailbox of the sandbox</h1>
{% for each in messages %}<article><h2>{{ each.subject or "(no subject)" }}</h2>
<p>{{ each.channel }} from {{ each.sender or "nobody" }} to {{ each.to or "everyone" }}, {{ each.at }}</p>
<pre>{{ each.text }}</pre></article>
{% else %}<p>Nothing came yet.</p>
{% endfor %}</body></html>"""

blueprint = Blueprint("mailbox", __name__)


def record(store: Store, channel: str, to: str, text: str, *, sender: str = "", subject: str = "", **more: Any) -> str:
    """Keep a message; its key."""
    key = uuid.uuid4().hex
    message = {"channel": channel, "to": to, "from": sender, "subject": subject, "text": text}
    store.add(KIND, key, message | more, parent=channel)
    return key


@blueprint.get("/mailbox")
def messages() -> Response:
    """What came, oldest first; `channel` (email, sms, chat) and `to` narrow it."""
    return jsonify(_found())


@blueprint.get("/mailbox.html")
def page() -> str:
    """The same for people, newest first."""
    shown = [each | {"sender": each["from"]} for each in reversed(_found())]
    return render_template_string(_PAGE, messages=shown)


def _found() -> list[dict[str, Any]]:
    limit, to = query_int("limit", 1000, _MOST), request.args.get("to")
    found = current().store.listed(KIND, parent=request.args.get("channel"), to=to, newest=True, limit=limit)
    return [each.data | {"at": format_time(each.at)} for each in reversed(found)]
