"""What stands in deploy/: each file is checked by the tool that reads it."""
