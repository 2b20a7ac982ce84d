"""What tenants sold: all of them together, and one."""

from typing import Any

from flask import redirect, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from webapp import clock
from webapp.admin.analytics import panels
from webapp.admin.analytics.period_form import PeriodForm, asked
from webapp.admin.ui import kept_figures as kept
from webapp.admin.ui.lists.csv_export import file_of
from webapp.admin.ui.screen import Screen, page
from webapp.domain.analytics.periods import Period
from webapp.domain.words import phrase
from webapp.errors import NotFound
from webapp.models import Tenant
from webapp.security.context import runtime
from webapp.services.analytics import aggregation, comparison, figures
from webapp.services.analytics.aggregation import Waiting
from webapp.services.analytics.comparison import PeriodComparison
from webapp.services.analytics.figures import Seller
from webapp.services.analytics.spans import last_days
from webapp.services.read_models import kept_figures


class AnalyticsScreen(Screen):
    """Orders, revenue, products sold and new customers per day, beside the period before."""

    slug = "analytics"
    title = _l("Analytics")
    permission = "analytics:read"
    group = "record"
    icon = "chart"
    order = 5
    intro = _l("What tenants sold, as it was counted each night. Amounts of two currencies are never added.")

    @page("/")
    def index(self) -> Any:
        """All tenants together; a reference in the address leads to that tenant's page."""
        wanted = request.args.get("tenant", "").strip()[:200]
        with self.reading() as session:
            form = self._form(session)
            tenant = _tenant(session, wanted)
            if tenant is not None:
                return redirect(self.at("one", tenant_id=tenant.id, **asked(form.period)))
            found = comparison.compare(session, form.period)
            currency = self._currency(found)
            best = self._best(session, form.period, currency)
            waiting = _waiting(session, form)
        problem = _("There is no tenant with this reference.") if wanted else ""
        return self._shown(
            form, found, currency, waiting=waiting, best=best, wanted=wanted, problem=problem, tenant=None
        )

    @page("/of/<int:tenant_id>")
    def one(self, tenant_id: int) -> Any:
        """One tenant."""
        with self.reading() as session:
            tenant, form = _get(session, tenant_id), self._form(session)
            found = comparison.compare(session, form.period, tenant.id)
            waiting = _waiting(session, form)
        return self._shown(form, found, self._currency(found), waiting=waiting, best=[], tenant=tenant)

    @page("/export.csv")
    def export(self) -> Any:
        """The days of all tenants together, as a file."""
        with self.reading() as session:
            found = comparison.compare(session, self._form(session).period)
        return file_of(self.slug, panels.HEADER, panels.rows_of(found))

    @page("/export.csv/<int:tenant_id>")
    def export_one(self, tenant_id: int) -> Any:
        """The days of one tenant, as a file."""
        with self.reading() as session:
            tenant = _get(session, tenant_id)
            found = comparison.compare(session, self._form(session).period, tenant.id)
        return file_of(f"{self.slug}-{tenant.id}", panels.HEADER, panels.rows_of(found))

    def _best(self, session: Session, period: Period, currency: str) -> list[Seller] | None:
        """None where nobody counted them beforehand, and counting takes too long for a page."""
        if not currency:
            return []
        figure = kept_figures.best_sellers(session, period, currency)
        if kept_figures.is_quick(session, period, currency):
            return kept.read(session, figure, clock.now()).value
        ready = runtime().figure_cache.ready(figure, clock.now())
        return None if ready is None else ready.value

    def _form(self, session: Any) -> PeriodForm:
        return PeriodForm.of(request.args, last_days(session, runtime().settings, clock.now())[0])

    def _currency(self, found: PeriodComparison) -> str:
        wanted = request.args.get("currency", "")
        return wanted if wanted in found.currencies else next(iter(found.currencies), "")

    def _shown(self, form: PeriodForm, found: PeriodComparison, currency: str, **more: Any) -> Any:
        tenant = more["tenant"]
        where = {"view": "one", "tenant_id": tenant.id} if tenant else {"view": "index"}
        export = {"view": "export_one", "tenant_id": tenant.id} if tenant else {"view": "export"}
        return self.render(
            "analytics/analytics.html",
            form=form,
            found=found,
            currency=currency,
            summary=panels.summary(found),
            customers=panels.customers(found),
            panels=panels.panels(found, currency),
            here=lambda **changes: self.at(**where, **asked(form.period) | changes),
            export=self.at(**export, **asked(form.period)),
            longest_gap=aggregation.LONGEST_GAP,
            **more,
        )


def _waiting(session: Session, form: PeriodForm) -> Waiting:
    return aggregation.waiting(session, runtime().settings, form.period.first, form.period.last, clock.now())


def _tenant(session: Any, reference: str) -> Tenant | None:
    try:
        return figures.tenant_of(session, reference) if reference else None
    except NotFound:
        return None


def _get(session: Any, tenant_id: int) -> Tenant:
    found: Tenant | None = session.get(Tenant, tenant_id)
    if found is None:
        raise NotFound(phrase("There is no such tenant."))
    return found
