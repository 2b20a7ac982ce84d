"""What a call that failed says of what it was about."""

from pathlib import Path
from typing import Any

import pytest
from requests import ConnectionError as Disconnected
from requests import ConnectTimeout, ReadTimeout
from urllib3.connection import HTTPConnection
from urllib3.exceptions import NewConnectionError, ProtocolError

from tests.support.replay import replaying
from webapp.providers.http.errors import (
    CallFailed,
    Exists,
    NotAnswered,
    NotDone,
    NotSent,
    ProviderRefused,
    Unknown,
    no_response,
)
from webapp.providers.paystack.provider import Paystack


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        (CallFailed, set()),
        (Unknown, set()),
        (NotAnswered, {"is_answer"}),
        (ProviderRefused, {"is_answer", "is_refusal"}),
        (NotSent, {"is_unsent"}),
        (NotDone, {"is_answer", "is_unsent"}),
        (Exists, {"is_answer", "is_there"}),
    ],
)
def test_only_a_sure_no_is_a_refusal(kind: type[CallFailed], says: set[str]) -> None:
    word = no_response(kind("It is so."))
    assert {name for name in ("is_answer", "is_refusal", "is_unsent", "is_there") if getattr(word, name)} == says


@pytest.mark.parametrize(
    ("problem", "kind"),
    [
        (ConnectTimeout(), NotSent),
        (Disconnected(NewConnectionError(HTTPConnection("paystack.example"), "refused")), NotSent),
        (Disconnected(ProtocolError("reset")), Unknown),
        (Disconnected(), Unknown),
        (ReadTimeout(), Unknown),
    ],
)
def test_what_broke_off_may_have_arrived_and_what_never_connected_did_not(
    sqlite_url: str, tmp_path: Path, problem: Any, kind: type[CallFailed]
) -> None:
    with replaying(sqlite_url, tmp_path, paystack_secret_key="sk_live_failed") as replay:
        found = replay.providers.clients["paystack"]
        assert isinstance(found, Paystack)
        assert type(found._client._failed(problem)) is kind
