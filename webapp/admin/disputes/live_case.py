"""What is new at a case that somebody has open, and who else has it open."""

from typing import Any

from flask import request
from sqlalchemy.orm import Session

from webapp import clock
from webapp.admin.ui.screen import Screen, page
from webapp.admin.ui.timeline import action_in_words
from webapp.domain.actors import named
from webapp.domain.numbers import parse_whole
from webapp.models import Dispute
from webapp.security import current_actor
from webapp.security.context import current_person, runtime
from webapp.services.read_models import case_news
from webapp.services.read_models.case_news import ShownRecords
from webapp.services.users.assignees import names_of

_NAMED = 3


class LiveCaseActions(Screen):
    """What the page of a case asks every few seconds."""

    @page("/<int:dispute_id>/news")
    def news(self, dispute_id: int) -> Any:
        """What others did since the page was made, and who is there: a part of a page."""
        shown = ShownRecords(_whole("first"), _whole("count"))
        with self.reading() as session:
            found = case_news.since(session, dispute_id, shown, current_actor())
            others = self.others_at(session, dispute_id)
        latest = [(action_in_words(record.action), named(record.actor_name)) for record in found[:_NAMED]]
        case = self.at("one", dispute_id=dispute_id)
        return self.render("disputes/case_news.html", count=len(found), latest=latest, others=others, case=case)

    def live(self, session: Session, dispute: Dispute) -> dict[str, Any]:
        """What the page of a case needs to ask: the address, and who is there now."""
        shown = case_news.shown(session, dispute, current_actor())
        asked = self.at("news", dispute_id=dispute.id, first=shown.first, count=shown.count)
        return {"address": asked, "others": self.others_at(session, dispute.id)}

    def others_at(self, session: Session, dispute_id: int) -> list[str]:
        """The names of those who have the case open besides who is asking, who is noted as there."""
        found = runtime().presence.others(dispute_id, current_person()[0].id, clock.now())
        return names_of(session, found)


def _whole(name: str) -> int:
    return parse_whole(request.args.get(name, "")) or 0
