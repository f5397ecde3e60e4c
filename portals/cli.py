"""``dongchu``: everything an operator does from a shell. Each command says with ``--help`` what it needs."""

import importlib
from typing import Any

import click

from portals.starting import starting

#: Command -> where it lives; imported only when called, so that ``dongchu --help`` is quick.
COMMANDS = {
    "run": ("portals.commands.serving", "run"),
    "serve": ("portals.commands.serving", "serve_portals"),
    "worker": ("portals.commands.serving", "work"),
    "migrate": ("portals.commands.store", "migrate_store"),
    "backup": ("portals.commands.store", "backup"),
    "restore": ("portals.commands.store", "restore"),
    "keys": ("portals.commands.keys", "key_commands"),
    "audit": ("portals.commands.store", "audit_commands"),
    "demo": ("portals.commands.demo", "demo_commands"),
    "match": ("portals.commands.matching", "match"),
    "city": ("policy_engine.profiles.cli", "city_commands"),
    "facts": ("portals.commands.facts", "facts_commands"),
    "decision": ("portals.commands.decisions", "decision_commands"),
    "policy": ("portals.commands.policies", "policy_commands"),
    "log": ("portals.commands.log", "log_commands"),
    "licence": ("portals.commands.licences", "licence_commands"),
    "client": ("identity.cli", "client_commands"),
    "system": ("portals.commands.systems", "system_commands"),
    "bank": ("portals.commands.banks", "bank_commands"),
}


class LazyGroup(click.Group):
    """Knows its commands by name and imports one when it is wanted."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name]
        with starting():
            command: Any = getattr(importlib.import_module(module), name)
        return command


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Dongchu: three portals, one identity, e-licences and a policy engine that makes benefits find people.

    State lives under DONGCHU_HOME (default ./var). Start with `dongchu run`.
    """


if __name__ == "__main__":
    main()
