"""The page of the API in a real Chromium: under the policy of every page, and in the name of who is signed in."""

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


def test_an_operation_is_read_and_tried(someone: Callable[..., Any]) -> None:
    page = someone("admin")
    page.goto("/api/docs")
    page.wait_for_selector(".opblock")
    assert page.locator(".opblock").count() > 50
    operation = page.locator(".opblock-get", has_text="/api/v1/jobs").first
    operation.locator(".opblock-summary-control").click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    answer = operation.locator(".live-responses-table tr.response td.response-col_status").first
    assert answer.inner_text().startswith("200")
