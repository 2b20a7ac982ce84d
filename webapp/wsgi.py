"""The WSGI application, for `desk web` and for any other WSGI server."""

import atexit

from flask import Flask

from webapp.app import create_app
from webapp.jobs.processes.heartbeat import Heartbeat
from webapp.private_files import start_private
from webapp.runtime import build_runtime
from webapp.services.scheduling import processes
from webapp.settings import load_settings


def application() -> Flask:
    """The desk by this process's settings. Made in the process that serves it, which counts as alive from then on."""
    start_private()
    runtime = build_runtime(load_settings())
    runtime.count_figures(processes.WEB)
    heartbeat = Heartbeat(runtime, processes.WEB, sweeps=False)
    heartbeat.start()
    atexit.register(heartbeat.stop)
    return create_app(runtime)
