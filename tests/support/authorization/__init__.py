"""The authorization matrix: what the running desk answers to each kind of caller at each of its addresses.

`python -m tests.support.authorization` prints the page that is kept as `docs/security/authorization.md`; with `--keep`
it keeps it.
"""
