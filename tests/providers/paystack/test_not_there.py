"""A payout that Paystack does not know is absent in every form in which it says "not found", and in no other."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.replay import Replay, replaying
from webapp.domain.providers.provider_results import ProviderStatus
from webapp.providers.http.errors import CallFailed, NotAnswered, Unknown

_CODED: dict[str, object] = {"type": "validation_error", "code": "transfer_not_found"}
NOT_THERE = [
    (status, {"status": False, "message": said, **more})
    for status in (400, 404, 200)
    for said in ("Transfer not found", "Transfer reference not found")
    for more in ({}, _CODED)
]
SAYS_NOTHING = [
    (400, {"status": False, "message": "Recipient not found"}, NotAnswered),
    (403, {"status": False, "message": "Not allowed"}, NotAnswered),
    (404, "<html>404 Not Found</html>", Unknown),
    (500, {"status": False, "message": "Transfer not found"}, Unknown),
]


@pytest.fixture
def replay(sqlite_url: str, tmp_path: Path) -> Iterator[Replay]:
    with replaying(sqlite_url, tmp_path, paystack_secret_key="sk_live_recorded") as made:
        yield made


def look(replay: Replay, status: int, body: Any) -> ProviderStatus:
    replay.say((status, body))
    company = replay.providers.clients["paystack"]
    assert company is not None
    found: ProviderStatus = company.fetch_payout("payout-1").status
    return found


def test_it_is_absent_in_each_form(replay: Replay) -> None:
    assert [look(replay, *each) for each in NOT_THERE] == [ProviderStatus.ABSENT] * len(NOT_THERE)


@pytest.mark.parametrize(("status", "body", "failure"), SAYS_NOTHING)
def test_what_speaks_of_something_else_says_nothing_of_it(
    replay: Replay, status: int, body: Any, failure: type[CallFailed]
) -> None:
    with pytest.raises(failure):
        look(replay, status, body)


@pytest.mark.parametrize(
    ("named", "status"),
    [("payout-1", ProviderStatus.SUCCEEDED), ("", ProviderStatus.SUCCEEDED), ("payout-2", ProviderStatus.PENDING)],
)
def test_an_answer_about_another_payout_ends_nothing(replay: Replay, named: str, status: ProviderStatus) -> None:
    paid = {"reference": named, "status": "success", "amount": 1_000, "currency": "NGN", "id": 7}
    assert look(replay, 200, {"status": True, "data": paid}) == status
