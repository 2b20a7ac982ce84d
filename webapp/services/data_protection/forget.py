"""Forgetting a party: what tells who it is goes out of every table; books, decisions and the audit chain stay whole.

Its reference stays, and so do amounts, instants, states and who decided: they are the books. What it wrote and what was
written to it is gone; in what others wrote, its names and addresses are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.db import after_commit
from webapp.domain.actors import Actor
from webapp.domain.words import phrase
from webapp.errors import Conflict, Invalid
from webapp.migrations import anywhere
from webapp.models import Account, Party
from webapp.services.audit import trail
from webapp.services.common import lookup, validation
from webapp.services.data_protection import case_texts, other_texts, sealed_texts
from webapp.services.data_protection.linked_rows import LinkedRows
from webapp.services.data_protection.personal_texts import PersonalTexts, of_party
from webapp.services.data_protection.refusals import refusals
from webapp.services.data_protection.replacement import Replacement
from webapp.settings_parts.evidence_store import EvidenceStore
from webapp.sql import lock

PERMISSION = "party:forget"


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What forgetting replaced, by kind; nothing when the party was forgotten before."""

    party: Party
    replaced: dict[str, int]
    is_new: bool


def forget(
    session: Session,
    party_id: int,
    reason: str,
    *,
    confirmation: str,
    keys: Sequence[bytes],
    folder: EvidenceStore,
    at: datetime,
    actor: Actor,
) -> Forgotten:
    """Forget the party; the second time nothing is done. `confirmation` is its reference, written once more; `keys` are
    the sealing keys of the audit trail, `folder` is where evidence lies.

    Raises Conflict with every reason why it can't be forgotten yet.
    """
    actor.require(PERMISSION)
    why = validation.require_text(
        reason, "reason", phrase("Say why it is forgotten: who asked for it, and when."), longest=2000
    )
    lookup.by_id(session, Party, party_id, "party")
    # Whoever makes an order or plans a payout shares this row's lock: none begins while the questions below are asked.
    party = session.scalars(
        select(Party).where(Party.id == party_id).with_for_update().execution_options(populate_existing=True)
    ).one()
    _require_confirmed(party, confirmation)
    if party.forgotten_at is not None:
        return Forgotten(party, {}, False)
    # A release, or a payout that comes back, posts to these without the party's lock: it is seen, or waits.
    lock(session, Account, select(Account.id).where(Account.party_id == party_id).scalar_subquery())
    if standing := list(refusals(session, party_id)):
        raise Conflict(
            phrase("%(ref)s can't be forgotten yet. %(standing)s", ref=party.ref, standing=" ".join(standing))
        )
    replacement = Replacement(session, LinkedRows(party_id), party, at)
    texts = PersonalTexts(of_party(session, party))
    counts: dict[str, int] = {}
    # Records are told by what the rows are like before anything is gone from these.
    counts["audit records"] = sealed_texts.replace_in_audit(replacement, texts, keys=keys, actor=actor)
    counts["events"] = sealed_texts.replace_in_events(replacement, texts)
    counts |= case_texts.replace(replacement, texts)
    counts |= other_texts.replace(replacement, texts)
    _forget_fields(party, why, at, actor)
    counts = {kind: count for kind, count in counts.items() if count}
    trail.record(session, actor, "party.forget", ("party", party_id), at=at, reason=why, after=counts)
    after_commit(session, lambda: _remove_files(folder, replacement.removed_files))
    session.flush()
    anywhere.forget_removed(session.connection(), Party.__tablename__)
    return Forgotten(party, counts, True)


def _require_confirmed(party: Party, confirmation: str) -> None:
    if confirmation.strip() != party.ref:
        sentence = phrase("Write the party's reference, %(ref)s, to confirm: this can't be undone.", ref=party.ref)
        raise Invalid(sentence, fields={"confirmation": sentence})


def _forget_fields(party: Party, why: str, at: datetime, actor: Actor) -> None:
    party.name = f"Forgotten party {party.id}"
    party.email = party.phone = party.country = party.language = party.zone = None
    party.forgotten_at, party.forgotten_by, party.forgotten_reason = at, actor.name, why


def _remove_files(folder: EvidenceStore, names: Sequence[str]) -> None:
    for name in names:
        (folder / name).unlink(missing_ok=True)
