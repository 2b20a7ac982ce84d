"""Whether a command line in a file of deploy/ is one that the desk understands."""

from collections.abc import Sequence

from click.testing import CliRunner

from webapp.cli import main


def understood(words: Sequence[str]) -> bool:
    """Whether there is this command with these options; it isn't carried out."""
    return CliRunner().invoke(main, [*words, "--help"]).exit_code == 0
