"""Templates lose their indentation and nothing else: no two words come together, and what is shown is not touched."""

from jinja2 import Environment

from webapp.admin.ui.unindented import Unindented

TEMPLATE = """<ul>
  {% for word in words %}
    <li>
      {% if word %}{{ word }}{% endif %}
      {{ word }}
    </li>
  {% endfor %}
</ul>
"""


def shown(words: list[str], *extensions: type[Unindented]) -> str:
    env = Environment(trim_blocks=True, lstrip_blocks=True, extensions=list(extensions), autoescape=True)
    return env.from_string(TEMPLATE).render(words=words)


def test_words_stay_apart_and_indentation_goes() -> None:
    words = ["one", "two\n    lines"]
    plain, short = shown(words), shown(words, Unindented)
    assert short.split() == plain.split()
    assert len(short) < len(plain)
    assert "two\n    lines" in short
    assert "one one" in " ".join(short.split())
