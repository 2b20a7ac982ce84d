"""Webhooks to the desk: written down, signed as the provider signs, sent with few retries on a short scale."""

import http.client
import json
import uuid
from dataclasses import replace
from urllib.parse import urlsplit

from webapp import clock
from webapp.logs import get_logger
from webapp.sandbox.core import fault_modes
from webapp.sandbox.core.sandbox import Sandbox
from webapp.sandbox.core.settings import Keys
from webapp.sandbox.core.store import Data, Thing
from webapp.sandbox.webhooks.signatures import SIGNERS

KIND = "webhook"
_TASK = "webhook"
_TIMEOUT = 5.0
_LATE = 2.0
_MOMENT = 0.2
_ANOTHER_KEY = "another-key"


def emit(sandbox: Sandbox, signer: str, envelope: Data, *, success_again: Data | None = None) -> None:
    """Send this event; the provider's fault decides how. `success_again` is what a second success would say."""
    provider = signer.removesuffix("_v3")
    fault = sandbox.active_faults.take(provider, fault_modes.WEBHOOK)
    fault_mode = fault.fault_mode if fault else ""
    wait = _LATE if fault is None or fault.seconds is None else fault.seconds
    overtaken = [] if fault_mode == fault_modes.OUT_OF_ORDER else _held_back(sandbox, provider)
    first = _write(sandbox, provider, signer, envelope, fault_mode)
    _plan(sandbox, first, wait if fault_mode in (fault_modes.LATE, fault_modes.OUT_OF_ORDER) else 0.0)
    if fault_mode == fault_modes.TWICE:
        _plan(sandbox, _write(sandbox, provider, signer, envelope, fault_mode), 0.0)
    if fault_mode == fault_modes.SUCCESS_TWICE and success_again:
        _plan(sandbox, _write(sandbox, provider, signer, success_again, fault_mode), _MOMENT)
    for each in overtaken:
        _plan(sandbox, each, _MOMENT)


def register(sandbox: Sandbox) -> None:
    """Send webhooks as delayed tasks."""
    sandbox.delayed_tasks.on(_TASK, lambda data: _send(sandbox, data["key"]))


def _write(sandbox: Sandbox, provider: str, signer: str, envelope: Data, fault_mode: str) -> Thing:
    delivery: Data = {
        "provider": provider,
        "signer": signer,
        "event": envelope.get("event") or envelope.get("type"),
        "body": json.dumps(envelope, separators=(",", ":"), ensure_ascii=False),
        "fault_mode": fault_mode,
        "status": "waiting",
        "answers": [],
    }
    written = sandbox.store.add(KIND, uuid.uuid4().hex, delivery, parent=provider)
    if written is None:
        raise RuntimeError("A random key came twice.")
    return written


def _plan(sandbox: Sandbox, delivery: Thing, after: float) -> None:
    sandbox.delayed_tasks.plan(_TASK, {"key": delivery.key}, after=after, key=f"webhook:{delivery.key}")


def _held_back(sandbox: Sandbox, provider: str) -> list[Thing]:
    waiting = sandbox.store.listed(KIND, parent=provider, status="waiting", newest=True, limit=20)
    return [each for each in waiting if each.data["fault_mode"] == fault_modes.OUT_OF_ORDER]


def _send(sandbox: Sandbox, key: str) -> None:
    delivery = sandbox.store.get(KIND, key)
    if delivery is None or delivery.data["status"] != "waiting":
        return
    data = delivery.data
    answer = _post(
        f"{sandbox.options.desk}/webhooks/{data['provider']}", data["body"].encode(), _headers(sandbox.keys, data)
    )
    data["answers"].append(answer)
    if isinstance(answer, int) and 200 <= answer < 300:
        data["status"] = "delivered"
    elif len(data["answers"]) >= sandbox.options.attempts:
        data["status"] = "given up"
    sandbox.store.save(delivery)
    if data["status"] == "waiting":
        _plan(sandbox, delivery, sandbox.options.retry_seconds * 2 ** (len(data["answers"]) - 1))


def _headers(keys: Keys, data: Data) -> dict[str, str]:
    if data["fault_mode"] == fault_modes.UNSIGNED:
        return {}
    if data["fault_mode"] == fault_modes.WRONGLY_SIGNED:
        keys = replace(
            keys,
            paystack_secret_key=_ANOTHER_KEY,
            flutterwave_webhook_secret=_ANOTHER_KEY,
            blnk_webhook_secret=_ANOTHER_KEY,
        )
    return SIGNERS[data["signer"]](keys, data["body"].encode(), int(clock.now().timestamp()))


def _post(url: str, body: bytes, headers: dict[str, str]) -> int | str:
    """The status of the answer, or why there is none."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=_TIMEOUT)
    try:
        connection.request("POST", parts.path, body, headers | {"Content-Type": "application/json"})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException) as problem:
        get_logger().info("sandbox.webhook_failed", url=url, problem=str(problem))
        return type(problem).__name__
    finally:
        connection.close()
