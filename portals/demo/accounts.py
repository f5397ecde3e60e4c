"""Who one can sign in as: the list that is printed and that scripts and tests look people up in."""

from pathlib import Path

import msgspec

PASSWORD = "dongchu-demo-2026"  # noqa: S105 (printed at every start: the demonstration hides nothing)
FILE = "demo-accounts.json"


class DemoAccount(msgspec.Struct, frozen=True):
    """One way in. ``key`` is what tests and scripts look it up by; ``identifier`` (fictional, as everything) is what the
    simulated outside systems know the person by, ``uscc`` the enterprise they act for; codes to ``phone`` show at
    ``/simulators/money``."""

    key: str
    part: str
    part_en: str
    name: str
    login: str
    password: str
    portal: str
    identifier: str
    uscc: str = ""
    phone: str = ""


def write_accounts(home: Path, accounts: list[DemoAccount]) -> None:
    (home / FILE).write_bytes(msgspec.json.format(msgspec.json.encode(accounts), indent=1))


def read_accounts(home: Path) -> list[DemoAccount]:
    """The cast of the store in ``home``; empty when none was made there."""
    path = home / FILE
    return msgspec.json.decode(path.read_bytes(), type=list[DemoAccount]) if path.exists() else []
