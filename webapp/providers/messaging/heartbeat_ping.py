"""Telling an outside monitor that all is well: it raises the alarm when it hears nothing."""

import requests
from requests.exceptions import RequestException

_TIMEOUT = (3.0, 5.0)


def ping(url: str) -> bool:
    """Ask the monitor's address once; says whether it answered well. Never raises."""
    try:
        with requests.get(url, timeout=_TIMEOUT, allow_redirects=False, stream=True) as answer:
            return answer.ok
    except (RequestException, ValueError):
        return False
