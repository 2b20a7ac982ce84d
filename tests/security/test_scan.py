"""Every page as each role, attacked in each address and form that the role meets (`make scan` does so for longer)."""

import pytest
from flask import Flask, make_response, redirect, request
from flask.typing import ResponseReturnValue

from tests.support.crawl import Answer, Crawl
from tests.support.desks_to_read import SignIn
from tests.support.scan import PROTECTIONS, Scan, written
from webapp.domain.permissions import ROLES

NOT_ASKED = ("/sign-out", "/profile/sessions", "/profile/password")
"""What would end the sign-in that scans."""


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("role", list(ROLES))
def test_no_page_does_what_strangers_write_into_it(into_demo: SignIn, role: str) -> None:
    reader = into_demo(role)
    opened = Crawl(reader).walk("/").opened
    scan = Scan(reader, NOT_ASKED, one_by_one=role == "admin").attack(opened)

    assert scan.found == []
    assert scan.asked > 100
    assert reader.get("/profile/").status_code == 200  # else it was no scan of what this role sees


@pytest.mark.long
def test_nothing_that_was_written_is_carried_out_where_it_is_shown(into_demo: SignIn) -> None:
    """After the attacks above, which left what they could."""
    opened = Crawl(into_demo("admin")).walk("/").opened
    assert [f"{each.address}: {wrong}" for each in opened for wrong in written(each.text)] == []


def _weak() -> Flask:
    app = Flask("weak")

    @app.route("/page")
    def page() -> ResponseReturnValue:
        return f"<p>{request.args.get('q', '')}</p>"

    @app.route("/break")
    def broken() -> ResponseReturnValue:
        return {"n": 1 // (len(request.args["q"]) < 3)}

    @app.route("/go", methods=["POST"])
    def go() -> ResponseReturnValue:
        answer = make_response(redirect(request.form["to"].splitlines()[0]))
        answer.headers.update(dict.fromkeys(PROTECTIONS, "as they are to be"))
        return answer

    return app


def test_the_scanner_notices_what_is_weak() -> None:
    form = '<form method="post" action="/go"><input name="to"><input name="csrf_token" value="t"></form>'
    pages = [Answer("/page?q=x", "/", 200, form), Answer("/break?q=x", "/", 200)]
    found = "\n".join(Scan(_weak().test_client()).attack(pages).found)
    assert "GET /page ['q']: markup is not escaped" in found
    assert "GET /page ['q']: it lacks Content-Security-Policy" in found
    assert "GET /break ['q']: it broke: 500" in found
    assert "POST /go ['csrf_token', 'to']: it leads to q9z7.example" in found
