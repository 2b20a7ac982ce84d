"""The desk of a test, served to a browser on this machine."""

import threading
from collections.abc import Iterator

import pytest
from flask import Flask
from werkzeug.serving import make_server

from webapp.runtime import Runtime


@pytest.fixture
def address(app: Flask, desk: Runtime) -> Iterator[str]:
    """Where the desk is served, and known to be."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    desk.settings.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://localhost:{server.server_port}"
    server.shutdown()
    thread.join(10)
