"""The pages of the handbook: Markdown files of `docs/` as HTML, without a network and without raw HTML."""

import posixpath
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markupsafe import Markup
from mdit_py_plugins.anchors import anchors_plugin

from webapp.domain.words import phrase
from webapp.errors import NotFound
from webapp.project_folders import DOCS

_ENDING = ".md"
_DEEPEST = 6
_ELSEWHERE = ("#", "http:", "https:", "mailto:")


class HandbookPage(NamedTuple):
    """A title, and the rest as HTML."""

    title: str
    content: Markup


@cache
def names() -> tuple[str, ...]:
    """The pages that there are, such as `jobs` and `decisions/0001-scheduler`."""
    return tuple(sorted(path.relative_to(DOCS).with_suffix("").as_posix() for path in DOCS.rglob(f"*{_ENDING}")))


@cache
def read(name: str, root: str) -> HandbookPage:
    """A page, with links to its siblings below `root`. Raises NotFound."""
    if name not in names():
        raise NotFound(phrase("The handbook has no page %(name)s.", name=name))
    tokens = _markdown().parse(Path(DOCS, f"{name}{_ENDING}").read_text(encoding="utf-8"))
    title = tokens[1].content if tokens and tokens[0].type == "heading_open" else name
    body = tokens[3:] if title != name else tokens
    for token in body:
        _without_styles(token)
        _relink(token.children or [], name, root)
    return HandbookPage(title, Markup(_markdown().renderer.render(body, _markdown().options, {})))  # noqa: S704 - no raw HTML


@cache
def title_of(name: str) -> str:
    """What the page is called."""
    return read(name, "").title


@cache
def _markdown() -> MarkdownIt:
    made = MarkdownIt("commonmark", {"html": False}).enable("table")
    made.add_render_rule("fence", _fence)
    made.add_render_rule("code_block", _code_block)
    return made.use(anchors_plugin, max_level=_DEEPEST)


def _fence(renderer: RendererHTML, *of_the_block: Any) -> str:
    return _reached_by_keyboard(renderer.fence(*of_the_block))


def _code_block(renderer: RendererHTML, *of_the_block: Any) -> str:
    return _reached_by_keyboard(renderer.code_block(*of_the_block))


def _reached_by_keyboard(block: str) -> str:
    """A block of code may be wider than its page: whoever has no mouse scrolls it with the arrows (WCAG 2.1.1)."""
    return block.replace("<pre>", '<pre tabindex="0">', 1)


def _without_styles(token: Token) -> None:
    """The policy lets no style into an element: a column that is aligned to the right has a class instead."""
    style: Any = token.attrs.pop("style", None)
    if style and "right" in str(style):
        token.attrs["class"] = "number"


def _relink(tokens: Sequence[Token], name: str, root: str) -> None:
    """Let links lead to pages of the handbook; what lies elsewhere in the repository can't be followed from here."""
    for token in tokens:
        href = token.attrs.get("href")
        if not isinstance(href, str) or href.startswith(_ELSEWHERE):
            continue
        path, _, anchor = href.partition("#")
        target = posixpath.normpath(posixpath.join(posixpath.dirname(name), path)).removesuffix(_ENDING)
        if path.endswith(_ENDING) and target in names():
            token.attrs["href"] = f"{root}{target}" + (f"#{anchor}" if anchor else "")
        else:
            del token.attrs["href"]
