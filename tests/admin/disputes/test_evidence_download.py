"""Evidence leaves the desk as a file that no browser runs or keeps."""

from collections.abc import Callable

from flask.testing import FlaskClient

from tests.support.market import AMINA, Market
from webapp import clock
from webapp.runtime import Runtime
from webapp.services.disputes import evidence


def test_a_file_is_an_attachment_that_runs_nothing_and_is_kept_nowhere(
    desk: Runtime, sign_in: Callable[[str], FlaskClient]
) -> None:
    with desk.db.transaction() as session:
        dispute = Market(session, desk, at=clock.now()).dispute()
        row = evidence.attach_file(
            session,
            dispute.id,
            side="buyer",
            name='a "letter"; x=1.html',
            data=b"<script>alert(1)</script>",
            folder=desk.settings.var_dir / "evidence",
            at=clock.now(),
            actor=AMINA,
            settings=desk.settings,
        )
        path = f"/disputes/{dispute.id}/evidence/{row.id}"
    answer = sign_in("viewer").get(path, buffered=True)
    assert (answer.status_code, answer.mimetype) == (200, "text/plain")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="a \\"letter\\"; x=1.txt"'
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
