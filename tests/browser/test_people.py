"""People at work in a real Chromium: decide and approve a split, run a job and watch it, and be refused."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import PASSWORDS
from tests.support import forked
from tests.support.local_desk import LocalDesk

Someone = Callable[..., Any]
pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


def money_of(text: str) -> int:
    """Minor units of an amount as the desk writes it, such as `NGN 1,250.00`."""
    return int(re.sub(r"[^\d]", "", text.split()[-1]))


def largest_open_dispute(page: Any) -> str:
    """The address of an undecided dispute of the largest amount."""
    page.goto("/disputes?tab=decide&size=100")
    rows = page.locator("table.data tbody tr")
    found = [(money_of(rows.nth(n).locator("td.money").inner_text()), n) for n in range(rows.count())]
    return str(rows.nth(max(found)[1]).locator("td.ref a").first.get_attribute("href"))


def test_a_split_is_decided_with_a_preview_approved_and_the_ledger_agrees(someone: Someone, up: LocalDesk) -> None:
    agent = someone("agent")
    agent.goto(largest_open_dispute(agent))
    agent.check("input[name=resolution][value=split]")
    slider = agent.locator("[data-split-slider]")
    slider.evaluate("slider => { slider.value = 25; slider.dispatchEvent(new Event('input', { bubbles: true })) }")
    share = money_of(agent.input_value("[data-split-buyer]"))
    agent.select_option("[name=code]", "shared_fault")
    agent.fill("textarea[name=reason]", "Half of the goods arrived whole.")
    agent.click("text=Preview the decision")
    agent.wait_for_selector("table.preview")
    cells = agent.locator("table.preview td.money").all_inner_texts()
    out, *parts = [money_of(cell) for place, cell in enumerate(cells) if cell and place % 3 != 2]
    assert out == sum(parts)
    assert share in parts
    button = agent.locator("form.action-form button.primary")
    assert button.inner_text().startswith("Propose")
    assert agent.evaluate("document.activeElement.textContent").strip() == "Cancel"
    button.click()
    agent.wait_for_selector("text=proposed a decision")

    approver = someone("approver")
    approver.goto(agent.url)
    approver.locator(".notice", has_text="proposed a decision").locator("a").first.click()
    approver.wait_for_selector("table.preview")
    approver.fill("[name=secret]", PASSWORDS["approver"][1])
    approver.click("form.action-form button.primary")
    approver.wait_for_selector("text=executed")

    agent.reload()
    assert "resolved" in agent.inner_text("main")
    entries = agent.inner_text("table.ledger")
    assert "split" in entries
    assert books_of(up) == 0


def books_of(up: LocalDesk) -> int:
    """What `desk ledger verify` ends with on this desk's database."""
    log = up.folder.with_name("books.log")
    return forked.desk("ledger", "verify", environment=up.environment, log=log).wait(60)


def test_the_warning_goes_when_the_silent_job_has_run(someone: Someone) -> None:
    operator = someone("operator")
    warning = operator.locator(".notice.silent", has_text="(auto_deduct) has not run")
    assert warning.count() == 1
    assert "(auto_deduct) is late by" in operator.inner_text(".status-banner")
    warning.locator("a.button").click()
    operator.locator("main .card form button", has_text="Run auto_deduct now").click()
    operator.wait_for_selector("#progress")
    operator.wait_for_selector("#progress .badge:has-text('succeeded')", timeout=30_000)
    operator.goto("/")
    assert operator.locator(".notice.silent", has_text="auto_deduct").count() == 0
    assert "auto_deduct" not in operator.inner_text(".status-banner")


def import_due_order(up: LocalDesk, folder: Path) -> None:
    """The night's own run may have paid what the demo had due: within an hour after its time it is caught up."""
    file = folder / "orders.csv"
    header = "order_ref,buyer_ref,seller_ref,amount,currency,created_at,paid_at"
    file.write_text(f"{header}\nlong-due,ama,kofi,100.00,NGN,2026-02-01T00:00:00Z,2026-02-01T01:00:00Z\n")
    log = folder / "import.log"
    assert forked.desk("import", "orders", str(file), environment=up.environment, log=log).wait(120) == 0, (
        log.read_text()
    )


def run_by_hand(page: Any) -> None:
    """From a job's page by the page that says what it would move, to the run's."""
    page.click("text=Run now")
    page.click("main form.act[action$='/run'] button")
    page.wait_for_url("**/runs/*")


def test_a_job_is_run_by_hand_and_its_progress_watched(someone: Someone, up: LocalDesk, tmp_path: Path) -> None:
    import_due_order(up, tmp_path)
    operator = someone("operator")
    operator.goto("/jobs/auto_release")
    run_by_hand(operator)
    operator.wait_for_selector("#progress .badge:has-text('succeeded')", timeout=30_000)
    assert operator.locator("text=Transfers it made").count() == 1
    assert int(operator.inner_text("[data-succeeded]").replace(",", "")) > 0


