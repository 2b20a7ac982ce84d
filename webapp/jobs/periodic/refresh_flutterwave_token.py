"""The job that keeps Flutterwave's access token fresh. It is that provider's own, named for it in outside systems."""

from datetime import datetime

from webapp import clock
from webapp.domain.alert_definitions import TOKEN_NOT_REFRESHED
from webapp.domain.numbers import counted
from webapp.domain.states import CatchUp
from webapp.domain.words import phrase
from webapp.errors import Unavailable
from webapp.jobs import job, minutes
from webapp.jobs.engine.work import NotConfigured, Work
from webapp.models import ProviderToken
from webapp.providers.flutterwave.common import NAME
from webapp.providers.flutterwave.v4 import FlutterwaveV4
from webapp.providers.http.errors import CallFailed
from webapp.services.alerts import alerts

FAILURES = 3
"""So many in a row are worth an alert; the token that is in use lives that long."""


@job(
    title="Renew Flutterwave's access token",
    cron="* * * * *",
    catch_up=CatchUp.SKIP,
    max_duration=minutes(2),
    long_run=minutes(1),
    moves_money=False,
)
def refresh_flutterwave_token(work: Work, at: datetime) -> None:
    """Ask Flutterwave for a new access token before the present one expires."""
    client = work.runtime.providers.clients.get(NAME)
    if not isinstance(client, FlutterwaveV4):
        raise NotConfigured(
            phrase("Flutterwave v4 is not configured: FLUTTERWAVE_CLIENT_ID and FLUTTERWAVE_CLIENT_SECRET.")
        )
    if work.dry_run:
        return
    try:
        expires_at = client.tokens.refresh()
    except CallFailed as failure:
        _failed(work, failure.sentence)
        return
    work.log("token.fresh", expires_at=clock.iso(expires_at))
    with work.db.transaction() as session:
        alerts.resolve(session, TOKEN_NOT_REFRESHED, NAME, work.now)


def _failed(work: Work, sentence: str) -> None:
    """The run fails together with the alert; before that it is a line of the log, for the next minute tries again."""
    with work.db.reading() as session:
        row = session.get(ProviderToken, NAME)
    failures = row.failures if row is not None else 0
    work.log("token.not_refreshed", "warning", failures=failures, sentence=sentence)
    if failures < FAILURES:
        return
    message = phrase(
        "Flutterwave's access token could not be refreshed %(times)s in a row: %(sentence)s",
        times=counted(failures, "time"),
        sentence=sentence,
    )
    with work.db.transaction() as session:
        alerts.fire(session, TOKEN_NOT_REFRESHED, NAME, message, work.now, causes=[sentence])
    raise Unavailable(message)
