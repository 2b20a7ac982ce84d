"""The JSON API: the same services, the same refusals."""

from flask import Flask

from webapp.runtime import Runtime


def register(app: Flask, runtime: Runtime) -> None:
    """Add the API's addresses to the application."""