_SAID = """page => {
    const copy = page.cloneNode(true);
    for (const time of copy.querySelectorAll("time")) time.textContent = time.dateTime;
    return copy.textContent.replace(/\\s+/g, " ").trim();
}"""


def said(page: Any) -> str:
    """All that the page of a run says, with instants in place of how long they are past."""
    return str(page.eval_on_selector("#progress", _SAID))


@pytest.mark.parametrize("job", ["auto_release", "auto_deduct", "release_pending_earnings"])
def test_a_runs_page_ends_as_a_reload_would_show_it(someone: Someone, job: str) -> None:
    """What it says of the end, the transfers, the items left out and the log are of one moment, without a reload."""
    operator = someone("operator")
    operator.goto(f"/jobs/{job}")
    run_by_hand(operator)
    operator.wait_for_selector("#progress .badge:has-text('succeeded')", timeout=30_000)
    live = said(operator)
    assert "None yet" not in live
    assert "Nothing was logged" not in live
    assert "run.finished" in live
    polls = []
    operator.on("request", lambda asked: polls.append(asked) if "x-desk-poll" in asked.headers else None)
    operator.wait_for_timeout(3_000)
    assert polls == [], "what has ended is not asked about any more"

    operator.reload()
    assert said(operator) == live


def test_a_viewer_sees_no_buttons_and_is_refused(someone: Someone) -> None:
    viewer = someone("viewer")
    viewer.goto("/jobs/auto_release")
    assert viewer.locator("text=Run now").count() == 0
    token = viewer.get_attribute("meta[name=csrf-token]", "content")
    answer = viewer.request.post("/jobs/auto_release/run", form={"csrf_token": token})
    assert answer.status == 403
    asked = viewer.request.post("/api/v1/jobs/auto_release/trigger", headers={"X-CSRFToken": token}, data={})
    assert asked.status == 403
    assert viewer.goto("/settings").status == 403


PAGES = (
    "/",
    "/disputes",
    "/escrows",
    "/tonight",
    "/jobs",
    "/queues",
    "/alerts",
    "/approvals",
    "/parties",
    "/audit",
    "/payouts/?tab=all",
    "/subscriptions/",
    "/tenants/",
    "/analytics/",
)
CUT = """() => [...document.querySelectorAll('.cards td > *')].filter((part) => part.getClientRects().length
  && part.getBoundingClientRect().right > part.closest('table').getBoundingClientRect().right + 1
).map((part) => part.innerText)"""
"""What a phone shows cut off in a card: its table is scrolled by nobody."""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_fits_a_phone(someone: Someone, scheme: str) -> None:
    phone = someone("admin", viewport={"width": 390, "height": 800}, color_scheme=scheme)
    for path in PAGES:
        assert phone.goto(path).status == 200
        wide = phone.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{path} is {wide} px too wide"
        assert phone.evaluate(CUT) == [], f"{path} shows figures cut off"
        for box in [tab.bounding_box() for tab in phone.locator(".tabs [aria-current]").all()]:
            assert 0 <= box["x"] < box["x"] + box["width"] <= 391, f"the chosen tab of {path} is out of sight"


@pytest.mark.long
def test_every_page_fits_a_phone_in_a_long_language(someone: Someone) -> None:
    """French says the same in a fifth more letters: no page and no figure in it is wider than the screen."""
    phone = someone("admin", viewport={"width": 390, "height": 800}, locale="fr-FR")
    for path in (*PAGES, "/payments", "/jobs/auto_release", "/disputes/1", "/escrows/1", "/settings", "/profile"):
        assert phone.goto(path).status == 200
        assert phone.get_attribute("html", "lang") == "fr"
        wide = phone.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{path} is {wide} px too wide"
        assert phone.evaluate(CUT) == [], f"{path} shows figures cut off"


@pytest.mark.parametrize("width", [1024, 1280, 1440])
def test_a_list_that_people_work_at_shows_its_last_column(someone: Someone, width: int) -> None:
    wide = someone("admin", viewport={"width": width, "height": 900})
    for path in ("/", "/disputes/", "/escrows/", "/approvals/", "/alerts/", "/jobs/", "/tonight/", "/parties/"):
        assert wide.goto(path).status == 200
        hidden = wide.evaluate(
            "[...document.querySelectorAll('.scroll')].map(part => part.scrollWidth - part.clientWidth)"
        )
        assert all(each <= 0 for each in hidden), f"{path} hides {max(hidden)} px of a table"


def test_the_palette_finds_a_dispute(someone: Someone) -> None:
    agent = someone("agent")
    agent.goto(largest_open_dispute(agent))
    reference = agent.locator("h1").inner_text()
    agent.goto("/")
    agent.keyboard.press("Control+k")
    agent.fill(".palette input", reference)
    agent.wait_for_selector(f".palette li:has-text('{reference}')")
    agent.keyboard.press("Enter")
    agent.wait_for_selector(f"h1:has-text('{reference}')")
