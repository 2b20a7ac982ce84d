"""The subcommands of `desk`: each module has a `command`. They read input, call one service, and print."""
