"""A canned reply is chosen where a message is written: put in by the page's script, or by a page that is asked for."""

from collections.abc import Sequence
from typing import Any

from flask import Response, flash, jsonify, request
from flask_babel import ngettext

from webapp.admin.ui.screen import Screen, page
from webapp.domain.numbers import parse_whole
from webapp.models import CannedReply
from webapp.security.context import current_person, runtime
from webapp.services.disputes import canned_replies
from webapp.services.disputes.canned_replies import FilledReply


class ReplyChoiceActions(Screen):
    """What the forms of messages offer."""

    @page("/<int:dispute_id>/reply-text", permission="dispute:work")
    def reply_text(self, dispute_id: int) -> Response:
        """The chosen reply for this case and side, and what is not filled in."""
        filled = _filled(dispute_id)
        return jsonify({"text": filled.text, "note": _not_filled(filled)})

    def offered_replies(self) -> Sequence[CannedReply]:
        """Those that may be chosen."""
        with self.reading() as session:
            return canned_replies.offered(session, current_person()[0].id)


def chosen_reply(dispute_id: int, side_field: str) -> dict[str, Any]:
    """What a form starts with when its address names a reply; says what is not filled in."""
    if request.method != "GET" or not request.args.get("reply"):
        return {}
    filled = _filled(dispute_id)
    if filled.unfilled:
        flash(_not_filled(filled), "warning")
    return {"body": filled.text, side_field: _side()}


def _filled(dispute_id: int) -> FilledReply:
    chosen = parse_whole(request.args.get("reply", "")) or 0
    user = current_person()[0].id
    with runtime().db.reading() as session:
        return canned_replies.filled_for(session, dispute_id, chosen, _side(), user, runtime().settings)


def _side() -> str:
    return "seller" if request.args.get("side") == "seller" else "buyer"


def _not_filled(filled: FilledReply) -> str:
    if not filled.unfilled:
        return ""
    named = ", ".join(f"{{{name}}}" for name in filled.unfilled)
    return ngettext(
        "%(named)s could not be filled in: write what it stands for, or take it out, before you send it.",
        "%(named)s could not be filled in: write what they stand for, or take them out, before you send it.",
        len(filled.unfilled),
        named=named,
    )
