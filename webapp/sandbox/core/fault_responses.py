"""What a fault makes of an answer: each is a small function from the true answer to the one that is sent."""

import json
import os
from collections.abc import Callable, Iterator
from typing import Any

from flask import Response, request

from webapp.sandbox.core import fault_modes
from webapp.sandbox.core.active_faults import ActiveFault
from webapp.sandbox.core.sandbox import Sandbox, current

_HUGE, _PIECE = 50 * 1024 * 1024, 64 * 1024
_AMOUNTS = ("amount", "precise_amount", "charged_amount")
_PAGE = "<!doctype html><html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"
_OTHER_HOST = {"127.0.0.1": "localhost"}

Change = Callable[[ActiveFault, Response], Response]


def changed(fault: ActiveFault, answer: Response) -> Response:
    """The answer as the fault sends it."""
    return _CHANGES[fault.fault_mode](fault, answer)


def silence(sandbox: Sandbox, seconds: float | None) -> Response:
    """No answer: the connection is closed, without a word, after longer than anyone waits."""

    def closed() -> Iterator[bytes]:
        if not sandbox.delayed_tasks.wait(sandbox.options.patience if seconds is None else seconds):
            raise ConnectionAbortedError
        yield b""

    return Response(closed(), direct_passthrough=True)


def page(status: int, title: str) -> Response:
    """A web page where JSON was expected."""
    return Response(_PAGE.format(title), status, mimetype="text/html")


def redirected() -> Response:
    """To the same sandbox under another host name."""
    host, _, port = request.host.partition(":")
    return Response(
        status=302, headers={"Location": f"http://{_OTHER_HOST.get(host, '127.0.0.1')}:{port}/hooks/redirected"}
    )


def _silent(fault: ActiveFault, _answer: Response) -> Response:
    return silence(current(), fault.seconds)


def _garbage(_fault: ActiveFault, _answer: Response) -> Response:
    return Response(b"\xff\x00" + os.urandom(254), 200, mimetype="application/json")


def _truncated(_fault: ActiveFault, answer: Response) -> Response:
    whole = answer.get_data()

    def half() -> Iterator[bytes]:
        yield whole[: len(whole) // 2]
        raise ConnectionAbortedError

    headers = {"Content-Length": str(len(whole)), "Content-Type": "application/json"}
    return Response(half(), answer.status, headers, direct_passthrough=True)


def _slow(fault: ActiveFault, answer: Response) -> Response:
    whole, sandbox = answer.get_data(), current()
    pause = 1.0 if fault.seconds is None else fault.seconds

    def drops() -> Iterator[bytes]:
        for index in range(len(whole)):
            yield whole[index : index + 1]
            if sandbox.delayed_tasks.wait(pause):
                return

    headers = {"Content-Length": str(len(whole)), "Content-Type": "application/json"}
    return Response(drops(), answer.status, headers, direct_passthrough=True)


def _huge(_fault: ActiveFault, _answer: Response) -> Response:
    def flood() -> Iterator[bytes]:
        yield b'{"status":true,"message":"'
        for _ in range(_HUGE // _PIECE):
            yield b"a" * _PIECE
        yield b'"}'

    return Response(flood(), 200, mimetype="application/json")


def _wrong_amount(_fault: ActiveFault, answer: Response) -> Response:
    return _rewritten(answer, dict.fromkeys(_AMOUNTS, _one_less))


def _wrong_currency(_fault: ActiveFault, answer: Response) -> Response:
    return _rewritten(answer, {"currency": lambda currency: "GHS" if currency == "USD" else "USD"})


def _one_less(amount: Any) -> Any:
    return amount - 1 if isinstance(amount, int) else round(amount - 0.01, 2) if isinstance(amount, float) else amount


def _rewritten(answer: Response, changes: dict[str, Callable[[Any], Any]]) -> Response:
    body = json.loads(answer.get_data())
    found = body.get("data", body) if isinstance(body, dict) else body
    for each in found if isinstance(found, list) else [found]:
        for name, change in changes.items():
            if isinstance(each, dict) and name in each:
                each[name] = change(each[name])
    return Response(json.dumps(body), answer.status, mimetype="application/json")


_CHANGES: dict[str, Change] = {
    fault_modes.TIMEOUT_AFTER: _silent,
    fault_modes.GARBAGE: _garbage,
    fault_modes.TRUNCATED: _truncated,
    fault_modes.HTML_200: lambda _fault, _answer: page(200, "Welcome"),
    fault_modes.SLOW: _slow,
    fault_modes.EMPTY: lambda _fault, _answer: Response(b"", 200, mimetype="application/json"),
    fault_modes.HUGE: _huge,
    fault_modes.WRONG_AMOUNT: _wrong_amount,
    fault_modes.WRONG_CURRENCY: _wrong_currency,
}
