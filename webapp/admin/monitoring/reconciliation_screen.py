"""Reconciliation: our books beside everybody else's, and on what they differ."""

from typing import Any

from flask import current_app, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from webapp.admin.monitoring.reconciliation_actions import ReconciliationActions
from webapp.admin.ui.actions.action_links import action_link
from webapp.admin.ui.lists.columns import Column, choice, since
from webapp.admin.ui.lists.listing import Listing
from webapp.admin.ui.screen import page
from webapp.jobs.periodic.verify import BOOKS_JOB
from webapp.models import Account, Discrepancy
from webapp.providers import catalogue
from webapp.providers.blnk import provider as blnk_provider
from webapp.security.context import runtime
from webapp.services.common import lookup
from webapp.services.ledger import integrity_verdicts
from webapp.services.reconciliation import discrepancies, discrepancy_decisions, mirror_queue
from webapp.services.reconciliation.comparison import DIFFERENT, MISSING_HERE, MISSING_THERE
from webapp.services.scheduling import runs

KINDS: dict[str, Any] = {
    MISSING_HERE: _l("missing here"),
    MISSING_THERE: _l("missing there"),
    DIFFERENT: _l("different"),
}
TABS: dict[str, tuple[Any, Any]] = {
    "open": (_l("Open"), (discrepancies.OPEN,)),
    "accepted": (_l("Accepted"), (discrepancies.ACCEPTED,)),
    "resolved": (_l("Resolved"), (Discrepancy.resolved_at.is_not(None),)),
    "all": (_l("All"), ()),
}


def _sources() -> list[tuple[str, str]]:
    """What can be compared with, as choices."""
    names = [
        blnk_provider.NAME,
        blnk_provider.TRANSFERS,
        *(f"{name}-{kind}" for name in catalogue.payment_providers() for kind in ("payments", "refunds")),
        *(f"{each.name}-payouts" for each in catalogue.every() if each.pays_out),
    ]
    return [(name, name) for name in names]


_MEANING: dict[str, Any] = {
    MISSING_HERE: _l(
        "They have it and we don't: money came or went past the desk, or under another reference. Find it in their "
        "dashboard; if it belongs to an order, record it there. If it is no business of the "
        "desk, accept it and say why."
    ),
    MISSING_THERE: _l(
        "We have it and they don't, also when asked about it alone. Either it was never sent, or it was made in "
        "another of their accounts or in their test mode. Don't send it again before it is clear which."
    ),
    DIFFERENT: _l(
        "Both have it, and they disagree. Their word stands for money that moved at theirs; ours for what was decided "
        "here. Correct the side that is wrong by a movement of its own, never by changing what was recorded."
    ),
}
_OF_BALANCES = _l(
    "The balance there is not the sum of the transfers that were sent there: something moved it without us, or a "
    "transfer is there in part. Compare the entries of the account with its transactions there. What is right there "
    "as it is can be accepted: it is a discrepancy again only when they differ by another amount."
)


_OF_TRANSFERS: dict[str, Any] = {
    MISSING_THERE: _l(
        "It was sent there and is not there any more: Blnk was restored from a backup, or lost. Send again what it "
        "lacks with the button on the page Reconciliation; what is there is not moved twice."
    ),
    DIFFERENT: _l(
        "Blnk has another movement under our reference. Nothing is sent over it. Find out who moved it, and correct it "
        "there by a movement of its own; then accept this one, for what moved under our reference stays."
    ),
    MISSING_HERE: _l(
        "Somebody moved money in our balances at Blnk without the desk. Find out who. When it was an error, refund it "
        "there: then it is no discrepancy any more with the next check. When it is to stay, accept it, and also "
        "the balance that it moved: that is a discrepancy of the book blnk with the next hourly comparison."
    ),
}
_UNDECIDED: dict[str, Any] = {
    blnk_provider.NAME: _l("moved while they were compared"),
    "refunds": _l("of a refund that is under way here, or was done within the last hour and is not in their list yet"),
    "": _l("under way here and younger than a day, or made within the last hour and not in their list yet"),
}
"""Why it can't be said yet of some things whether the books agree, by what was compared."""


