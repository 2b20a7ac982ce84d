"""A sandbox that behaves like the providers: the same fields, the same refusals, and every mood they may be in."""

from webapp.sandbox.app import create_sandbox
from webapp.sandbox.server import Served, serving
from webapp.sandbox.settings import Keys, Options, SandboxSettings

__all__ = ["Keys", "Options", "SandboxSettings", "Served", "create_sandbox", "serving"]
