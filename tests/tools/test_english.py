"""No English sentence reaches a page or a letter past gettext: what people read is marked where it is written."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import translations

LAYERS = ("admin", "domain", "jobs", "security", "services")
MARKS = {"_", "_l", "gettext", "lazy_gettext", "ngettext", "phrase", "message", "counted", "count", "joined", "job"}
"""Calls whose texts catalogues have; a `job` declares its title, which `translations` reads off the registry."""
NOT_READ = {"Field", "LookupError", "NoResultFound", "RunLost", "RuntimeError", "TypeError", "execute", "text"}
"""Calls whose texts are for machines, logs and programmers."""
LOGGED = {"critical", "debug", "echo", "error", "exception", "info", "say", "warning"}
ELSEWHERE = {
    "domain/outbox/event_types.py": "the reference of webhooks, which programmers read",
    "domain/storefront/checks.py": "answers to a marketplace's own programs",
    "jobs/engine": "logs",
    "jobs/periodic/check_pending_payments.py": "a log",
    "jobs/processes": "logs, and the message of an outage: without its database the desk knows no language",
    "jobs/steps/backups": "the command line, logs, and what a backup's manifest says",
    "jobs/steps/outbox/channels.py": "what another's server answered, kept as it came",
    "services/common/replica.py": "logs, and hints for the command line",
    "services/data_protection": "the file that a party is given, which says what it has no more of",
    "services/monitoring/certificates.py": "hints for the command line",
    "services/monitoring/database_refusals.py": "hints in a server's own words, for the command line and logs",
    "services/monitoring/redis_health.py": "hints in a server's own words, for the command line and logs",
    "services/monitoring/replication.py": "hints for the command line",
    "services/notifications/messages/money_templates.py": "letters, whose sentences `translations` reads off the table",
    "services/notifications/messages/subscription_templates.py": "the same",
    "services/notifications/messages/templates.py": "the same",
    "services/reports": "one document for all who subscribe, which goes to other systems",
    "services/storefront": "answers to a marketplace's own programs",
}
"""Where English is right, or is so still, and why."""
AS_IT_IS = {
    "(the token of cron)": "the table of who may do what, which tests write",
    "Refund by the desk": "a provider's dashboard shows it",
    "The referrer does not match the host.": "Flask-WTF's own words, which it is known by",
    "a credential's id has at most 1,023 bytes": "a programmer's mistake",
    "the legs do not balance": "a programmer's mistake",
}
"""Single texts that are English for a reason of their own."""
_WORDS = re.compile(r"[^\W\d_]{2,}['’]?[a-z]*")
_FOR_MACHINES = re.compile(
    r"\b(SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|WHERE|TABLE|FROM)\b|TEXT|redis\.call|%[dHMY]|[<>=|;]|'none'|\bYYYY"
)
_CODES = re.compile(r"[A-Z\s]+")


def sentences(source: str) -> Iterator[tuple[int, str]]:
    """Texts in a module that read as English and that nothing marks, with their lines."""
    tree = ast.parse(source)
    above = {child: parent for parent in ast.walk(tree) for child in ast.iter_child_nodes(parent)}
    for node in ast.walk(tree):
        text = _text(node)
        if text and _reads_as_english(text) and not _is_marked(node, above):
            yield node.lineno, text  # type: ignore[attr-defined]


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(each.value) if isinstance(each, ast.Constant) else "…" for each in node.values)
    return ""


def _reads_as_english(text: str) -> bool:
    words = _WORDS.findall(text)
    is_sentence = text[:1].isupper() and text.rstrip().endswith((".", ":", "!", "?"))
    return (
        len(words) >= (3 if is_sentence else 4)
        and " " in text.strip()
        and not (_FOR_MACHINES.search(text) or _CODES.fullmatch(text))
    )


def _is_marked(node: ast.AST, above: dict[ast.AST, ast.AST]) -> bool:
    """Whether a mark, or what nobody reads, stands around it."""
    while node in above:
        parent = above[node]
        if isinstance(parent, ast.Expr | ast.JoinedStr):
            return True
        if isinstance(parent, ast.Call):
            name = getattr(parent.func, "id", getattr(parent.func, "attr", ""))
            if name in MARKS | NOT_READ | LOGGED:
                return True
        node = parent
    return False


def test_every_sentence_is_marked() -> None:
    webapp = Path(translations.ROOT, "webapp")
    found = [
        f"{file.relative_to(webapp)}:{line}: {text}"
        for layer in LAYERS
        for file in sorted((webapp / layer).rglob("*.py"))
        if not str(file.relative_to(webapp)).startswith(tuple(ELSEWHERE))
        for line, text in sentences(file.read_text())
        if text not in AS_IT_IS
    ]
    assert found == [], "wrap it in `phrase` (services, domain, jobs) or gettext (admin, security)"


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('raise Conflict("It is paid already.")', ["It is paid already."]),
        ('sentence = f"It was paid on {day}."', ["It was paid on …."]),
        ('raise Conflict(phrase("It is paid already."))', []),
        ('"""It is a docstring."""', []),
        ('log.info("it is paid already now")', []),
        ('KIND = "escrow.release"', []),
    ],
)
def test_the_scan_finds_what_is_read_and_nothing_else(source: str, found: list[str]) -> None:
    assert [text for _line, text in sentences(source)] == found


def test_each_exception_is_there() -> None:
    assert [path for path in ELSEWHERE if not Path(translations.ROOT, "webapp", path).exists()] == []


def test_templates_say_nothing_past_gettext() -> None:
    """Names, commands and keys are not words: they stand in `<code>` and `<kbd>`, or are listed here."""
    names = {"Escrow Desk", "PDF", "CSV", "SHA-256"}
    found = []
    for file in sorted(Path(translations.ROOT, "templates").rglob("*.html")):
        source = re.sub(r"\{#.*?#\}|<(script|style|code|kbd|pre)\b.*?</\1>", "", file.read_text(), flags=re.DOTALL)
        source = re.sub(r"\{%-?\s*trans\b.*?endtrans\s*-?%\}|\{\{.*?\}\}|\{%.*?%\}", "\n", source, flags=re.DOTALL)
        said = (part.strip(" ·\n\t") for part in re.split(r"<[^>]*>|\n", re.sub(r"&\w+;", "", source)))
        found += [f"{file.name}: {part}" for part in said if re.search(r"[A-Za-z]{2}", part) and part not in names]
    assert found == []
