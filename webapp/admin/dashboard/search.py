"""Search everywhere: a page without scripts, and the same as JSON for the palette."""

from typing import Any

from flask import Response, current_app, jsonify, request, url_for
from flask_admin import Admin
from flask_admin.blueprints import _BlueprintWithHostSupport as AdminBlueprint
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from webapp.admin.ui.job_names import all_titles, job_title
from webapp.admin.ui.screen import Screen, page
from webapp.security import current_actor
from webapp.security.access import SIGNED_IN
from webapp.services.read_models import global_search
from webapp.services.read_models.global_search import Hit

PLACES = {
    "escrow": "escrows.one",
    "order": "escrows.one",
    "transfer": "escrows.one",
    "dispute": "disputes.one",
    "party": "parties.one",
    "approval": "approvals.one",
    "user": "users.one",
    "payment": "payments.one",
    "payout": "payouts.one",
    "payout_schedule": "payout-schedules.one",
    "tenant": "tenants.one",
}
ARGUMENTS = {"order": "escrow_id", "transfer": "escrow_id"}
KINDS = {
    "escrow": _l("escrow"),
    "order": _l("order"),
    "transfer": _l("transfer"),
    "dispute": _l("dispute"),
    "party": _l("party"),
    "approval": _l("proposal"),
    "user": _l("user"),
    "payment": _l("payment"),
    "payout": _l("payout"),
    "payout_schedule": _l("payout schedule"),
    "tenant": _l("tenant"),
    "job": _l("job"),
    "run": _l("run"),
    "page": _l("page"),
    "action": _l("action"),
}
ACTIONS = (
    (_l("Ageing and due dates"), "escrows.ageing", "escrow:read"),
    (_l("Verify the audit chain"), "audit.verify", "audit:read"),
    (_l("Plan a payout"), "payout-schedules.add", "payout:manage"),
    (_l("Process all payouts that are due"), "payout-schedules.process_due", "payout:retry"),
    (_l("Add a user"), "users.add", "user:manage"),
    (_l("Add a token"), "tokens.add", "token:manage"),
    (_l("My profile"), "profile.index", SIGNED_IN),
)


class SearchScreen(Screen):
    """Anything the reader may see, by what it is called."""

    slug = "search"
    title = _l("Search")
    permission = SIGNED_IN
    icon = "search"
    in_menu = False

    @page("/")
    def index(self) -> Any:
        """What is found, as a page."""
        words = request.args.get("q", "").strip()
        return self.render("dashboard/search.html", words=words, results=self._found(words) if words else [])

    @page("/results.json")
    def results(self) -> Response:
        """What is found, for the palette."""
        return jsonify(results=self._found(request.args.get("q", "").strip()))

    def create_blueprint(self, admin: Admin) -> AdminBlueprint:
        """The palette asks at `/search.json`."""
        made = super().create_blueprint(admin)
        made.record_once(lambda state: state.app.add_url_rule("/search.json", "search_json", self.results))
        return made

    def _found(self, words: str) -> list[dict[str, str]]:
        with self.reading() as session:
            hits = global_search.find(session, words, current_actor())
        exact = [_row(hit) for hit in hits if hit.exact]
        return [*exact, *_pages(words), *_jobs(words), *[_row(hit) for hit in hits if not hit.exact]]


def _row(hit: Hit) -> dict[str, str]:
    if hit.kind == "job":
        return _job_row(hit.label, job_title(hit.label))
    return {"url": _address(hit), "label": hit.label, "kind": str(KINDS[hit.kind]), "note": hit.note}


def _jobs(words: str) -> list[dict[str, str]]:
    """Jobs that are found by their title; by their names they are found as other things are."""
    if not current_actor().may("job:read"):
        return []
    return [_job_row(job, title) for job, title in all_titles() if _fits(words, title) and not _fits(words, job)]


def _job_row(job: str, title: str) -> dict[str, str]:
    return {"url": url_for("jobs.one", job=job), "label": title, "kind": str(KINDS["job"]), "note": job}


def _address(hit: Hit) -> str:
    if hit.kind == "run":
        return f"/runs/{hit.id}"
    arguments: dict[str, Any] = {ARGUMENTS.get(hit.kind, f"{hit.kind}_id"): hit.id}
    return url_for(PLACES[hit.kind], **arguments)


def _pages(words: str) -> list[dict[str, str]]:
    """Pages and actions that the reader may use, whose name has the words at the start of one of its own."""
    actor = current_actor()
    known = current_app.view_functions
    actions = [
        (str(label), url_for(view))
        for label, view, needs in ACTIONS
        if view in known and (needs == SIGNED_IN or actor.may(needs))
    ]
    screens = [
        (str(screen.title), screen.at())
        for screen in current_app.extensions["admin"][0]._views
        if screen.is_visible() and screen.is_accessible()
    ]
    found = [(_("page"), *one) for one in screens] + [(_("action"), *one) for one in actions]
    return [{"url": url, "label": label, "kind": kind, "note": ""} for kind, label, url in found if _fits(words, label)]


def _fits(words: str, label: str) -> bool:
    sought, name = words.lower(), label.lower()
    return name.startswith(sought) or any(part.startswith(sought) for part in name.split())
