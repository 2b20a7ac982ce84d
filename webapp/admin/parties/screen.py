"""Parties and their wallets: balances, debts, statements, and the standing order to repay."""

from typing import Any

from flask import Response, jsonify, request, url_for
from flask_babel import lazy_gettext as _l
from sqlalchemy import case, select

from webapp import clock
from webapp.admin.parties.actions import PartyActions
from webapp.admin.parties.correspondence import CorrespondenceActions, in_words
from webapp.admin.parties.data_protection import DataProtectionActions
from webapp.admin.parties.destinations import DestinationActions
from webapp.admin.parties.statement import STATEMENT
from webapp.admin.parties.wallet_actions import WalletActions
from webapp.admin.ui.lists.columns import Column, flag
from webapp.admin.ui.lists.csv_export import download
from webapp.admin.ui.lists.found import found
from webapp.admin.ui.lists.listing import Listing
from webapp.admin.ui.screen import page
from webapp.models import Entry, Party
from webapp.security.context import runtime
from webapp.services.ledger import statements
from webapp.services.parties import auto_deduct_mandates
from webapp.services.parties.search import in_debt, matching, with_auto_deduct
from webapp.services.read_models import party_detail

LINES, LONGEST = 50, 200
LISTING = Listing(
    key=Party.id,
    columns=(
        Column(
            "name",
            _l("Party"),
            Party.name,
            kind="ref",
            sort=True,
            link=lambda row: url_for("parties.one", party_id=row.id),
        ),
        Column("id", _l("Number"), Party.id, shown=False),
        Column("ref", _l("Reference"), Party.ref),
        Column(
            "verified", _l("Verified"), case((Party.verified_at.is_(None), "pending"), else_="verified"), kind="badge"
        ),
        Column("email", _l("Email"), Party.email, shown=False),
        Column("country", _l("Country"), Party.country, shown=False),
        Column("language", _l("Language"), Party.language, shown=False),
        Column("zone", _l("Time zone"), Party.zone, shown=False),
        Column("created_at", _l("Since"), Party.created_at, kind="when"),
    ),
    filters=(
        flag("debt", _l("In debt"), in_debt()),
        flag("deduct", _l("Auto-deduct on"), with_auto_deduct()),
        flag("unverified", _l("Not verified"), Party.verified_at.is_(None)),
        flag("forgotten", _l("Forgotten"), Party.forgotten_at.is_not(None)),
    ),
    search=matching,
    search_hint=_l("Reference or beginning of a name"),
)


class PartyScreen(PartyActions, CorrespondenceActions, WalletActions, DestinationActions, DataProtectionActions):
    """Everyone who pays or is paid."""

    slug = "parties"
    title = _l("Parties and wallets")
    permission = "party:read"
    group = "money"
    icon = "wallet"
    order = 30
    intro = _l("Everyone who pays or is paid, with what they have and what they owe.")
    empty = _l("No party is like this. Parties appear with their first order, from the import or the API.")

    @page("/")
    def index(self) -> Any:
        """Every party with its balances."""
        with self.reading() as session:
            parties = LISTING.read(session, request.args)
            accounts = party_detail.accounts_of(session, [row.id for row in parties.rows])
        return self.render("parties/parties.html", page=parties, accounts=accounts)

    @page("/export.csv")
    def export(self) -> Any:
        """Every party that is found, as a file."""
        return download(self.slug, LISTING, self.reading_to_export(), request.args)

    @page("/suggestions.json")
    def suggestions(self) -> Response:
        """The first parties whose reference or name begins with what somebody types into a filter."""
        words = request.args.get("q", "").strip()[:LONGEST]
        if not words:
            return jsonify(results=[])
        with self.reading() as session:
            found = session.execute(select(Party.ref, Party.name).where(matching(words)).order_by(Party.name).limit(8))
            return jsonify(results=[{"value": row.ref, "label": row.name, "note": row.ref} for row in found])

    @page("/<int:party_id>")
    def one(self, party_id: int) -> Any:
        """A party: balances, debts, standing orders, history."""
        with self.reading() as session:
            file = party_detail.read(session, party_id)
        debts = {
            account.currency: account.balance
            for account in file.accounts
            if account.kind == "receivable" and account.balance
        }
        return self.render(
            "parties/party.html",
            file=file,
            most=party_detail.COUNTED,
            debts=debts,
            rule=auto_deduct_mandates.rule(runtime().settings),
            letters=in_words(file.party, runtime().settings),
            now=clock.now(),
        )

    @page("/<int:party_id>/accounts/<int:account_id>")
    def statement(self, party_id: int, account_id: int) -> Any:
        """The entries of one account with the balance after each, newest first."""
        before = request.args.get("before", type=int)
        with self.reading() as session:
            file, account = party_detail.read(session, party_id), party_detail.account_of(session, party_id, account_id)
            lines = statements.statement(session, account_id, before=before, limit=LINES + 1)
            later = lines[LINES - 1].entry_id if len(lines) > LINES else None
            first, shown = before is None, min(len(lines), LINES)
            entries = select(Entry.id).where(Entry.account_id == account_id)
            counted = found(session, entries, shown, 0 if first else None, whole=first and later is None)
        return self.render(
            "parties/statement.html",
            file=file,
            account=account,
            lines=lines[:LINES],
            later=later,
            first=first,
            found=counted,
        )

    @page("/<int:party_id>/accounts/<int:account_id>/export.csv")
    def statement_export(self, party_id: int, account_id: int) -> Any:
        """The statement as a file."""
        with self.reading() as session:
            party_detail.account_of(session, party_id, account_id)
        return download("statement", STATEMENT, self.reading_to_export(), request.args, Entry.account_id == account_id)
