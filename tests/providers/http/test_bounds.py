"""What the client does not let a provider do to us: endless answers, redirects, a proxy's word for its own."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.replay import Replay, replaying, stub
from webapp.providers.http import client as http_client
from webapp.providers.http.errors import NotSent, ProviderRefused, Unknown
from webapp.providers.http.leases import EffectLease
from webapp.providers.http.rate_limiter import RateLimiter
from webapp.providers.paystack.provider import Paystack
from webapp.providers.protocols import Destination, PayoutInstruction
from webapp.providers.registry import Providers
from webapp.runtime import Runtime

PAYOUT = PayoutInstruction("payout-1", "RCP_1", 5_000, "NGN", "Payout")
ANSWER = {"status": True, "data": {}}


@pytest.fixture
def replay(sqlite_url: str, tmp_path: Path) -> Iterator[Replay]:
    with replaying(sqlite_url, tmp_path, paystack_secret_key="sk_live_bounds", provider_timeout_seconds=1) as made:
        yield made


def paystack(replay: Replay) -> Paystack:
    found = replay.providers.clients["paystack"]
    assert isinstance(found, Paystack)
    return found


def test_an_answer_that_is_too_large_is_not_read_to_its_end(replay: Replay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_client, "MOST_BYTES", 1_000)
    replay.say((200, ANSWER | {"message": "x" * 40_000}))
    with pytest.raises(Unknown, match="more than"):
        paystack(replay).fetch_payout("payout-1")


@contextmanager
def dribbling() -> Iterator[str]:
    """A server that sends its answer byte by byte and never ends it; each byte is in time."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=_dribble, args=(connection,), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def _dribble(connection: socket.socket) -> None:
    try:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n")
        for _ in range(200):
            connection.sendall(b" ")
            time.sleep(0.05)
    except OSError:
        return


def test_an_answer_that_dribbles_is_given_up(replay: Replay) -> None:
    with dribbling() as address:
        settings = replay.runtime.settings.model_copy(update={"paystack_url": address})
        replay.providers = Providers(settings, replay.runtime.db)
        with pytest.raises(Unknown, match="did not finish its answer"):
            paystack(replay).send_payout(PAYOUT)


def test_a_call_that_acts_is_made_once(replay: Replay) -> None:
    replay.say((500, {"status": False, "message": "Something is wrong."}))
    with pytest.raises(Unknown):
        paystack(replay).send_payout(PAYOUT)
    assert [method for method, _, _ in replay.stub.asked] == ["POST"]


def test_a_redirect_of_a_provider_is_not_followed(replay: Replay) -> None:
    with stub() as elsewhere:
        elsewhere.say((200, ANSWER))
        replay.say((302, ANSWER))
        replay.stub.headers = {"Location": elsewhere.url}
        with pytest.raises(Unknown, match="redirect"):
            paystack(replay).fetch_payout("payout-1")
        assert elsewhere.asked == []


def test_a_page_of_a_proxy_is_no_refusal(replay: Replay) -> None:
    """A 400 of JSON means that there is no such account; one that is no JSON says nothing of any account."""
    destination = Destination("nuban", "058", "0123456789", "Kofi Mensah", "NGN", "")
    replay.say((400, {"status": False, "message": "Cannot resolve account"}))
    with pytest.raises(ProviderRefused):
        paystack(replay).register_recipient(destination)
    replay.say((400, "<html>Bad Request</html>"))
    with pytest.raises(Unknown):
        paystack(replay).register_recipient(destination)


def test_a_provider_is_asked_only_as_often_as_it_may_be(
    sqlite_runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.providers.http.rate_limiter.time.sleep", lambda seconds: None)
    limiter = RateLimiter("paystack", 2, sqlite_runtime.settings.redis_address)
    for _ in range(2):
        limiter.wait(0)
    with pytest.raises(NotSent, match="as often as it may be"), EffectLease(timedelta(minutes=1)).held():
        limiter.wait(0)
