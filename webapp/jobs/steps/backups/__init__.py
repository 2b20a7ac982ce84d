"""Making a backup, proving one, restoring one: the work on files, and with PostgreSQL's own programs."""
