"""No effect leaves after its lease: each way out asks right before it, and a way out that does not ask is found."""

import ast
from datetime import timedelta
from unittest.mock import create_autospec

import pytest

from tests.providers.http.conftest import Clocks
from tests.support.paths import ROOT
from tests.support.receivers import Letters, Receiver, letters, receiver  # noqa: F401
from webapp.domain.outbox.addresses import networks
from webapp.domain.outbox.notify_urls import name_of
from webapp.providers.http.answer_kinds import KnownAnswers
from webapp.providers.http.circuit_breaker import CircuitBreaker
from webapp.providers.http.client import ClientConfig, HttpClient
from webapp.providers.http.leases import EffectLease, LeaseEnded, ensure_live
from webapp.providers.http.rate_limiter import RateLimiter
from webapp.providers.messaging.apprise import Chat
from webapp.providers.messaging.smtp import Email, Mail
from webapp.providers.messaging.webhook_sender import WebhookPosts

LENGTH = timedelta(minutes=3)
HERE = networks(["127.0.0.0/8"])
BOTH = pytest.mark.parametrize("which", ["monotonic", "wall"])


def client(url: str) -> HttpClient:
    answers = KnownAnswers((), lambda body: ("", ""), lambda body: True)
    config = ClientConfig("somebody", url, dict, answers, 1.0)
    closed, free = create_autospec(CircuitBreaker, instance=True), create_autospec(RateLimiter, instance=True)
    return HttpClient(config, closed, free, parallel=1)


def chat(url: str) -> tuple[Chat, str]:
    address = url.replace("http://", "json://")
    return Chat([address], []), name_of(address)


@BOTH
def test_a_lease_ends_by_the_clock_that_ends_it_first(clocks: Clocks, which: str) -> None:
    lease = EffectLease(LENGTH)
    lease.ensure_live(179)
    clocks.pass_over(which, LENGTH)
    with pytest.raises(LeaseEnded):
        lease.ensure_live()


def test_a_call_that_would_outlast_its_lease_does_not_begin() -> None:
    with pytest.raises(LeaseEnded):
        EffectLease(LENGTH).ensure_live(181)


def test_without_a_lease_nothing_leaves(receiver: Receiver, letters: Letters) -> None:
    said, name = chat(receiver.url)
    for act in (
        lambda: client(receiver.url).post("", {}),
        lambda: WebhookPosts(1, HERE).post(receiver.url, "{}", {}),
        lambda: Mail(letters.url, "desk@shop.example", 1).send([Email("a", "zoe@shop.example", "Hi", "x")]),
        lambda: said.say("chat", name, "Title", "Body"),
        lambda: ensure_live(1),
    ):
        with pytest.raises(RuntimeError, match="without a lease"):
            act()
    assert (receiver.got, letters.got) == ([], [])


@BOTH
def test_after_its_lease_nothing_leaves(receiver: Receiver, letters: Letters, clocks: Clocks, which: str) -> None:
    said, name = chat(receiver.url)
    with EffectLease(LENGTH).held():
        clocks.pass_over(which, LENGTH)
        for act in (
            lambda: client(receiver.url).post("", {}),
            lambda: WebhookPosts(1, HERE).post(receiver.url, "{}", {}),
            lambda: said.say("chat", name, "Title", "Body"),
        ):
            with pytest.raises(LeaseEnded):
                act()
        mail = Mail(letters.url, "desk@shop.example", 1)
        [ended] = mail.send([Email("a", "zoe@shop.example", "Hi", "x")])
    assert isinstance(ended, LeaseEnded)
    assert (receiver.got, letters.got) == ([], [])


def test_a_question_needs_no_lease(receiver: Receiver) -> None:
    receiver.body = b"{}"
    assert client(receiver.url).get("") == {}
    assert client(receiver.url).ask("", {}) == {}
    assert client(receiver.url).ask_form("", {}) == {}


# Every way out of the code, by the names that libraries give to it, and the functions that go it.
WAYS_OUT = {"request", "post", "put", "patch", "delete", "send_message", "sendmail", "notify", "urlopen", "sendall"}
"""Methods that send something to somebody, whatever they are called on."""
_WEBAPP = ROOT / "webapp"
_NOT_THE_DESK = ("sandbox", "demo", "up", "api", "admin", "security", "web_server.py", "conformance")
"""Stand-ins for the world outside, those who answer it (a `post` there declares a route), and what compares the two."""


def _functions(tree: ast.AST) -> list[ast.FunctionDef]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]


def _called(function: ast.FunctionDef) -> set[str]:
    calls = [node.func for node in ast.walk(function) if isinstance(node, ast.Call)]
    return {call.attr for call in calls if isinstance(call, ast.Attribute)}


def _imports(tree: ast.AST) -> set[str]:
    found = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return found | {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}


OUTWARD = {"requests", "smtplib", "apprise", "urllib.request", "http.client", "httpx", "socket", "urllib3"}


def ways_out() -> dict[str, set[str]]:
    """Each function that sends something by a library that reaches other machines, and what it calls."""
    found = {}
    for file in sorted(_WEBAPP.rglob("*.py")):
        place = file.relative_to(_WEBAPP)
        tree = ast.parse(file.read_text())
        if place.parts[0] in _NOT_THE_DESK or not _imports(tree) & OUTWARD:
            continue
        for function in _functions(tree):
            if _called(function) & WAYS_OUT:
                found[f"{place}:{function.name}"] = _called(function)
    return found


def test_every_way_out_asks_its_lease() -> None:
    found = ways_out()
    silent = {name for name, calls in found.items() if "ensure_live" not in calls}
    # The client of providers asks one step earlier, so that what it carries is made before. `desk doctor` begins a
    # connection to see a certificate: nothing is said on it.
    assert silent == {"providers/http/client.py:_answer", "services/monitoring/certificates.py:_certificate"}
    assert {name.partition(":")[0] for name in found} >= {
        f"providers/{each}.py"
        for each in ("http/client", "messaging/webhook_sender", "messaging/smtp", "messaging/apprise")
    }


def test_what_only_asks_is_marked_as_such() -> None:
    """A provider that acts through `ask` would act without a lease: who calls it is looked at here."""
    asking = {
        str(file.relative_to(_WEBAPP))
        for file in (_WEBAPP / "providers").rglob("*.py")
        if _asks(ast.parse(file.read_text()))
    }
    assert asking == {f"providers/{each}.py" for each in ("blnk/provider", "flutterwave/oauth_token", "flutterwave/v4")}


def _asks(tree: ast.AST) -> bool:
    return any(isinstance(node, ast.Attribute) and node.attr in ("ask", "ask_form") for node in ast.walk(tree))
