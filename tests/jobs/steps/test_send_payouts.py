"""What is refused when it is sent is looked for first, and is on record as sent before anybody is spoken to."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.support import payouts
from webapp import clock
from webapp.domain.providers.provider_results import ProviderResponse, ProviderStatus
from webapp.jobs.steps import send_payouts
from webapp.models import Payout
from webapp.providers.http.errors import CallFailed, Exists, ProviderRefused, Unknown
from webapp.runtime import Runtime
from webapp.services.payouts.payouts import ClaimedPayout, claim_due


class _Refusing:
    """A provider that says no to a payout, and what it shows of it when it is asked."""

    def __init__(self, refusal: CallFailed, status: ProviderStatus) -> None:
        self._refusal, self._status = refusal, status

    def send_payout(self, _order: Any) -> ProviderResponse:
        raise self._refusal

    def fetch_payout(self, reference: str) -> ProviderResponse:
        return ProviderResponse(reference, self._status, 4_000, "NGN")


def taken(runtime: Runtime) -> ClaimedPayout:
    payouts.written(runtime, payouts.planned(runtime))
    with runtime.db.transaction() as session:
        [found] = claim_due(session, clock.now(), 10, send_payouts.LEASE, ["paystack"])
    return found


def test_it_is_on_record_as_being_sent_before_it_is_sent(runtime: Runtime) -> None:
    found = taken(runtime)
    assert found.may_send
    with runtime.db.reading() as session:
        kept = session.get_one(Payout, found.id)
        assert (kept.status, kept.sent_at is not None) == ("sending", True)


@pytest.mark.parametrize("refusal", [ProviderRefused("No."), Exists("It is there.")])
@pytest.mark.parametrize("status", ProviderStatus)
def test_a_refusal_is_believed_only_where_nothing_is_there(
    sqlite_runtime: Runtime, refusal: CallFailed, status: ProviderStatus
) -> None:
    found, provider = taken(sqlite_runtime), _Refusing(refusal, status)
    if status is ProviderStatus.ABSENT:
        with pytest.raises(type(refusal)):
            send_payouts._pay(provider, found, "RCP_1")  # type: ignore[arg-type]
    else:
        assert send_payouts._pay(provider, found, "RCP_1").status is status  # type: ignore[arg-type]


def test_a_refusal_says_nothing_of_an_earlier_sending(sqlite_runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    """The earlier one may have been taken and not be shown yet."""
    found = taken(sqlite_runtime)
    provider = _Refusing(ProviderRefused("No."), ProviderStatus.ABSENT)
    monkeypatch.setitem(sqlite_runtime.providers.payout_senders, "paystack", provider)
    patience = timedelta(hours=sqlite_runtime.settings.payout_lookup_hours)
    known = replace(found, recipient="RCP_1")
    with pytest.raises(ProviderRefused):
        send_payouts.send(sqlite_runtime, known)
    for earlier, kind in ((found.taken_at - patience / 2, Unknown), (found.taken_at - 2 * patience, ProviderRefused)):
        with pytest.raises(kind):
            send_payouts.send(sqlite_runtime, replace(known, earlier_sent_at=earlier))
