"""The sandbox as a Flask application."""

import os

from flask import Flask, Response, jsonify

from webapp.errors import Refusal
from webapp.sandbox import blnk, flutterwave, paystack
from webapp.sandbox.control import api as control_api
from webapp.sandbox.control import checkout_page
from webapp.sandbox.core.sandbox import EXTENSION, Sandbox
from webapp.sandbox.core.settings import SandboxSettings, refuse_in_production
from webapp.sandbox.messaging import mailbox, sms_and_chat
from webapp.sandbox.webhooks import receiver as webhook_receiver
from webapp.sandbox.webhooks import sender as webhook_sender

_LARGEST_BODY = 32 * 1024 * 1024


def create_sandbox(settings: SandboxSettings) -> Flask:
    """The application; what happens by itself begins with `delayed_tasks.start()`. Raises Invalid in production."""
    refuse_in_production(os.environ)
    app, sandbox = Flask("webapp.sandbox"), Sandbox(settings)
    app.config.update(MAX_CONTENT_LENGTH=_LARGEST_BODY, TRUSTED_HOSTS=["127.0.0.1", "localhost"])
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.extensions[EXTENSION] = sandbox
    for part in (webhook_sender, checkout_page, paystack, flutterwave, blnk):
        part.register(sandbox)
    blueprints = [each.blueprint for each in (paystack, blnk, checkout_page, webhook_receiver, mailbox, control_api)]
    for blueprint in (*blueprints, *flutterwave.blueprints, sms_and_chat.sms, sms_and_chat.chat):
        app.register_blueprint(blueprint)
    app.register_error_handler(Refusal, _refused)
    app.add_url_rule("/health", view_func=_health)
    return app


def _health() -> Response:
    return jsonify({"status": "UP"})


def _refused(problem: Refusal) -> tuple[Response, int]:
    return jsonify({"error": problem.detail}), problem.status