class ReconciliationScreen(ReconciliationActions):
    """One row per discrepancy."""

    slug = "reconciliation"
    title = _l("Reconciliation")
    permission = "book:read"
    group = "record"
    icon = "scale"
    order = 20
    intro = _l("Every hour our books are compared with the external ledger and with what the providers list.")
    empty = _l("No book differs. What is missing or different on either side is named here until both agree again.")
    list_template = "monitoring/reconciliations.html"
    listing = Listing(
        key=Discrepancy.id,
        columns=(
            Column(
                "reference",
                _l("Reference"),
                Discrepancy.reference,
                kind="ref",
                link=lambda row: url_for("reconciliation.one", discrepancy_id=row.id),
            ),
            Column("source", _l("Compared with"), Discrepancy.source),
            Column("kind", _l("What"), Discrepancy.kind, kind="badge"),
            Column("ours", _l("Ours"), Discrepancy.ours, kind="money"),
            Column("theirs", _l("Theirs"), Discrepancy.theirs, kind="money"),
            Column("currency", _l("Currency"), Discrepancy.currency, shown=False),
            Column("detail", _l("Why"), Discrepancy.detail),
            Column("first_seen_at", _l("Since"), Discrepancy.first_seen_at, kind="when", sort=Discrepancy.id),
            Column("last_seen_at", _l("Last seen"), Discrepancy.last_seen_at, kind="when", shown=False),
            Column("accepted_at", _l("Accepted"), Discrepancy.accepted_at, kind="when", shown=False),
            Column("accepted_by", _l("Accepted by"), Discrepancy.accepted_by, shown=False),
            Column("accepted_reason", _l("Accepted because"), Discrepancy.accepted_reason, shown=False),
            Column("resolved_at", _l("Resolved"), Discrepancy.resolved_at, kind="when", shown=False),
            Column("id", _l("Number"), Discrepancy.id, shown=False),
        ),
        filters=(
            choice("source", _l("Compared with"), Discrepancy.source, _sources),
            choice("kind", _l("What"), Discrepancy.kind, list(KINDS.items())),
            since("from", _l("Since"), Discrepancy.first_seen_at),
        ),
        search=lambda words: Discrepancy.reference == words,
        search_hint=_l("A reference, or account-123"),
    )

    def conditions(self) -> tuple[Any, ...]:
        """The tab's."""
        found: tuple[Any, ...] = TABS[self._tab()][1]
        return found

    def around(self, session: Any) -> dict[str, Any]:
        """The last comparison with each book, and the tabs."""
        counts, accepted = discrepancies.open_counts(session), discrepancies.accepted_counts(session)
        many = {"open": sum(counts.values()), "accepted": sum(accepted.values())}
        tabs = [(label, self.at(tab=name), name == self._tab(), many.get(name)) for name, (label, _) in TABS.items()]
        shown: dict[str, Any] = {
            "tabs": tabs,
            "lasts": discrepancies.last_of_each(session),
            "open_counts": counts,
            "accepted_counts": accepted,
            "action_links": [self._own_book(session)],
            "own": integrity_verdicts.newest(session),
        }
        shown["why_undecided"] = _why_undecided
        if runtime().settings.ledger == blnk_provider.NAME:
            shown["action_links"] += self._action_links(mirror_queue.lacking(session))
        return shown

    def _own_book(self, session: Any) -> Any:
        """Looking at all of it, unless that is done already."""
        running = runs.unfinished_of(session, BOOKS_JOB)
        reason = _("Run %(number)s is at it.", number=running.id) if running else ""
        return action_link("check_books", _("Check all of our own books"), "scale", "job:run", reason)

    def _action_links(self, lacking: int) -> list[Any]:
        """Asking the external ledger, and sending again what it was found to lack."""
        none = "" if lacking else _("It was found to lack nothing. Ask it first.")
        return [
            action_link("check", _("Ask Blnk what it has"), "refresh", "job:run"),
            action_link("send_again", _("Send again what it lacks"), "refresh", "job:run", none),
        ]

    @page("/<int:discrepancy_id>")
    def one(self, discrepancy_id: int) -> Any:
        """What differs, what that means, and where ours is."""
        with self.reading() as session:
            found = lookup.by_id(session, Discrepancy, discrepancy_id, "discrepancy")
            disabled_reason = discrepancy_decisions.disabled_reason(found)
            account = session.get(Account, found.subject_id) if found.subject_kind == "account" else None
        return self.render(
            "monitoring/reconciliation.html",
            found=found,
            action_links=[action_link("accept", _("Accept…"), "check", "book:accept", disabled_reason)],
            ours=account,
            meaning=_meaning(found),
            address=_address(found, account),
            word=KINDS[found.kind],
        )

    def _tab(self) -> str:
        wanted = request.args.get("tab", "")
        return wanted if wanted in TABS else "open"


def _why_undecided(source: str) -> Any:
    return _UNDECIDED.get(source) or _UNDECIDED.get(source.rpartition("-")[2], _UNDECIDED[""])


def _meaning(found: Discrepancy) -> Any:
    if found.source == blnk_provider.TRANSFERS:
        return _OF_TRANSFERS[found.kind]
    return _OF_BALANCES if found.subject_kind == "account" else _MEANING[found.kind]


def _address(found: Discrepancy, account: Account | None) -> tuple[str, str] | None:
    """What our side is called, and where it is shown."""
    if account is not None:
        return (_("the party"), url_for("parties.one", party_id=account.party_id)) if account.party_id else None
    endpoint = f"{found.subject_kind}s.one"
    if found.subject_id is None or endpoint not in current_app.view_functions:
        return None
    arguments: dict[str, Any] = {f"{found.subject_kind}_id": found.subject_id}
    return str(found.subject_kind), url_for(endpoint, **arguments)
