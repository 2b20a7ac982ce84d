"""The page before a run that moves money: what the newest dry run says it would move, and the deed on the button."""

from dataclasses import dataclass
from datetime import datetime

from babel.lists import format_list
from flask_babel import get_locale, ngettext
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from webapp.admin.ui.actions.form_action import ActionPage
from webapp.admin.ui.formatting import money, number, when
from webapp.models import Run
from webapp.services.common import kill_switch
from webapp.services.common.batch_result import MOST_PARTIES
from webapp.services.scheduling import dry_runs
from webapp.services.scheduling.dry_runs import DryRun


@dataclass(slots=True)
class MoneyRunPage(ActionPage):
    """What the page of *Run now* shows of a job that moves money."""

    dry_run: DryRun | None = None
    stopped: str = ""
    """Why no money goes out now; empty while it does."""
    is_fresh: bool = False
    """Whether the button names sums: the figures are new, there are some, and money goes out."""


def describe(session: Session, page: ActionPage, job: str, at: datetime) -> MoneyRunPage:
    """The page with the figures of the newest dry run, their age, and the button's words."""
    found, stopped = dry_runs.newest(session, job, at), kill_switch.disabled_reason(session)
    is_fresh = found is not None and found.is_fresh and bool(found.run.amounts) and not stopped
    verb = verb_of(job, found.run) if found is not None and is_fresh else page.verb
    facts = [*(_figures(found) if found else []), *page.facts]
    return MoneyRunPage(
        page.title, page.back, page.summary, verb, facts=facts, dry_run=found, stopped=stopped, is_fresh=is_fresh
    )


def verb_of(job: str, dry_run: Run) -> str:
    """What a run does by its dry run, as a button says it: *Release NGN 1,200,000.00 to 14 sellers*."""
    if dry_run.parties is None:
        return _("Run it: %(amounts)s", amounts=_sums(dry_run))
    words = {"amounts": _sums(dry_run), "many": how_many(dry_run.parties)}
    return _verb(job, dry_run.parties, words)


def _verb(job: str, parties: int, words: dict[str, str]) -> str:
    if job == "auto_deduct":
        return ngettext(
            "Take %(amounts)s from %(many)s party", "Take %(amounts)s from %(many)s parties", parties, **words
        )
    if job == "process_payout_schedules":
        return ngettext("Send %(amounts)s to %(many)s party", "Send %(amounts)s to %(many)s parties", parties, **words)
    if job == "release_pending_earnings":
        return ngettext(
            "Move %(amounts)s to the wallet of %(many)s seller",
            "Move %(amounts)s to the wallets of %(many)s sellers",
            parties,
            **words,
        )
    return ngettext(
        "Release %(amounts)s to %(many)s seller", "Release %(amounts)s to %(many)s sellers", parties, **words
    )


def how_many(parties: int) -> str:
    """So many parties, or that there are more than are counted."""
    return _("over %(most)s", most=number(MOST_PARTIES)) if parties > MOST_PARTIES else number(parties)


def _figures(found: DryRun) -> list[tuple[str, str]]:
    run = found.run
    moved = [(_("Would move"), money(amount, currency)) for currency, amount in sorted(run.amounts.items())]
    parties = [] if run.parties is None else [(_("Parties"), how_many(run.parties))]
    counted = [(_("Would be done"), number(run.succeeded)), (_("Would be left"), number(run.skipped + run.failed))]
    return [*(moved or [(_("Would move"), _("nothing"))]), *parties, *counted, (_("Dry run"), when(run.started_at))]


def _sums(run: Run) -> str:
    amounts = [money(amount, currency) for currency, amount in sorted(run.amounts.items())]
    return format_list(amounts, locale=get_locale() or "en")
