"""What audit records and events say about a party: it goes out of them, and the audit chain stays verifiable."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import and_, or_, select, update

from webapp.domain.actors import Actor
from webapp.models import Audit, Dispute, Event, Evidence
from webapp.services.audit import redaction
from webapp.services.audit.redaction import NewText
from webapp.services.data_protection.case_texts import claimed_by_it, evidence_of_it
from webapp.services.data_protection.personal_texts import FORGOTTEN, PersonalTexts, changed_json
from webapp.services.data_protection.replacement import Replacement

_EVIDENCE, _DESTINATION = ("evidence.attach", "evidence.submit"), "party.payout_%"
_OF_ACCOUNT = ("ending", "used_again", "recipient", "bank")
"""What a record of a payout destination tells of the account."""


def replace_in_audit(each: Replacement, texts: PersonalTexts, *, keys: Sequence[bytes], actor: Actor) -> int:
    """Redact the records about it and its orders, money and cases; returns how many. It looks at the rows that are
    replaced otherwise: call it before these are.
    """
    redaction.begin(each.session)
    mine = each.mine
    claims, files = select(Dispute.id).where(claimed_by_it(each)), _evidence(each)
    about = mine.is_subject(Audit.subject_kind, Audit.subject_id)
    may = or_(
        texts.may_stand_in(Audit.reason, Audit.before, Audit.after),
        and_(Audit.action == "dispute.open", Audit.subject_id.in_(claims)),
        Audit.action.in_(_EVIDENCE),
        Audit.action.like(_DESTINATION),
    )
    claimed = set(each.session.scalars(claims))
    query = select(Audit.id, Audit.action, Audit.subject_id, Audit.reason, Audit.before, Audit.after)
    new: dict[int, NewText] = {}
    for rows in each.pages(query.where(about, may), Audit.id):
        for row in rows:
            change = _change(row.action, texts, files)
            is_claim = row.action == "dispute.open" and row.subject_id in claimed
            reason = FORGOTTEN if is_claim else row.reason and texts.replaced(row.reason)
            before, after = (text and changed_json(text, change) for text in (row.before, row.after))
            found = NewText(reason, before, after)
            if found != NewText(row.reason, row.before, row.after):
                new[row.id] = found
    if new:
        why = f"Party {each.party.ref} is forgotten."
        redaction.redact(each.session, new, keys=keys, at=each.at, actor=actor, reason=why)
    return len(new)


def replace_in_events(each: Replacement, texts: PersonalTexts) -> int:
    """The same in what other systems were told: the events as they are kept here."""
    files = _evidence(each)
    about = each.mine.is_subject(Event.subject_kind, Event.subject_id)
    found_in = or_(texts.may_stand_in(Event.payload), Event.type == "evidence.submitted", Event.type.like(_DESTINATION))
    count = 0
    for rows in each.pages(select(Event.id, Event.type, Event.payload).where(about, found_in), Event.id):
        for row in rows:
            payload = changed_json(row.payload, _change(row.type, texts, files))
            if payload != row.payload:
                each.session.execute(update(Event).where(Event.id == row.id).values(payload=payload))
                count += 1
    return count


def _evidence(each: Replacement) -> set[int]:
    return set(each.session.scalars(select(Evidence.id).where(evidence_of_it(each))))


def _change(action: str, texts: PersonalTexts, files: set[int]) -> Callable[[Any], Any]:
    """How the facts of such a record or event change."""

    def changed(facts: Any) -> Any:
        found = texts.replaced_in(facts)
        if isinstance(found, dict):
            if action.startswith("evidence.") and found.get("evidence") in files:
                found |= {"name": FORGOTTEN}
            if action.startswith(_DESTINATION[:-1]):
                found |= {name: FORGOTTEN for name in _OF_ACCOUNT if found.get(name)}
        return found

    return changed
