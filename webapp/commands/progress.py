"""Progress on standard error: one line that moves on a terminal, a line every two seconds elsewhere."""

import sys
import time

import click

_WIDTH = 30
_TERMINAL, _ELSEWHERE = 0.1, 2.0


class Progress:
    """How far something is. Says nothing about what takes less than a second."""

    def __init__(self) -> None:
        self._moving = sys.stderr.isatty()
        self._next = time.monotonic() + 1
        self._open = False

    def __call__(self, what: str, done: int, total: int) -> None:
        """So much of it is done."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + (_TERMINAL if self._moving else _ELSEWHERE)
        share = done / total if total else 1.0
        if self._moving:
            bar = "#" * round(share * _WIDTH)
            click.echo(f"\r{what:<9} [{bar:<{_WIDTH}}] {share:4.0%}", err=True, nl=False)
            self._open = True
        else:
            click.echo(f"{what} {share:.0%} ({done:,} of {total:,})", err=True)

    def close(self) -> None:
        """Leave the line to what comes next."""
        if self._open:
            click.echo(err=True)
            self._open = False
