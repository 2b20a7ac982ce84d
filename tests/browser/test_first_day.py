"""The first day of an empty desk: from the printed link to the first escrow, by two people and a shell."""

import re
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.faults.desk import until
from tests.support.local_desk import LocalDesk

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

WORDS = "seven quiet herons"
FILE = (
    "order_ref,buyer_ref,seller_ref,amount,currency,paid_at\n"
    "o-1,buyer-1,seller-1,1250.50,KES,2026-01-15T09:30:00Z\n"
    "o-2,buyer-1,buyer-1,12.345,KES,\n"
)


@pytest.fixture
def empty(tmp_path: Any) -> Iterator[LocalDesk]:
    """A desk without demo data, with the invented providers."""
    running = LocalDesk(tmp_path / "var", "--no-demo", "--sandbox")
    try:
        running.wait_until_ready()
        until(lambda: "Ctrl-C" in running.said(), 20)
        yield running
        running.stop()
    finally:
        running.end()


def test_an_empty_desk_becomes_one_with_people_a_token_and_an_escrow(empty: LocalDesk, browser: Any) -> None:
    errors: list[str] = []
    page, other = (opened(empty, browser, errors) for _ in range(2))

    (link,) = re.findall(r"/first-administrator\S+", empty.said())
    come(page, link, "Amina Diallo", "amina@desk.example")
    assert "No orders yet." in page.inner_text("main")
    assert "on time" not in page.inner_text("main")
    assert other.goto(link).status == 409

    page.click("text=Getting started")
    assert ticked(page) == ["administrator"]
    page.click("text=Ask the providers…")
    page.click("main form button.primary")
    page.wait_for_selector("text=takes our key")
    assert "providers" in ticked(page)

    page.click("[data-step=colleagues] a.button")
    page.fill("[name=email]", "kofi@desk.example")
    page.check("[value=agent]")
    page.fill("[name=secret]", WORDS)
    page.click("main form button.primary")
    page.wait_for_selector("text=The invitation of kofi@desk.example is on its way.")
    come(other, invitation_in(mailbox_of(empty)), "Kofi")
    assert "Getting started" in other.inner_text("main")
    other.goto("/getting-started/")
    assert "Ask somebody with the role admin." in other.inner_text("main")

    page.goto("/getting-started/")
    page.click("text=Make your first token…")
    page.fill("[name=secret]", WORDS)
    page.click("main form button.primary")
    command = page.inner_text(".secrets code")
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=30, check=True)
    assert '"data"' in done.stdout

    page.goto("/getting-started/")
    assert ticked(page) == ["administrator", "providers", "colleagues", "token", "api"]
    page.click("[data-step=orders] a.button")
    page.set_input_files("[name=file]", files=[{"name": "orders.csv", "mimeType": "text/csv", "buffer": FILE.encode()}])
    page.click("main form button.primary")
    page.wait_for_selector("text=Bad lines", timeout=90_000)
    assert "'buyer-1'" in page.inner_text("main table")
    page.reload()
    page.check("[name=skip_bad]")
    page.click("main form.action-form button.primary")
    page.wait_for_selector("text=Look at the escrows", timeout=90_000)
    page.click("text=Look at the escrows")
    page.click("text=E-o-1")
    page.wait_for_selector("text=KES 1,250.50")
    page.goto("/")
    assert "No orders yet." not in page.inner_text("main")
    assert errors == []


def mailbox_of(desk: LocalDesk) -> str:
    """Where the sandbox shows what people were sent."""
    (address,) = re.findall(r"(http\S+)/mailbox\.html", desk.said())
    return f"{address}/mailbox?to=kofi@desk.example"


def invitation_in(mailbox: str) -> str:
    """The link of the letter, once it has arrived: what waits goes out each minute."""
    until(lambda: requests.get(mailbox, timeout=5).json(), 150)
    (letter,) = requests.get(mailbox, timeout=5).json()
    (link,) = re.findall(r"/invitation\?link=[\w-]+", letter["text"])
    return str(link)


def opened(desk: LocalDesk, browser: Any, errors: list[str]) -> Any:
    """A browser of its own, whose errors are kept."""
    page = browser.new_context(base_url=f"http://localhost:{desk.port}").new_page()
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if "Content Security Policy" in said.text else None)
    return page


def come(page: Any, link: str, name: str, email: str = "") -> None:
    """Open a one-time link, and choose a name and a password."""
    page.goto(link)
    page.fill("[name=name]", name)
    if email:
        page.fill("[name=email]", email)
    page.fill("[name=password]", WORDS)
    page.fill("[name=again]", WORDS)
    page.click("main form button")
    page.wait_for_selector("nav", state="attached")


def ticked(page: Any) -> list[str]:
    """The steps that are done."""
    found: list[str] = page.eval_on_selector_all("[data-step][data-done]", "each => each.map(one => one.dataset.step)")
    return found
