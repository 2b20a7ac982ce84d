"""The reader that follows every link sees each of them."""

from tests.support.crawl import Link, links_of

PAGE = """
<!doctype html><link href="/static/desk.css"><script>var no = '<a href="/no">';</script><script src="/a.js"></script>
<!-- <a href="/no"> --><a class="brand > x" href="/?a=1&amp;b=2">Home</a><img src=/logo.png><p data-live='/live'></p>
<table><tr class="odd"><td><a href="/1">1</a><span class="badge good"> paid &amp; out </span></td></tr>
<tr><td><form method="post" action="/2"><b class="badge">held</b><b class="badges">no</b></form></td></tr></table>
<form action="/search"><a>nowhere</a></form><iframe src="/frame"></iframe>
"""


def test_every_link_is_read_with_the_state_of_its_row() -> None:
    assert links_of(PAGE) == [
        Link("/static/desk.css"),
        Link("/a.js"),
        Link("/?a=1&b=2", "brand > x"),
        Link("/logo.png"),
        Link("/live"),
        Link("/1", " paid & out"),
        Link("/2", " held", by_post=True),
        Link("/search"),
        Link("/frame"),
    ]
