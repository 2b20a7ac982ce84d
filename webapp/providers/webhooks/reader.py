"""Reading a webhook's raw body, which is kept as it came, by the parser of its provider."""

import hashlib
import json
import re
from dataclasses import replace
from typing import Any

from webapp.providers import catalogue
from webapp.providers.webhooks.payloads import SubjectType, WebhookPayload

UNREADABLE = "unreadable"
"""The event of a webhook that is none."""
_DEEPEST = 50
_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)
"""A text that nobody closes goes on to the end: were it no token, each quote in it would look for its end anew."""
_NOT_STORABLE = re.compile("[\x00\ud800-\udfff]")
_MENDED = "\N{REPLACEMENT CHARACTER}"


def read(provider: str, raw: bytes) -> WebhookPayload:
    """What it is about. One that can't be read is about nothing, and says why in `unreadable`."""
    digest = hashlib.sha256(raw).hexdigest()
    try:
        payload = catalogue.get(provider).parse_webhook(_body(raw), digest)
    except ValueError as wrong:
        return WebhookPayload(UNREADABLE, digest, SubjectType.NOTHING, None, {}, unreadable=str(wrong))
    # Two keys that had to be mended may look alike: only the whole body tells those webhooks apart.
    return replace(payload, key=digest) if _MENDED in payload.key else payload


def as_text(raw: bytes) -> str:
    """The body as it is kept, and read: what is no UTF-8, and NUL, is replaced."""
    return raw.decode("utf-8-sig", "replace").replace("\x00", "\N{SYMBOL FOR NULL}")


def _body(raw: bytes) -> dict[str, Any]:
    """The object, its texts such as every database can keep. Raises ValueError with a sentence."""
    try:
        body = json.loads(_shallow(as_text(raw)))
    except (ValueError, RecursionError):
        raise ValueError("Its body is not JSON.") from None
    if not isinstance(body, dict):
        raise ValueError("Its body is not an object.")
    return {_storable(name): _storable(value) for name, value in body.items()}


def _shallow(text: str) -> str:
    """The JSON with null for what is nested too deep to be read, which is nothing that we look at."""
    depth, cut, parts, place = 0, None, [], 0
    for found in _TOKENS.finditer(text):
        if found.group() in "[{":
            depth += 1
            cut = found.start() if depth == _DEEPEST + 1 else cut
        elif found.group() in "]}":
            depth -= 1
            if depth == _DEEPEST and cut is not None:
                parts += [text[place:cut], "null"]
                cut, place = None, found.end()
    return "".join([*parts, text[place:]])


def _storable(value: Any) -> Any:
    """The value without NUL and halves of characters, which no database keeps."""
    if isinstance(value, str):
        return _NOT_STORABLE.sub(_MENDED, value)
    if isinstance(value, list):
        return [_storable(each) for each in value]
    return {_storable(name): _storable(each) for name, each in value.items()} if isinstance(value, dict) else value
