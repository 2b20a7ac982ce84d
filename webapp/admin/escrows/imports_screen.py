"""Orders from a file, in the browser: send it, look at what would become of it, and import it."""

from typing import Any

from flask import Response, stream_with_context, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField

from webapp import clock
from webapp.admin.ui.actions.form_action import ActionPage, Done, action
from webapp.admin.ui.actions.forms import DeskForm
from webapp.admin.ui.lists.columns import Column, flag
from webapp.admin.ui.lists.list_screen import ListScreen
from webapp.admin.ui.lists.listing import Listing
from webapp.admin.ui.screen import page
from webapp.errors import Invalid, NotFound, Refusal
from webapp.importers.layout import OPTIONAL, REQUIRED
from webapp.importers.orders import columns_of, require_orders
from webapp.models import OrderImport
from webapp.security import current_actor
from webapp.security.access import takes_up_to
from webapp.services.orders import order_imports

_HEAD = 65_536
_ROOM = 1024 * 1024
"""For the fields beside the file."""
_SAMPLE = (
    "order_ref,buyer_ref,seller_ref,amount,currency,paid_at\n"
    "sample-order-1,sample-buyer,sample-seller,1250.00,KES,2026-01-15T09:30:00Z\n"
    "sample-order-2,sample-buyer,sample-seller,20000,RWF,\n"
)


class OrderFileForm(DeskForm):
    """A file of orders."""

    file = FileField(_l("File"), [FileRequired(_l("Choose a file."))], render_kw={"accept": ".csv,text/csv"})


class ConfirmImportForm(DeskForm):
    """What is done with bad lines, where there are any."""

    skip_bad = BooleanField(_l("Leave the bad lines out, and import the others"))


