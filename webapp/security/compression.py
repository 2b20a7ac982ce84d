"""Answers compressed as the browser asks: zstd, Brotli or gzip.

What is compressed beside something that a stranger chose may be guessed by its length (BREACH), where the stranger can
make a victim's browser ask many times. Other sites' pages can not ask ours with its cookies (SameSite), and the secret
that stands on each page, the CSRF token, is signed anew every second.
"""

from flask import Flask
from flask_compress import Compress

_KINDS = ["text/html", "text/css", "text/javascript", "text/csv", "text/plain", "image/svg+xml"]
_OF_PROGRAMS = ["application/json", "application/problem+json"]
_WORTH_IT = 1_000
"""Bytes: a smaller answer is one network packet either way."""


def register_compression(app: Flask) -> None:
    """Compress every answer of some size whose kind is text."""
    app.config["COMPRESS_MIMETYPES"] = _KINDS + _OF_PROGRAMS
    app.config["COMPRESS_ALGORITHM"] = ["zstd", "br", "gzip"]
    app.config["COMPRESS_ALGORITHM_STREAMING"] = ["zstd", "br", "gzip"]
    app.config["COMPRESS_MIN_SIZE"] = _WORTH_IT
    Compress(app)
