"""Figures of a tenant, or of all, day by day: what the pages show and the storefront finds in Redis."""

from datetime import date
from typing import Annotated

from pydantic import Field

from webapp.api.framework.routing import Call, Endpoints
from webapp.api.framework.schemas import Money, Reference, RequestDay, RequestModel, ResponseModel
from webapp.domain.analytics.periods import LONGEST, Period, until
from webapp.errors import Invalid
from webapp.services.analytics import figures
from webapp.services.analytics.figures import DayFigures, Sales
from webapp.services.analytics.spans import last_days

endpoints = Endpoints("analytics")
_USUAL = 30


class AnalyticsQuery(RequestModel):
    """Whose figures, and of which days: at most 366 of them."""

    tenant: Annotated[Reference | None, Field(description="A tenant's reference; without it, all together.")] = None
    first: Annotated[RequestDay | None, Field(alias="from", description="The first day; 30 days by default.")] = None
    last: Annotated[RequestDay | None, Field(alias="to", description="The last day; by default yesterday.")] = None


class SalesShape(ResponseModel):
    """What was sold in one currency: orders made, revenue and products of those that were paid."""

    currency: str
    orders: int
    revenue: Money
    products_sold: int


class DayShape(ResponseModel):
    """One day. Until it is closed, what is there is not all of it."""

    day: date
    closed: bool
    new_customers: int
    sales: list[SalesShape]


class AnalyticsShape(ResponseModel):
    """A period, its days in order, and what they come to: by currency, for amounts of two are never added."""

    tenant: str | None
    first_day: date
    last_day: date
    new_customers: int
    totals: list[SalesShape]
    data: list[DayShape]


@endpoints.get("/api/v1/analytics", "analytics:read")
def get_analytics(call: Call, query: AnalyticsQuery) -> AnalyticsShape:
    """Orders, revenue, new customers and products sold per day, of one tenant or of all."""
    period = _period(call, query)
    tenant = figures.tenant_of(call.session, query.tenant) if query.tenant is not None else None
    days = figures.daily(call.session, period, tenant.id if tenant else None)
    return AnalyticsShape(
        tenant=query.tenant,
        first_day=period.first,
        last_day=period.last,
        new_customers=sum(each.new_customers for each in days),
        totals=_sales(figures.summed(days)),
        data=[_day(each) for each in days],
    )


def _period(call: Call, query: AnalyticsQuery) -> Period:
    last = query.last or max(last_days(call.session, call.runtime.settings, call.at)[0], query.first or date.min)
    first = query.first or until(last, _USUAL).first
    if first > last:
        raise Invalid("The last day is before the first one.", fields={"to": "It is before `from`."})
    period = Period(first, last)
    if period.length > LONGEST:
        sentence = f"At most {LONGEST} days are told at once, and these are {period.length}."
        raise Invalid(sentence, fields={"from": f"Ask for {LONGEST} days or fewer."})
    return period


def _day(each: DayFigures) -> DayShape:
    return DayShape(day=each.day, closed=each.is_closed, new_customers=each.new_customers, sales=_sales(each.sales))


def _sales(by_currency: dict[str, Sales]) -> list[SalesShape]:
    return [
        SalesShape(
            currency=currency,
            orders=sales.orders,
            revenue=Money(amount=sales.revenue, currency=currency),
            products_sold=sales.products_sold,
        )
        for currency, sales in sorted(by_currency.items())
    ]
