"""`desk ledger mirror`: a database that kept its own ledger until now."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.conftest import SECRET
from tests.mirror.conftest import BLNK, Outfit, statuses, theirs, trade
from webapp.commands.ledger import command
from webapp.sandbox import Served


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


def test_everything_from_before_is_sent_and_a_second_time_nothing(
    outfit: Outfit, served: Served, database_url: str, tmp_path: Path
) -> None:
    trade(outfit(), 5)
    environment = {
        "DATABASE_URL": database_url,
        "VAR_DIR": str(tmp_path),
        "SECRET_KEY": SECRET,
        "LEDGER": "blnk",
        "BLNK_API_KEY": BLNK["blnk_api_key"],
        "BLNK_URL": f"{served.url}/blnk",
        "REDIS_URL": "unix:///nonexistent/redis.sock",
    }

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
