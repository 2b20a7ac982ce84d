"""The page about the architecture is held against the code, and so is every page in the paths and names that it has."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

from tests.support.paths import ROOT
from webapp.models.base import Base

ARCHITECTURE = ROOT / "docs" / "architecture.md"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
OF_THE_PAST = "CHANGELOG.md"
"""It names what is there no more."""
LAYERS = ("services", "admin", "api", "jobs", "providers")


def block(title: str) -> str:
    """The fenced block below a heading."""
    found = re.search(rf"^## {re.escape(title)}$.*?^```\n(.*?)^```$", ARCHITECTURE.read_text(), re.M | re.S)
    assert found, f"docs/architecture.md has no block under {title!r}"
    return found[1]


def contract(name: str) -> list[set[str]]:
    """The layers of an import contract, highest first, each with its modules by their last name."""
    known = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(each["layers"] for each in known if each["name"] == name)
    return [{module.strip().rpartition(".")[2] for module in re.split(r"[|:]", layer)} for layer in layers]


def test_the_picture_of_the_layers_is_the_import_contract() -> None:
    drawn = [set(line.split("|")[0].replace(",", " ").split()) for line in block("Layers").splitlines()]
    assert drawn == contract("Imports run one way")


def test_the_picture_of_the_subjects_is_the_folders() -> None:
    section = ARCHITECTURE.read_text().split("## Subjects")[1].split("\n## ")[0]
    rows = [line.split("|")[1:-1] for line in section.splitlines() if line.startswith("| ")][1:]
    drawn = {layer: set[str]() for layer in LAYERS}
    for row in rows:
        for layer, cell in zip(LAYERS, row[1:], strict=True):
            drawn[layer] |= set(re.findall(r"`([\w/.]+)`", cell))
    there = {
        layer: {
            each.name
            for each in (ROOT / "webapp" / layer).iterdir()
            if (each.is_dir() and (each / "__init__.py").exists()) or (each.suffix == ".py" and each.stem != "__init__")
        }
        for layer in LAYERS
    }
    assert drawn == there, "the table of subjects in docs/architecture.md names every package and module of a layer"


def test_the_picture_of_the_tables_is_the_models() -> None:
    named = re.findall(r"[a-z_]+", re.sub(r"^.*?:", "", block("Tables"), flags=re.M))
    assert sorted(named) == sorted(Base.metadata.tables), "docs/architecture.md names every table under Tables"


def names_in(file: Path) -> set[str]:
    """Every function, class, method and constant of a module."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
    return found


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.name != OF_THE_PAST], ids=lambda page: str(page.relative_to(ROOT))
)
def test_what_a_document_names_is_there(page: Path) -> None:
    missing = []
    for path, name in re.findall(
        r"`((?:webapp|tests|templates|static|docs|bench|tools)/[\w./-]*)(?:::?(\w+))?`", page.read_text()
    ):
        there = ROOT / path
        if not there.exists() or (name and name not in names_in(there)):
            missing.append(f"{path}:{name}" if name else path)
    assert missing == []
