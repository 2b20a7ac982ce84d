"""The work at a case in a real Chromium: taken from the queue, read, answered and decided."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.conftest import PASSWORDS

Someone = Callable[..., Any]
pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


def test_two_people_take_the_next_case_by_one_key_and_get_two(someone: Someone) -> None:
    people = [someone("agent"), someone("approver")]
    for page in people:
        page.goto("/disputes")
        page.keyboard.press("n")
    for page in people:
        page.wait_for_url("**/disputes/*")
    first, second = [page.inner_text("h1") for page in people]
    assert first != second
    for page in people:
        assert f"{page.inner_text('h1')} is yours." in page.inner_text("main .notice.good")


def test_the_list_of_a_case_is_walked_by_keys_as_soon_as_a_page_is_there(someone: Someone) -> None:
    agent = someone("agent")
    agent.goto("/disputes?tab=all&sort=opened_at")
    rows = agent.locator("table.data td.ref a").all_inner_texts()
    agent.locator("table.data td.ref a").nth(1).click()
    agent.wait_for_selector(f"h1:has-text('{rows[1]}')")
    agent.keyboard.press("n")
    agent.wait_for_selector(f"h1:has-text('{rows[2]}')")
    for row in (rows[1], rows[0]):
        agent.keyboard.press("p")
        agent.wait_for_selector(f"h1:has-text('{row}')")


def a_case(page: Any, row: int) -> str:
    """The address of an undecided case, opened."""
    page.goto("/disputes?tab=decide")
    page.locator("table.data td.ref a").nth(row).click()
    page.wait_for_selector("#decide textarea")
    return str(page.url)


def test_two_people_at_one_case_see_each_other_and_what_the_other_does(someone: Someone) -> None:
    agent, approver = someone("agent"), someone("approver")
    case = a_case(agent, 3)
    agent.fill("#decide textarea[name=reason]", "Half of it came, and")
    agent.evaluate("document.documentElement.style.overflowAnchor = 'none'")  # not every browser holds the place itself
    approver.goto(case)
    assert "Ngozi Afolabi is here too." in approver.inner_text(".case-news")
    agent.wait_for_selector(".case-here:has-text('Kwame Boateng is here too.')", timeout=15_000)
    approver.click("text=Write a message or a note")
    approver.fill("textarea[name=body]", "Where is the parcel?")
    place = agent.evaluate("() => document.querySelector('#decide').getBoundingClientRect().top")
    approver.click("form[action*=message] button.primary")
    approver.wait_for_selector("main .notice.good")
    agent.wait_for_selector(".case-new:has-text('1 new thing: Message or note (Kwame Boateng)')", timeout=15_000)
    agent.wait_for_selector("article.message.fresh:has-text('Where is the parcel?')", timeout=15_000)
    now = agent.evaluate("() => document.querySelector('#decide').getBoundingClientRect().top")
    assert abs(now - place) < 1, "of a pixel, to which a browser scrolls"
    assert agent.evaluate("document.activeElement.name") == "reason"
    agent.click(".case-new a")
    agent.wait_for_selector("article.message:not(.fresh):has-text('Where is the parcel?')")
    assert agent.input_value("#decide textarea[name=reason]") == "Half of it came, and"
    assert agent.locator(".case-new").count() == 0


def test_what_is_selected_stays_selected_while_a_message_and_a_decision_come_in(someone: Someone) -> None:
    agent, approver = someone("agent"), someone("approver")
    case = a_case(agent, 2)
    agent.click("text=Write a message or a note")
    agent.fill("textarea[name=body]", "Half a sentence")
    agent.evaluate("() => getSelection().selectAllChildren(document.querySelector('#case-timeline .timeline-title'))")
    chosen = agent.evaluate("String(getSelection())")
    approver.goto(case)
    approver.check("input[name=resolution][value=refund_to_buyer]")
    approver.select_option("[name=code]", index=1)
    approver.fill("#decide textarea[name=reason]", "It never came.")
    approver.locator("button", has_text="Preview the decision").click()
    approver.click("form.action-form button.primary")
    approver.wait_for_selector("main .notice.good")
    agent.wait_for_selector("#case-proposal .notice, #case-decision .card:has-text('It never came.')", timeout=15_000)
    assert agent.evaluate("String(getSelection())") == chosen
    assert agent.input_value("textarea[name=body]") == "Half a sentence"
    moments = agent.locator("#case-timeline li").count()
    agent.evaluate("getSelection().removeAllRanges()")
    agent.wait_for_function("before => document.querySelectorAll('#case-timeline li').length > before", arg=moments)


def test_what_is_typed_survives_a_reload_a_closed_tab_and_a_lost_session_and_ends_when_it_is_sent(
    someone: Someone,
) -> None:
    agent = someone("agent")
    case = a_case(agent, 4)
    agent.click("text=Write a message or a note")
    agent.check("input[name=audience][value=internal]")
    agent.fill("textarea[name=body]", "Asked the courier.")
    agent.reload()
    assert agent.input_value("textarea[name=body]") == "Asked the courier."
    assert agent.is_checked("input[name=audience][value=internal]")
    assert agent.is_visible("form[action*=message] [data-draft-note]")

    other_tab = agent.context.new_page()
    agent.close()
    other_tab.goto(case)
    assert other_tab.input_value("textarea[name=body]") == "Asked the courier."
    other_tab.context.clear_cookies()
    other_tab.reload()
    other_tab.wait_for_selector("[name=password]")
    sign_in(other_tab, "agent")
    other_tab.goto(case)
    assert other_tab.input_value("textarea[name=body]") == "Asked the courier."
    other_tab.click("form[action*=message] button.primary")
    other_tab.wait_for_selector("main .notice.good")
    assert other_tab.input_value("textarea[name=body]") == ""
    assert drafts_in(other_tab) == []


def test_a_draft_is_nobody_elses_and_no_secret_is_one(someone: Someone) -> None:
    agent = someone("agent")
    case = a_case(agent, 5)
    agent.fill("#decide textarea[name=reason]", "Between us:")
    agent.reload()
    assert len(drafts_in(agent)) == 1
    agent.context.clear_cookies()
    agent.goto("/sign-in")
    sign_in(agent, "approver")
    assert drafts_in(agent) == []
    agent.goto(case)
    assert agent.input_value("#decide textarea[name=reason]") == ""
    agent.fill("#decide textarea[name=reason]", "Mine.")
    agent.reload()
    assert len(drafts_in(agent)) == 1
    agent.locator("form[action$='sign-out'] button:visible").click()
    agent.wait_for_selector("[name=password]")
    assert drafts_in(agent) == []

    admin = someone("admin")
    admin.goto("/profile")
    for secret in admin.locator("main input[type=password]").all():
        secret.fill("seven quiet herons")
    admin.reload()
    assert drafts_in(admin) == []


def test_a_canned_reply_is_put_where_the_cursor_is_and_sent_whole(someone: Someone) -> None:
    approver, agent = someone("approver"), someone("agent")
    approver.goto("/replies/add")
    approver.fill("[name=title]", "Tracking")
    approver.fill("[name=body]", "Dear {party}, where is order {order}? {marketplace}")
    approver.check("[name=shared]")
    approver.click("form.action-form button.primary")
    approver.wait_for_selector("main .notice.good")

    a_case(agent, 6)
    agent.click("text=Write a message or a note")
    agent.check("input[name=audience][value=seller]")
    agent.fill("#m-body", "Hello! ")
    agent.select_option("#m-body-reply", label="Tracking")
    agent.click(".reply-choice button")
    agent.wait_for_selector(".reply-choice [role=status]:has-text('{marketplace} could not be filled in')")
    text = agent.input_value("#m-body")
    assert text.startswith("Hello! Dear ")
    assert text.endswith("? {marketplace}")
    agent.click("form[action*=message] button.primary")
    agent.wait_for_selector("main .error:has-text('{marketplace} is not filled in')")
    agent.fill("[name=body]", text.removesuffix(" {marketplace}"))
    agent.click("form.action-form button.primary")
    agent.wait_for_selector("article.message:has-text('Hello! Dear ')")


def test_evidence_is_pasted_survives_a_lost_network_and_opens_large(someone: Someone) -> None:
    agent = someone("agent")
    case = a_case(agent, 7)
    agent.evaluate(_PASTE)
    status = agent.locator("[data-upload-status]")
    assert status.inner_text() == "image.png"
    agent.check("form[data-upload] input[value=seller]")
    agent.context.set_offline(True)
    agent.click("form[data-upload] button.primary")
    agent.wait_for_selector("[data-upload-status]:has-text('The network was lost before the file had arrived.')")
    assert agent.is_checked("form[data-upload] input[value=seller]")
    agent.context.set_offline(False)
    agent.click("form[data-upload] button.primary")
    agent.wait_for_selector("main .notice.good:has-text('The file is staged.')")

    dialogs: list[Any] = []
    agent.on("dialog", lambda asked: dialogs.append(asked))
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(2)</script></svg>'
    attach(agent, "evil.png", svg)
    attach(agent, "nothing.png", b"PK\x03\x04" + b"\0" * 60, taken=False)
    assert "this is something else" in status.inner_text()

    agent.goto(case)
    agent.locator("li.evidence a", has_text="image.png").click()
    agent.wait_for_selector("dialog[open] .zoom img")
    width = agent.evaluate("document.querySelector('dialog .zoom img').clientWidth")
    agent.click("dialog .zoom img")
    assert agent.evaluate("document.querySelector('dialog .zoom img').clientWidth") > width
    agent.select_option("dialog #beside", label="evil.txt")
    agent.wait_for_selector("dialog .pieces.two .zoom.text:has-text('<script>alert(2)</script>')")
    agent.keyboard.press("Escape")
    assert agent.locator("dialog[open]").count() == 0
    assert agent.url == case
    assert dialogs == []


def attach(page: Any, name: str, data: bytes, *, taken: bool = True) -> None:
    """Send a file from the page of a case."""
    page.click("details summary:text-is('Add a file')")
    page.set_input_files("form[data-upload] input[type=file]", {"name": name, "mimeType": "image/png", "buffer": data})
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        page.click("form[data-upload] button.primary")
    page.wait_for_selector(
        "main .notice.good" if taken else "[data-upload-status]:has-text('Only PDF')", state="visible"
    )


_PASTE = """async () => {
    const canvas = document.createElement("canvas");
    canvas.getContext("2d").fillRect(0, 0, 100, 50);
    const picture = await new Promise((done) => canvas.toBlob(done));
    const clipboard = new DataTransfer();
    clipboard.items.add(new File([picture], "image.png", { type: "image/png" }));
    const pasted = { clipboardData: clipboard, bubbles: true, cancelable: true };
    document.body.dispatchEvent(new ClipboardEvent("paste", pasted));
}"""


def sign_in(page: Any, role: str) -> None:
    email, password = PASSWORDS[role]
    page.fill("[name=email]", email)
    page.fill("[name=password]", password)
    page.click("main form button")
    page.wait_for_selector("nav", state="attached")


def drafts_in(page: Any) -> list[str]:
    """The names under which the browser keeps drafts."""
    return list(page.evaluate("Object.keys(localStorage).filter(key => key.startsWith('desk.draft.'))"))


def test_the_slider_and_both_shares_never_disagree(someone: Someone) -> None:
    agent = someone("agent")
    a_case(agent, 5)
    slider, buyer, seller = (agent.locator(f"[data-split-{part}]") for part in ("slider", "buyer", "seller"))
    assert "unset" in slider.get_attribute("class")
    for unreadable in ("1,00", "1e3", "0x10", "10.0055", "-5", "１００", "99999999999"):
        buyer.fill(unreadable)
        assert seller.input_value() == "", unreadable
        assert "unset" in slider.get_attribute("class"), unreadable
        assert agent.is_visible("[data-split-note]"), unreadable
        assert buyer.get_attribute("aria-invalid") == "true", unreadable
    slider.evaluate("field => { field.value = 25; field.dispatchEvent(new Event('input', { bubbles: true })); }")
    assert agent.is_checked("input[name=resolution][value=split]")
    assert not agent.is_visible("[data-split-note]")
    shares = buyer.input_value(), seller.input_value()
    assert all(shares)
    agent.fill("#decide textarea[name=reason]", "A quarter of it came back.")
    agent.wait_for_timeout(600)
    agent.reload()
    assert (buyer.input_value(), seller.input_value(), slider.input_value()) == (*shares, "25")
    assert slider.get_attribute("aria-valuetext") == "25 %"
