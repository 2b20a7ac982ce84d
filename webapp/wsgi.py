"""The WSGI application, for `desk web` and for any other WSGI server."""

from flask import Flask

from webapp.app import create_app
from webapp.private_files import start_private
from webapp.runtime import build_runtime
from webapp.settings import load_settings


def application() -> Flask:
    """The desk by this process's settings."""
    start_private()
    return create_app(build_runtime(load_settings()))
