"""The desk command, its chunks small and slow."""

from tests.faults.slowly import slow_down
from webapp.cli import main

slow_down()
main()
