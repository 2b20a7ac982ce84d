"""What processes that tests fork have imported already: every command of the desk, and what it imports as it runs."""

import importlib

from webapp.cli import COMMANDS
from webapp.local import forked

for path in COMMANDS.values():
    importlib.import_module(path.partition(":")[0])
forked.preload()