class OrderImportScreen(ListScreen):
    """Files of orders that were sent in the browser."""

    slug = "imports"
    title = _l("Import orders")
    permission = order_imports.PERMISSION
    group = "money"
    icon = "inbox"
    order = 60
    list_template = "escrows/imports.html"
    intro = _l("Orders from a CSV file. The whole file is checked first; nothing is written until you confirm it.")
    empty = _l("No file was sent yet. The sample file shows the columns, and can be imported as it is.")
    listing = Listing(
        key=OrderImport.id,
        columns=(
            Column("name", _l("File"), OrderImport.name, kind="ref", link=lambda row: f"/imports/{row.id}"),
            Column("id", _l("Number"), OrderImport.id, sort=True, shown=False),
            Column("status", _l("State"), OrderImport.status, kind="badge"),
            Column("size", _l("Size"), OrderImport.size, kind="size"),
            Column("by_name", _l("Sent by"), OrderImport.by_name),
            Column("created_at", _l("Sent"), OrderImport.created_at, kind="when"),
        ),
        filters=(flag("waiting", _l("Not imported yet"), OrderImport.status.in_(("checking", "checked", "loading"))),),
        search=lambda words: OrderImport.name.startswith(words.strip(), autoescape=True),
        search_hint=_l("Beginning of the file's name"),
    )

    @page("/sample.csv")
    def sample(self) -> Response:
        """A small file that can be imported as it stands."""
        return Response(
            _SAMPLE,
            mimetype="text/csv",
            headers={"Content-Disposition": 'attachment; filename="orders-sample.csv"'},
        )

    @page("/<int:import_id>")
    def one(self, import_id: int, forms: dict[str, DeskForm] | None = None, refusal: Refusal | None = None) -> Any:
        """What a file would do, or did."""
        with self.reading() as session:
            found = order_imports.get(session, import_id)
            is_lost = order_imports.is_lost(session, found)
        return self.render(
            "escrows/import.html",
            found=found,
            under_way=found.status in order_imports.UNDER_WAY and not is_lost,
            is_lost=is_lost,
            problems=[(line, columns_of(reason), reason) for line, reason in found.problems],
            held=sorted(found.figures.get("held", {}).items()),
            most_rejects=order_imports.MOST_REJECTS,
            form=(forms or {}).get("confirm") or ConfirmImportForm(formdata=None),
            refusal=refusal,
        )

    @page("/<int:import_id>/rejects.csv")
    def rejects(self, import_id: int) -> Response:
        """The bad lines, each with its number and reason, as a file."""
        with self.reading() as session:
            found = order_imports.get(session, import_id)
            first = next(order_imports.pieces(session, import_id, order_imports.REJECTS), None)
        if first is None:
            raise NotFound(_("No bad line of this file is kept."))

        def content() -> Any:
            with self.reading() as session:
                yield from order_imports.pieces(session, found.id, order_imports.REJECTS)

        filename = f"bad-lines-of-import-{found.id}.csv"
        return Response(
            stream_with_context(content()),
            mimetype="text/csv",
            headers={"Content-Disposition": f'attachment; filename="{filename}"'},
        )

    @takes_up_to(order_imports.MOST_BYTES + _ROOM)
    @action(
        "/add",
        permission=order_imports.PERMISSION,
        form=OrderFileForm,
        template="escrows/import_upload.html",
    )
    def add(self, form: OrderFileForm) -> Done:
        """Send a file, and have it checked."""
        sent = form.file.data
        try:
            require_orders(sent.stream.read(_HEAD))
        except Invalid as wrong:
            raise Invalid(wrong.detail, fields={"file": wrong.detail}) from None
        with self.transaction() as session:
            found, is_known = order_imports.receive(
                session, sent.filename or "orders.csv", sent.stream, at=clock.now(), actor=current_actor()
            )
        if is_known:
            sentence = _("%(name)s sent this very file before: it is not sent again.", name=found.by_name)
        else:
            sentence = _("The file has arrived, and is being checked. Nothing is imported yet.")
        return sentence, self.at("one", import_id=found.id)

    @add.confirmation
    def _confirm_add(self) -> ActionPage:
        return ActionPage(
            _("Import orders"),
            self.at(),
            _(
                "A CSV file in UTF-8 of up to %(size)s MB, with a line that names its columns. It is checked as a "
                "whole, and you see every bad line, before anything is written.",
                size=order_imports.MOST_BYTES // 1024**2,
            ),
            _("Check the file"),
            facts=[
                (_("Columns that are needed"), ", ".join(REQUIRED)),
                (_("Columns that may be there"), ", ".join(OPTIONAL)),
            ],
        )

    @action(
        "/<int:import_id>/confirm",
        permission=order_imports.PERMISSION,
        form=ConfirmImportForm,
        shown_on=one,
    )
    def confirm(self, import_id: int, form: ConfirmImportForm) -> Done:
        """Import what was checked."""
        skip_bad = bool(form.skip_bad.data)
        with self.transaction() as session:
            order_imports.confirm(session, import_id, skip_bad=skip_bad, at=clock.now(), actor=current_actor())
        return _("The orders are being imported.")

    @confirm.confirmation
    def _confirm_confirm(self, import_id: int) -> ActionPage:
        with self.reading() as session:
            found = order_imports.get(session, import_id)
        title = _("Import the orders of %(file)s", file=found.name)
        summary = _("New orders come in; those that are paid become held escrows. This can't be undone by itself.")
        return ActionPage(title, self.at("one", import_id=import_id), summary, _("Import"))

    @action("/<int:import_id>/again", permission=order_imports.PERMISSION)
    def again(self, import_id: int, form: DeskForm) -> Done:
        """Check it once more."""
        with self.transaction() as session:
            order_imports.check_again(session, import_id, at=clock.now(), actor=current_actor())
        return _("The file is being checked once more.")

    @again.confirmation
    def _confirm_again(self, import_id: int) -> ActionPage:
        summary = _("What is imported already stays, and is found again.")
        return ActionPage(_("Check once more"), self.at("one", import_id=import_id), summary, _("Check"))

    @action("/<int:import_id>/discard", permission=order_imports.PERMISSION)
    def discard(self, import_id: int, form: DeskForm) -> Done:
        """Forget the file."""
        with self.transaction() as session:
            found = order_imports.discard(session, import_id, at=clock.now(), actor=current_actor())
        return _("%(file)s is discarded: none of it was imported.", file=found.name), url_for("imports.index")

    @discard.confirmation
    def _confirm_discard(self, import_id: int) -> ActionPage:
        with self.reading() as session:
            found = order_imports.get(session, import_id)
        summary = _("The file is removed from the desk. Nothing of it was imported.")
        title = _("Discard %(file)s", file=found.name)
        return ActionPage(title, self.at("one", import_id=import_id), summary, _("Discard"), danger=True)
