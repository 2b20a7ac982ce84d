"""The `desk` command. Each subcommand is a module of its own, imported when it is asked for."""

import click

from webapp.commands.group import DeskGroup

COMMANDS = {
    "up": "webapp.local",
    "web": "webapp.commands.web",
    "worker": "webapp.commands.processes:worker",
    "scheduler": "webapp.commands.processes:scheduler",
    "migrate": "webapp.commands.migrate",
    "roles": "webapp.commands.migrate:of_roles",
    "doctor": "webapp.commands.doctor",
    "jobs": "webapp.commands.jobs",
    "run": "webapp.commands.run",
    "release-pending-payments": "webapp.commands.run:release_pending_payments",
    "eligible": "webapp.commands.eligible",
    "import": "webapp.commands.imports",
    "demo": "webapp.commands.demo",
    "sandbox": "webapp.commands.sandbox",
    "user": "webapp.commands.user",
    "token": "webapp.commands.token",
    "party": "webapp.commands.party",
    "ledger": "webapp.commands.ledger",
    "audit": "webapp.commands.audit",
    "archive": "webapp.commands.archive",
    "backup": "webapp.commands.backups:backup",
    "restore": "webapp.commands.backups:restore",
    "instance": "webapp.commands.backups:of_copies",
    "settings": "webapp.commands.configuration.settings",
    "secrets": "webapp.commands.configuration.secrets",
    "events": "webapp.commands.events",
}

main = click.version_option(package_name="escrow-desk")(
    DeskGroup("desk", COMMANDS, help="Escrow Desk: install it, run it, look after it.")
)
"""Exit codes: 0 done, 1 failed or found something wrong, 2 can't be done with this input or these settings."""

if __name__ == "__main__":
    main()
