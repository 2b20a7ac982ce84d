"""`desk ledger mirror`: a database that kept its own ledger until now."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.conftest import SECRET
from tests.providers.conftest import Outfit
from tests.sandbox.conftest import Caller
from tests.services.reconciliation.conftest import BLNK, statuses, theirs, trade
from webapp.commands.ledger import command
from webapp.sandbox import Served


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


def surroundings(database_url: str, folder: Path, served: Served) -> dict[str, str]:
    """The environment of a desk whose external ledger is the sandbox's Blnk."""
    return {
        "DATABASE_URL": database_url,
        "VAR_DIR": str(folder),
        "SECRET_KEY": SECRET,
        "LEDGER": "blnk",
        "BLNK_API_KEY": BLNK["blnk_api_key"],
        "BLNK_URL": f"{served.url}/blnk",
        "REDIS_URL": "unix:///nonexistent/redis.sock",
    }


def test_everything_from_before_is_sent_and_a_second_time_nothing(
    outfit: Outfit, served: Served, database_url: str, tmp_path: Path
) -> None:
    trade(outfit(), 5)
    environment = surroundings(database_url, tmp_path, served)

    first = CliRunner().invoke(command, ["mirror"], env=environment)
    second = CliRunner().invoke(command, ["mirror", "--json"], env=environment)

    assert (first.exit_code, second.exit_code) == (0, 0), first.output
    assert set(statuses(outfit())) == {"done"}
    assert sum(theirs(served).values()) == 0
    assert '"ok": true' in second.output


def test_without_an_external_ledger_it_says_what_to_set(database_url: str, tmp_path: Path) -> None:
    environment = {"DATABASE_URL": database_url, "VAR_DIR": str(tmp_path), "SECRET_KEY": SECRET, "LEDGER": "embedded"}
    refused = CliRunner().invoke(command, ["mirror"], env=environment)
    assert "LEDGER=blnk" in str(refused.exception)


def test_a_check_shows_what_is_missing_and_sends_it_when_that_is_confirmed(
    outfit: Outfit, served: Served, sandbox: Caller, database_url: str, tmp_path: Path
) -> None:
    environment = surroundings(database_url, tmp_path, served)
    trade(outfit(), 2)
    CliRunner().invoke(command, ["mirror"], env=environment)
    sandbox.control("blnk/lose")

    refused = CliRunner().invoke(command, ["mirror", "--check"], input="n\n", env=environment)
    verified = CliRunner().invoke(command, ["verify"], env=environment)
    done = CliRunner().invoke(command, ["mirror", "--check"], input="y\n", env=environment)
    again = CliRunner().invoke(command, ["mirror", "--check", "--json"], env=environment)

    assert "has 0 transfers, lacks 2, has 0 otherwise" in refused.output, refused.output
    assert refused.output.count("  Blnk has no ") == 2
    assert "Every book agrees" not in verified.output
    assert "blnk-transfers: asked at " in verified.output
    assert "Open in all: 2 discrepancies." in verified.output
    assert "has 2 transfers, lacks 0" in done.output, done.output
    assert '"ok": true' in again.output
    assert [each.exit_code for each in (refused, verified, done, again)] == [1, 1, 0, 0]


def test_verify_says_with_which_books_it_was_compared(
    outfit: Outfit, served: Served, database_url: str, tmp_path: Path
) -> None:
    environment = surroundings(database_url, tmp_path, served)
    trade(outfit(), 1)
    alone = CliRunner().invoke(command, ["verify"], env=environment)
    assert alone.output.splitlines() == [
        "The desk's own book agrees with itself.",
        "It was compared with no other book yet.",
    ]
    CliRunner().invoke(command, ["mirror"], env=environment)
    CliRunner().invoke(command, ["mirror", "--check"], env=environment)
    compared = CliRunner().invoke(command, ["verify"], env=environment)
    assert "; of 1 compared 1 agree." in compared.output
    assert (alone.exit_code, compared.exit_code) == (0, 0)
