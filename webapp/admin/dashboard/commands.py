"""What somebody may do, found by its words: by itself ("stop outgoing money") or to a thing ("freeze E-1027").

Whether it is offered goes by the permission that the view itself declares.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from flask import current_app, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from webapp.admin.ui.layout import may_open
from webapp.domain.actors import Actor
from webapp.services.search import everywhere
from webapp.services.search.hits import EACH


class Command(NamedTuple):
    """One thing to do: a page that asks, or, where it posts, a form of one button with this field."""

    label: str
    url: str
    field: tuple[str, str] | None = None
    posts: bool = False


SIMPLE: tuple[tuple[Any, str], ...] = (
    (_l("Stop outgoing money"), "settings.stop"),
    (_l("Let outgoing money flow"), "settings.resume"),
    (_l("Change a limit"), "settings.limits"),
    (_l("Ageing and due dates"), "escrows.ageing"),
    (_l("Verify the audit chain"), "audit.verify"),
    (_l("Plan a payout"), "payout-schedules.add"),
    (_l("Process all payouts that are due"), "payout-schedules.process_due"),
    (_l("Try all waiting payouts now"), "payouts.try_now"),
    (_l("Compare the books with the providers"), "reconciliation.check"),
    (_l("Check the books"), "reconciliation.check_books"),
    (_l("Back up now"), "backups.back_up"),
    (_l("Add a user"), "users.add"),
    (_l("Add a token"), "tokens.add"),
    (_l("Add an endpoint"), "webhooks.add"),
    (_l("My profile"), "profile.index"),
    (_l("Change my password"), "profile.password"),
    (_l("Change my language"), "profile.language"),
    (_l("Change my time zone"), "profile.zone"),
    (_l("My passkeys"), "passkeys.index"),
    (_l("Second factor of my sign-in"), "second-factor.index"),
)
THEMED: tuple[tuple[Any, str], ...] = (
    (_l("Dark colours"), "dark"),
    (_l("Light colours"), "light"),
    (_l("Colours as the device has them"), "auto"),
)
TO_A_THING: tuple[tuple[Any, str, str, str], ...] = (
    (_l("Run"), "job", "jobs.run_now", "job"),
    (_l("Dry run"), "job", "jobs.dry_run", "job"),
    (_l("Pause"), "job", "jobs.pause", "job"),
    (_l("Resume"), "job", "jobs.resume", "job"),
    (_l("Freeze"), "escrow", "escrows.freeze", "escrow_id"),
    (_l("Extend"), "escrow", "escrows.extend", "escrow_id"),
    (_l("Release"), "escrow", "escrows.release", "escrow_id"),
    (_l("Refund"), "escrow", "escrows.refund", "escrow_id"),
    (_l("Void"), "escrow", "escrows.void", "escrow_id"),
    (_l("Take"), "dispute", "disputes.take", "dispute_id"),
    (_l("Assign"), "dispute", "disputes.assign", "dispute_id"),
    (_l("Escalate"), "dispute", "disputes.escalate", "dispute_id"),
    (_l("Verify"), "payment", "payments.verify", "payment_id"),
    (_l("Retry"), "payout", "payouts.retry", "payout_id"),
)
"""Verb, kind of thing, view, and the view's argument."""


def matching(session: Session, words: str, actor: Actor) -> list[Command]:
    """The commands that these words name and this actor may use, those to a thing first."""
    return [*_to_things(session, words, actor), *[each for each in _simple() if fits(words, each.label)]]


def fits(words: str, label: str) -> bool:
    """Whether each word that was typed begins a word of the label."""
    parts = label.lower().replace("_", " ").split()
    sought = words.lower().replace("_", " ").split()
    return bool(sought) and all(any(part.startswith(word) for part in parts) for word in sought)


def _simple() -> Iterator[Command]:
    known = current_app.view_functions
    for label, view in SIMPLE:
        if view in known and may_open(view):
            yield Command(str(label), url_for(view))
    themed = url_for("security.theme", next="/")
    yield from (Command(str(label), themed, ("theme", theme), posts=True) for label, theme in THEMED)
    yield Command(_("Sign out"), url_for("security.sign_out"), posts=True)


def _to_things(session: Session, words: str, actor: Actor) -> Iterator[Command]:
    for verb, kind, view, argument in TO_A_THING:
        rest = _after(str(verb).lower(), words.lower(), words)
        if rest is None or not may_open(view):
            continue
        found = [hit for hit in everywhere.find(session, rest, actor, kinds=(kind,)) if hit.kind == kind]
        for hit in found[:EACH]:
            place: dict[str, Any] = {argument: hit.id}
            yield Command(f"{verb} {hit.label}", url_for(view, **place))


def _after(verb: str, lower: str, words: str) -> str | None:
    """What was typed after the verb; None where another word was typed, or nothing after it."""
    return words[len(verb) :].strip() or None if lower.startswith(f"{verb} ") else None
