"""Print the matrix, or keep it: `python -m tests.support.authorization --keep`."""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.support.authorization import owned, page, routes, webhooks
from tests.support.authorization.callers import world
from webapp.migrations import upgrade


def main() -> None:
    """Ask a desk of its own in a folder that is gone afterwards."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--keep", action="store_true", help=f"write {page.KEPT}")
    given = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="desk-matrix-") as name:
        folder = Path(name)
        upgrade(f"sqlite:///{folder / 'template.sqlite3'}")
        with world(folder / "template.sqlite3", folder) as made:
            things = owned.observed(made)
            text = page.page(routes.observed(made), webhooks.observed(made), things)
    if given.keep:
        page.KEPT.parent.mkdir(exist_ok=True)
        page.KEPT.write_text(text)
    else:
        sys.stdout.write(text)


main()
