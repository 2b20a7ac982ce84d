"""A sandbox that behaves like the providers: the same fields, the same refusals, and every fault they may have."""

from webapp.sandbox.core.settings import Keys, Options, SandboxSettings
from webapp.sandbox.server.app import create_sandbox
from webapp.sandbox.server.server import Served, serving

__all__ = ["Keys", "Options", "SandboxSettings", "Served", "create_sandbox", "serving"]
