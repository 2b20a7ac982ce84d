"""`python -m soak.skewed SECONDS worker`: a desk process on a machine whose clock is off by so much."""

import sys
from datetime import datetime, timedelta

from webapp import cli, clock


def main() -> None:
    """Let the machine's clock be off, then be the process."""
    offset, true = timedelta(seconds=float(sys.argv.pop(1))), clock.local

    def local() -> datetime:
        return true() + offset

    clock.local = local
    cli.main()


if __name__ == "__main__":
    main()
