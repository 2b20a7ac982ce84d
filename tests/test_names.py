"""One name for one thing: private words stay out of the code, no two classes share a name, no folder is full."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from tests.support.paths import ROOT

CODE = [file for file in sorted((ROOT / "webapp").rglob("*.py")) if "versions" not in file.parts]

OLD_WORDS = {
    "agenda": "delayed_tasks",
    "asker": "principal",
    "carriers": "channels",
    "checkup": "health_checks",
    "chrome": "layout",
    "deeds?": "action",
    "doors?": "form_action",
    "fate": "scenario",
    "forgetting": "retention",
    "giving_up": "unpaid_orders",
    "hindrance": "disabled_reason",
    "house": "registry",
    "if_undone": "on_rollback",
    "incoming": "inbound_webhook",
    "judge": "evaluate",
    "lead": "intro",
    "leave": "disburse",
    "leftovers": "rq_cleanup",
    "looked": "fetched",
    "moods?": "fault_mode",
    "nouns?": "tag",
    "parcel": "delivery",
    "rulings?": "resolution",
    "said": "message",
    "sealing": "encryption",
    "standing_orders": "auto_deduct_mandates",
    "strikes": "login_throttle",
    "tales?": "description",
    "tidings": "webhook_payloads",
    "tiles": "summary",
    "told": "description",
    "told_apart": "separate_duplicates",
    "visitor": "login_user",
    "waves?": "provider_batches",
    "ways_back": "refund_routing",
}
"""What this project called things before it took the field's words. Nobody who searches for the subject finds them, and
each stood for several things; the word to use stands beside it."""

WRAPPING = {"Event", "Invalid", "Message", "Money", "Order", "Page", "Progress"}
"""Names of two classes of which one is the other at an edge (a row, a response, an envelope of a provider), as well as
the page and the order of a listing beside those of the API and of the marketplace."""

MOST_FILES = 22

OTHER_TESTS = {
    "browser",
    "deploy",
    "faults",
    "fuzz",
    "model",
    "races",
    "real",
    "soak",
    "support",
    "tools",
    "providers/third",
}
"""Folders of tests that stand for no package: what they prove goes through several, or they help."""


def test_old_words_stay_out_of_identifiers() -> None:
    old = re.compile("|".join(rf"(?:^|_){word}(?:_|$)" for word in OLD_WORDS))
    found = {
        f"{file.relative_to(ROOT)}: {name}"
        for file in CODE
        for name in _identifiers(file)
        if old.search(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower())
    }
    assert found == set(), f"Say instead: {OLD_WORDS}"


def test_no_two_classes_have_one_name() -> None:
    places = defaultdict(list)
    for file in CODE:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(f"{file.relative_to(ROOT)}:{node.lineno}")
    double = {name: where for name, where in places.items() if len(where) > 1}
    assert {name: where for name, where in double.items() if name not in WRAPPING} == {}


def test_no_folder_is_full() -> None:
    counts: dict[str, int] = defaultdict(int)
    for file in CODE:
        counts[str(file.parent.relative_to(ROOT))] += file.name != "__init__.py"
    assert {folder: count for folder, count in counts.items() if count > MOST_FILES} == {}


def test_tests_lie_where_the_code_lies() -> None:
    folders = {str(file.parent.relative_to(ROOT / "tests")) for file in (ROOT / "tests").glob("*/**/*.py")}
    besides = {
        each for each in folders if not any(each == other or each.startswith(f"{other}/") for other in OTHER_TESTS)
    }
    assert {each for each in besides if not (ROOT / "webapp" / each).is_dir()} == set()


def _identifiers(file: Path) -> Iterator[str]:
    """The names that a file defines or uses, and its own."""
    yield file.stem
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.alias):
            yield from (node.asname or node.name).split(".")
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
