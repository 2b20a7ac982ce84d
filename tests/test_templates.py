"""A name that a template takes from its view is never hidden by one that the template around it makes or imports."""

from collections.abc import Iterator
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
