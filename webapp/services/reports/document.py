"""A report as tables: the page, the PDF and the CSV show the same ones, each in its own way."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from webapp.domain.reports.periods import ReportKind
from webapp.domain.states import DisputeKind, Resolution, RunStatus
from webapp.domain.words import phrase
from webapp.services.reports.figures import MovedMoney, ReportFigures

TITLES = {
    ReportKind.WEEKLY: phrase("Weekly report"),
    ReportKind.MONTHLY: phrase("Monthly report"),
    ReportKind.CUSTOM: phrase("Report"),
}
_RUNS = (RunStatus.SUCCEEDED, RunStatus.PARTIAL, RunStatus.FAILED, RunStatus.LOST, RunStatus.SKIPPED)
_MOVED = {"held": "Newly held", "released": "Released", "refunded": "Refunded", "fees": "Fees kept"}
_DECIDED = {
    Resolution.RELEASE_TO_SELLER: "Released to the seller",
    Resolution.REFUND_TO_BUYER: "Refunded to the buyer",
    Resolution.SPLIT: "Split",
    Resolution.NO_FAULT: "No fault",
    "withdrawn": "Withdrawn",
}
_KINDS = {DisputeKind.DISPUTE: "Disputes opened", DisputeKind.WARRANTY_CLAIM: "Warranty claims opened"}


@dataclass(frozen=True, slots=True)
class ReportColumn:
    """A column. `kind` is text, money, count, seconds or percent; `name` is for machines, `label` for people.

    What a row is about stands in its `key` columns.
    """

    name: str
    label: str
    kind: str = "count"
    key: bool = False


@dataclass(frozen=True, slots=True)
class ReportTable:
    """One table; `currency` is the number of the column that has the currency of its money, if any."""

    name: str
    title: str
    columns: Sequence[ReportColumn]
    rows: Sequence[Sequence[Any]]
    note: str = ""
    empty: str = ""
    """What is said in the place of no rows."""


def tables(figures: ReportFigures) -> list[ReportTable]:
    """Every table of a report, in order."""
    return [
        _money(figures),
        _compared(figures),
        _ageing(figures),
        _disputes(figures),
        _decisions(figures),
        _jobs(figures),
        _alerts(figures),
        _reconciliation(figures),
        _audit(figures),
    ]


def days(figures: ReportFigures) -> ReportTable:
    """Every day of the period: what the charts draw, and the CSV lists."""
    rows = [
        (each.currency, each.day.isoformat(), each.held, each.released, each.refunded, each.held_at_end)
        for each in figures.days
    ]
    columns = [_currency(), ReportColumn("day", "Day", "text", key=True)]
    columns += [ReportColumn(name, _MOVED[name], "money") for name in ("held", "released", "refunded")]
    return ReportTable("days", "Day by day", [*columns, ReportColumn("held_at_end", "Held at its end", "money")], rows)


def _money(figures: ReportFigures) -> ReportTable:
    rows = [
        (
            each.currency,
            each.held_at_start,
            each.moved.held,
            each.moved.released,
            each.moved.refunded,
            each.held_at_end,
            each.moved.fees,
        )
        for each in figures.currencies
    ]
    columns = [
        _currency(),
        ReportColumn("held_at_start", "Held before", "money"),
        ReportColumn("held", _MOVED["held"], "money"),
        ReportColumn("released", _MOVED["released"], "money"),
        ReportColumn("refunded", _MOVED["refunded"], "money"),
        ReportColumn("held_at_end", "Held at the end", "money"),
        ReportColumn("fees", _MOVED["fees"], "money"),
    ]
    note = "Released includes the fees. What a reversal took back is subtracted on the day of the reversal."
    return ReportTable("money", "Money", columns, rows, note, "No money was held or moved.")


def _compared(figures: ReportFigures) -> ReportTable:
    rows = []
    for each in figures.currencies:
        for name, label in _MOVED.items():
            now, before = _both(each.moved, each.before, name)
            rows.append((each.currency, label, now, before, _change(now, before)))
    columns = [
        _currency(),
        ReportColumn("what", "What", "text", key=True),
        ReportColumn("amount", "This period", "money"),
        ReportColumn("before", "Period before", "money"),
        ReportColumn("change", "Change", "percent"),
    ]
    note = f"The period before is {figures.before_first_day:%d %b %Y} to {figures.before_last_day:%d %b %Y}."
    return ReportTable("compared", "Against the period before", columns, rows, note, "No money was held or moved.")


def _both(moved: MovedMoney, before: MovedMoney, name: str) -> tuple[int, int]:
    return getattr(moved, name), getattr(before, name)


def _change(now: int, before: int) -> float | None:
    """In percent, to one decimal; None where there is nothing to compare with."""
    return round((now - before) * 100 / abs(before), 1) if before else None


def age_labels(ages: Sequence[int]) -> list[str]:
    """The groups of ages in words, as the page on escrows says them."""
    bounds = [0, *ages]
    return [f"{low}–{high} d" for low, high in zip(bounds, ages, strict=False)] + [f"over {ages[-1]} d"]


def _ageing(figures: ReportFigures) -> ReportTable:
    labels = age_labels(figures.ages)
    rows = [
        (each.currency, label, count, amount)
        for each in figures.ageing
        for label, count, amount in zip(labels, each.counts, each.amounts, strict=True)
        if count
    ]
    columns = [
        _currency(),
        ReportColumn("age", "Held for", "text", key=True),
        ReportColumn("escrows", "Escrows"),
        ReportColumn("amount", "Amount", "money"),
    ]
    note = "What was held when the period ended, by how long it had been."
    return ReportTable("ageing", "Ageing of what is held", columns, rows, note, "Nothing was held.")


def _disputes(figures: ReportFigures) -> ReportTable:
    of = figures.disputes
    rows: list[tuple[Any, ...]] = [("Opened", sum(of.opened.values()), of.opened_before)]
    rows += [(f"… {_KINDS.get(DisputeKind(kind), kind).lower()}", count, None) for kind, count in of.opened.items()]
    rows += [("Decided", sum(each.count for each in of.decided), of.decided_before)]
    rows += [("Open at the end", of.open_at_end, None)]
    columns = [
        ReportColumn("what", "What", "text", key=True),
        ReportColumn("count", "This period"),
        ReportColumn("before", "Period before"),
    ]
    return ReportTable("disputes", "Disputes", columns, rows)


def _decisions(figures: ReportFigures) -> ReportTable:
    rows = [
        (_DECIDED.get(each.outcome, each.outcome), each.count, each.average_seconds, each.longest_seconds)
        for each in figures.disputes.decided
    ]
    columns = [
        ReportColumn("outcome", "Outcome", "text", key=True),
        ReportColumn("count", "Disputes"),
        ReportColumn("average", "Open on average", "seconds"),
        ReportColumn("longest", "Open at the longest", "seconds"),
    ]
    return ReportTable("decisions", "How disputes ended", columns, rows, empty="No dispute was decided.")


def _jobs(figures: ReportFigures) -> ReportTable:
    rows = [
        (each.job, *(each.runs.get(status, 0) for status in _RUNS), each.missed_slots, each.longest_silence_seconds)
        for each in figures.jobs
    ]
    columns = [ReportColumn("job", "Job", "text", key=True)]
    columns += [ReportColumn(str(status), str(status).title()) for status in _RUNS]
    columns += [
        ReportColumn("missed_slots", "Missed"),
        ReportColumn("longest_silence", "Longest silence", "seconds"),
    ]
    note = "The longest silence is the longest time of the period in which no run began that counts."
    return ReportTable("jobs", "Jobs", columns, rows, note, "There is no job.")


def _alerts(figures: ReportFigures) -> ReportTable:
    rows = [
        (each.rule, each.fired, each.open_at_end, each.total_seconds, each.longest_seconds) for each in figures.alerts
    ]
    columns = [
        ReportColumn("rule", "Rule", "text", key=True),
        ReportColumn("fired", "Fired"),
        ReportColumn("open_at_end", "Open at the end"),
        ReportColumn("total", "Lasted in all", "seconds"),
        ReportColumn("longest", "Longest", "seconds"),
    ]
    return ReportTable("alerts", "Alerts", columns, rows, empty="No alert fired.")


_NOT_COMPARED = (
    "In this period our books were compared with no provider's and with no external ledger: whether they differ is not "
    "known."
)
_NOT_SEALED = "No record of the audit trail was sealed yet when this was made: there is no head to keep."


def _reconciliation(figures: ReportFigures) -> ReportTable:
    names = ("comparisons", "unfinished", "compared", "matched", "found", "settled", "open_at_end")
    labels = ("Comparisons", "Unfinished", "Compared", "Matched", "Found", "Settled", "Open at the end")
    rows = [(each.source, *(getattr(each, name) for name in names)) for each in figures.reconciliation]
    columns = [ReportColumn("source", "Book", "text", key=True)]
    columns += [ReportColumn(name, label) for name, label in zip(names, labels, strict=True)]
    note = "Found, settled and open are differences between our books and theirs."
    return ReportTable("reconciliation", "Reconciliation", columns, rows, note, _NOT_COMPARED)


def _audit(figures: ReportFigures) -> ReportTable:
    rows = [(each.chain, each.seals, each.hash) for each in figures.audit]
    columns = [
        ReportColumn("chain", "Chain", "text", key=True),
        ReportColumn("seals", "Seals"),
        ReportColumn("hash", "Hash of its head", "text"),
    ]
    note = "Where the audit trail ended when this was made. While nothing before is changed, that seal has this hash."
    return ReportTable("audit", "Audit trail", columns, rows, note, _NOT_SEALED)


def _currency() -> ReportColumn:
    return ReportColumn("currency", "Currency", "text", key=True)


def flat(table: ReportTable) -> Iterator[tuple[str, str, str, str, Any]]:
    """The figures of a table one by one: its name, what it is about, the measure, the currency, and the value."""
    for row in table.rows:
        cells = list(zip(table.columns, row, strict=True))
        about = " / ".join(str(value) for column, value in cells if column.key and column.name != "currency")
        currency = next((value for column, value in cells if column.name == "currency"), "")
        for column, value in cells:
            if not column.key and value is not None:
                yield table.name, about, column.name, currency if column.kind == "money" else "", value
