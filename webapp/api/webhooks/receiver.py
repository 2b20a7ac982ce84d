"""Where the providers' webhooks arrive: the signature is checked on the raw bytes, then it is stored, then answered."""

from collections.abc import Callable

from flask import Flask, request
from flask.typing import ResponseReturnValue

from webapp import clock
from webapp.jobs.engine.queue import enqueue_after_commit
from webapp.logs import get_logger
from webapp.providers import catalogue
from webapp.providers.webhooks import reader
from webapp.providers.webhooks.signatures import NotSigned
from webapp.runtime import Runtime
from webapp.security.access import for_machines
from webapp.security.errors import problem
from webapp.services.webhooks import inbox

MOST_BYTES = 256 * 1024


def register_receivers(app: Flask, runtime: Runtime) -> None:
    """Add the addresses. Whoever can't sign learns nothing but that."""
    for provider in (each.name for each in catalogue.every()):
        view = for_machines(_view(WebhookReceiver(runtime, provider)))
        app.add_url_rule(f"/webhooks/{provider}", f"webhooks.{provider}", view, methods=["POST"])


def _view(receiver: "WebhookReceiver") -> Callable[[], ResponseReturnValue]:
    return lambda: receiver.receive()


class WebhookReceiver:
    """One provider's address."""

    def __init__(self, runtime: Runtime, provider: str) -> None:
        self._runtime, self._provider = runtime, provider

    def receive(self) -> ResponseReturnValue:
        """Check, store, answer."""
        if (request.content_length or 0) > MOST_BYTES:
            return problem(413, "Too large", f"A webhook has at most {MOST_BYTES // 1024} KiB.")
        raw, now = request.get_data(cache=False)[: MOST_BYTES + 1], clock.now()
        try:
            headers = {name.lower(): value for name, value in request.headers.items()}
            catalogue.get(self._provider).check_signature(raw, headers, self._runtime.settings, now)
        except NotSigned as refusal:
            return self._refused(str(refusal), refusal.counted_as or self._provider)
        self._take(raw)
        return {"status": "ok"}

    def _take(self, raw: bytes) -> None:
        payload = reader.read(self._provider, raw)
        with self._runtime.db.transaction() as session:
            if inbox.take(session, self._provider, raw, payload, at=clock.now()):
                run = inbox.nudge(session, inbox.ACTOR)
                if run is not None:
                    enqueue_after_commit(self._runtime, session, run)

    def _refused(self, sentence: str, name: str) -> ResponseReturnValue:
        get_logger().warning("webhook.refused", provider=self._provider, reason=sentence)
        with self._runtime.db.transaction() as session:
            inbox.refuse(session, name, sentence, origin=request.remote_addr, at=clock.now())
        return problem(401, "Not signed", sentence)
