"""Search everywhere: a page without scripts, and the same as JSON for the palette."""

from typing import Any

from flask import Response, current_app, jsonify, request, url_for
from flask_admin import Admin
from flask_admin.blueprints import _BlueprintWithHostSupport as AdminBlueprint
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from webapp.admin.dashboard import commands
from webapp.admin.dashboard.commands import Command
from webapp.admin.ui.formatting import of_the_desk
from webapp.admin.ui.job_names import all_titles, job_title
from webapp.admin.ui.layout import may_open
from webapp.admin.ui.screen import Screen, page
from webapp.security import current_actor
from webapp.security.access import SIGNED_IN
from webapp.security.context import runtime
from webapp.services.common.settings_display import masked
from webapp.services.search import everywhere
from webapp.services.search.hits import Hit

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
    "placement": "placements.one",
}
ARGUMENTS = {"order": "escrow_id", "transfer": "escrow_id", "placement": "placement"}
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
    "placement": _l("placement"),
}
_MOST_SETTINGS = 5


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

    def _found(self, words: str) -> list[dict[str, Any]]:
        """Exact references first, then what may be done and opened, then whatever else has these words."""
        with self.reading() as session:
            hits = everywhere.find(session, words, current_actor())
            to_do = commands.matching(session, words, current_actor())
        exact, others = [_row(hit) for hit in hits if hit.exact], [_row(hit) for hit in hits if not hit.exact]
        actions = [_command(each) for each in to_do]
        return [*exact, *actions, *_pages(words), *_jobs(words), *others, *_settings(words)]


def _row(hit: Hit) -> dict[str, Any]:
    if hit.kind == "job":
        return _job_row(hit.label, job_title(hit.label))
    return {"url": _address(hit), "label": of_the_desk(hit.label), "kind": str(KINDS[hit.kind]), "note": hit.note}


def _jobs(words: str) -> list[dict[str, Any]]:
    """Jobs by words of their title or name; those whose name begins so are found as other things are."""
    if not current_actor().may("job:read"):
        return []
    begun = words.lower().replace(" ", "_")
    titles = [(job, title) for job, title in all_titles() if not job.startswith(begun)]
    return [_job_row(job, title) for job, title in titles if commands.fits(words, f"{title} {job}")]


def _job_row(job: str, title: str) -> dict[str, Any]:
    return {"url": url_for("jobs.one", job=job), "label": title, "kind": str(KINDS["job"]), "note": job}


def _address(hit: Hit) -> str:
    if hit.kind == "run":
        return f"/runs/{hit.id}"
    arguments: dict[str, Any] = {ARGUMENTS.get(hit.kind, f"{hit.kind}_id"): hit.id}
    return url_for(PLACES[hit.kind], **arguments)


def _command(command: Command) -> dict[str, Any]:
    row = {"url": command.url, "label": command.label, "kind": _("action"), "note": ""}
    return row | {"posts": True, "field": command.field or ("", "")} if command.posts else row


def _pages(words: str) -> list[dict[str, Any]]:
    """Pages that the reader may open, each word of whose search begins a word of its name."""
    screens = [
        (str(screen.title), screen.at())
        for screen in current_app.extensions["admin"][0]._views
        if screen.is_visible() and screen.is_accessible()
    ]
    return [
        {"url": url, "label": label, "kind": _("page"), "note": ""}
        for label, url in screens
        if commands.fits(words, label)
    ]


def _settings(words: str) -> list[dict[str, Any]]:
    """Settings by their names, for who may see how they are set."""
    if not words or not may_open("settings.index"):
        return []
    names = [name for name in masked(runtime().settings) if commands.fits(words, name)]
    return [
        {"url": url_for("settings.index", _anchor=name), "label": name, "kind": _("setting"), "note": ""}
        for name in names[:_MOST_SETTINGS]
    ]
