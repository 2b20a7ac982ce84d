"""A template hides no name that its view gives it, makes no white space where it would show, and names its icon."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment, FileSystemLoader, meta, nodes

from tests.support.paths import ROOT

FOLDER = ROOT / "templates"
TEMPLATES = sorted(str(file.relative_to(FOLDER)) for file in FOLDER.rglob("*.html"))
_LOADER = FileSystemLoader(FOLDER)
_JINJA = Environment(loader=_LOADER, extensions=["jinja2.ext.i18n", "jinja2.ext.do"], autoescape=True)


def tree(name: str) -> nodes.Template:
    return _JINJA.parse(_LOADER.get_source(_JINJA, name)[0])


def made_by(template: nodes.Template) -> set[str]:
    """The names at its top level: macros, imports and what it sets."""
    return {name for node in template.body for name in _names(node)}


def _names(node: nodes.Node) -> Iterator[str]:
    if isinstance(node, nodes.FromImport):
        yield from (each[1] if isinstance(each, tuple) else each for each in node.names)
    elif isinstance(node, nodes.Import):
        yield node.target
    elif isinstance(node, nodes.Macro):
        yield node.name
    elif isinstance(node, nodes.Assign | nodes.AssignBlock):
        yield from (each.name for each in node.find_all(nodes.Name) if each.ctx == "store")
    elif isinstance(node, nodes.Output):
        for block in node.find_all(nodes.Assign):
            yield from _names(block)


def around(template: nodes.Template) -> Iterator[tuple[str, nodes.Template]]:
    """The templates that it extends, the nearest first."""
    for extends in template.find_all(nodes.Extends):
        name: Any = extends.template
        parent = tree(name.value)
        yield name.value, parent
        yield from around(parent)


@pytest.mark.parametrize("name", TEMPLATES)
def test_no_name_of_a_view_is_hidden_by_the_template_around(name: str) -> None:
    template = tree(name)
    asked = meta.find_undeclared_variables(template) - made_by(template)
    hidden = {(each, parent) for parent, found in around(template) for each in made_by(found) & asked}
    assert hidden == set()


def _classes(pattern: str) -> str:
    """Of the style sheet: an alternation of the classes whose rule has it."""
    rules = re.findall(r"([^{}]+)\{([^{}]*)\}", (ROOT / "static" / "desk.css").read_text())
    return "|".join(
        {found for names, rule in rules if re.search(pattern, rule) for found in re.findall(r"\.([\w-]+)", names)}
    )


@pytest.mark.parametrize("name", TEMPLATES)
def test_what_shows_its_white_space_has_none_of_the_template_in_it(name: str) -> None:
    """The formatter gives a quotation lines of its own; where each line is shown, `{{-` and `-}}` take them out."""
    text = (FOLDER / name).read_text()
    shown = rf'<(\w+)[^<>]* class="(?:[^"]* )?(?:{_classes(r"white-space: pre")})(?: [^"]*)?"[^<>]*>(.*?)</\1>'
    inside = [_without_what_jinja_takes_out(found[1]) for found in re.findall(shown, text, re.DOTALL)]
    assert [each for each in inside if each != each.strip()] == []


def _without_what_jinja_takes_out(text: str) -> str:
    return re.sub(r"\s+(?=\{[{%#]-)|(?<=-[}%#]\})\s+", "", text)


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_cell_that_is_hidden_when_it_is_empty_can_be_empty(name: str) -> None:
    cells = re.findall(
        r'<td class="money"[^<>]*>(\s*\{%-? if (?:(?!</td>).)*\{% endif -?%\}\s*)</td>',
        (FOLDER / name).read_text(),
        re.DOTALL,
    )
    assert [each for each in cells if _without_what_jinja_takes_out(each) != each.strip()] == []


@pytest.mark.parametrize("name", [each for each in TEMPLATES if "</html>" in (FOLDER / each).read_text()])
def test_every_whole_page_names_its_icon(name: str) -> None:
    """Without one a browser asks for /favicon.ico, and its console says that there is none."""
    assert '<link rel="icon"' in (FOLDER / name).read_text()


@pytest.mark.parametrize("file", sorted((ROOT / "static").iterdir()), ids=lambda file: file.name)
def test_style_sheets_and_scripts_have_no_tabs_no_trailing_blanks_and_one_end_of_file(file: Path) -> None:
    text = file.read_text()
    assert re.findall(r"^.*(?:\t| $)", text, re.MULTILINE) == []
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
