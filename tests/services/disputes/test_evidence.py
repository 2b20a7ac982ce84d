"""Evidence as a file: what was attached is what is fetched."""

from pathlib import Path

import pytest

from tests.support.market import AMINA, Market
from webapp import clock
from webapp.errors import Conflict
from webapp.runtime import Runtime
from webapp.services.disputes import evidence


def test_a_file_that_was_changed_or_taken_away_on_disk_is_not_given_out(
    sqlite_runtime: Runtime, tmp_path: Path
) -> None:
    with sqlite_runtime.db.transaction() as session:
        market = Market(session, sqlite_runtime, at=clock.now())
        row = evidence.attach_file(
            session,
            market.dispute().id,
            side="buyer",
            name="letter.txt",
            data=b"It never came.",
            folder=tmp_path / "evidence",
            at=clock.now(),
            actor=AMINA,
            settings=sqlite_runtime.settings,
        )
        number = row.id
    with sqlite_runtime.db.reading() as session:
        _row, file = evidence.content(session, number, tmp_path / "evidence")
        file.write_bytes(b"It did come.")
        with pytest.raises(Conflict, match="is missing or was changed on disk"):
            evidence.content(session, number, tmp_path / "evidence")
        file.unlink()
        with pytest.raises(Conflict, match="is missing or was changed on disk"):
            evidence.content(session, number, tmp_path / "evidence")
