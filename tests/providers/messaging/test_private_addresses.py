"""A webhook can't be made to reach what is behind the desk, whatever name or redirect leads there."""

import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.receivers import Receiver, serving
from webapp.domain.outbox.addresses import may_reach, networks, problem_of
from webapp.providers.http.errors import NotSent, Unknown
from webapp.providers.messaging.webhook_sender import WebhookPosts
from webapp.settings import SettingsProblem, load_settings

HERE = networks(["127.0.0.0/8"])
pytestmark = pytest.mark.usefixtures("leased")


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "ff02::1",
        "::ffff:10.0.0.1",
        "::ffff:127.0.0.1",
        "::7f00:1",
        "64:ff9b::a00:1",
        "2002:a00:1::",
        "2001:0:a00:1::",
        "not an address",
    ],
)
def test_private_addresses_are_out_of_reach(address: str) -> None:
    assert not may_reach(address)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:4700:4700::1111", "::ffff:93.184.215.14"])
def test_public_addresses_are_within_reach(address: str) -> None:
    assert may_reach(address)


def test_a_named_network_is_within_reach_also_as_a_mapped_address() -> None:
    assert may_reach("10.1.2.3", networks(["10.1.0.0/16"]))
    assert may_reach("::ffff:10.1.2.3", networks(["10.1.0.0/16"]))
    assert not may_reach("10.2.2.3", networks(["10.1.0.0/16"]))


@pytest.mark.parametrize(
    "url",
    [
        "ftp://shop.example/",
        "https://",
        "https://user:secret@shop.example/",
        "https://shop.example:99999/",
        "https://shop.example/\nHost: other",
        "https://[::1]/",
        "https://10.0.0.1/",
        "http://169.254.169.254/latest",
        "file:///etc/passwd",
    ],
)
def test_what_can_not_be_an_address_of_an_endpoint(url: str) -> None:
    assert problem_of(url, https_only=False)


def test_production_wants_https() -> None:
    assert problem_of("http://shop.example/", https_only=True)
    assert problem_of("https://shop.example/", https_only=True) is None


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1"])
def test_names_of_this_machine_are_not_connected_to(receiver: Receiver, host: str) -> None:
    with pytest.raises(NotSent, match=r"private address|can't be reached"):
        WebhookPosts(3).post(receiver.url.replace("127.0.0.1", host), "{}", {})
    assert receiver.got == []


def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    other = Receiver()
    with serving(other) as address:
        receiver.answer, receiver.headers = (lambda number: 307), {"Location": address}
        assert WebhookPosts(3, HERE).post(receiver.url, "{}", {}).status == 307
    assert other.got == []


def test_the_address_that_was_checked_is_the_one_connected_to(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name answers with a public address when it is looked at, and with a private one ever after."""
    asked, connected = [], []
    real = socket.getaddrinfo

    def changing(host: Any, port: Any, *more: Any, **named: Any) -> Any:
        if host != "rebinding.example":
            return real(host, port, *more, **named)
        asked.append(host)
        address = "93.184.215.14" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    def connect(self: socket.socket, address: Any) -> None:
        connected.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", changing)
    monkeypatch.setattr(socket.socket, "connect", connect)
    posts, url = WebhookPosts(3), receiver.url.replace("127.0.0.1", "rebinding.example")
    for said in ("can't be reached", "private address"):
        with pytest.raises(NotSent, match=said):
            posts.post(url, "{}", {})
    assert connected == ["93.184.215.14"]
    assert len(asked) == 2


def test_a_name_with_a_private_address_among_public_ones_reaches_the_public_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connected = []
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 80)) for each in ("10.0.0.1", "93.184.215.14")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)

    def connect(self: socket.socket, address: Any) -> None:
        connected.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", connect)
    with pytest.raises(NotSent):
        WebhookPosts(3).post("http://mixed.example/", "{}", {})
    assert connected == ["93.184.215.14"]


def test_a_receiver_that_dribbles_its_answer_is_left_in_time() -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}/"

    def dribble() -> None:
        taken, _ = listening.accept()
        try:
            while True:
                taken.sendall(b"H")
                time.sleep(0.2)
        except OSError:
            taken.close()

    threading.Thread(target=dribble, daemon=True).start()
    with pytest.raises(Unknown, match="did not answer within"):
        WebhookPosts(1, HERE).post(url, "{}", {})
    listening.close()


def test_a_large_answer_is_read_to_its_bound_only(receiver: Receiver) -> None:
    receiver.body = b"a" * 50_000_000
    answer = WebhookPosts(3, HERE).post(receiver.url, "{}", {})
    assert (answer.status, answer.excerpt) == (200, "a" * 300)


def test_a_network_that_is_none_is_named_at_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsProblem, match="WEBHOOK_PRIVATE_ADDRESSES"):
        load_settings(webhook_private_addresses="10.0.0.0/99", var_dir=tmp_path, _env_file=None)
