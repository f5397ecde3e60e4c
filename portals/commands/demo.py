"""The demonstration from the shell: who can sign in, and moving its clock."""

import re
from datetime import timedelta

import click
import msgspec

from kernel.clock import SHANGHAI, ShiftedClock
from portals.commands.environment import read_settings
from portals.demo.accounts import read_accounts

_SPAN = re.compile(r"(\d{1,4})([dhm])")
_UNITS = {"d": "days", "h": "hours", "m": "minutes"}


@click.group("demo")
def demo_commands() -> None:
    """The demonstration: its logins and its clock."""


@demo_commands.command("accounts")
@click.option("--json", "is_json", is_flag=True, help="One JSON array instead of lines.")
def show_accounts(is_json: bool) -> None:
    """Print the demo logins of this store."""
    accounts = read_accounts(read_settings(is_demo=True).home)
    if not accounts:
        raise click.ClickException("No demo city here yet. Start one with: dongchu run")
    if is_json:
        click.echo(msgspec.json.encode(accounts).decode())
        return
    for one in accounts:
        click.echo(
            f"{one.login:28} {one.password}  {one.portal:11} {one.phone:11}  {one.name}  {one.part} · {one.part_en}"
        )


@demo_commands.command("clock")
@click.option("--forward", metavar="SPAN", help="How far: 30d, 12h or 45m. The clock never goes back.")
def move_clock(forward: str | None) -> None:
    """Show the demonstration's time, or move it forward: the next month's payments, a deadline, a birthday.

    A running demo follows at once. Whoever is signed in for longer than a session lasts must sign in again.
    """
    clock = ShiftedClock(read_settings(is_demo=True).home / "clock-shift")
    if forward:
        span = _SPAN.fullmatch(forward)
        if span is None:
            raise click.ClickException("Say how far as a number and d, h or m: --forward 30d")
        clock.move(timedelta(**{_UNITS[span[2]]: int(span[1])}))
    click.echo(clock.now().astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M Asia/Shanghai"))
