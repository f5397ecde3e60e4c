"""Who lives in the simulated world: loaded from the demonstration's city, fictional throughout."""

from collections.abc import Iterable

import msgspec

from connectors.simulators.store import Store
from kernel.crypto import sm3

BANK = "黄石模拟银行"
#: No issuer of cards has this prefix.
_ACCOUNT_PREFIX = "990000"


class SimulatedPerson(msgspec.Struct, frozen=True, kw_only=True):
    """``register_kind`` 1 城镇, 2 农村; ``account`` the number to open, or one is made unless ``has_account`` is false."""

    id_number: str
    name: str
    household_number: str
    division: str
    register_kind: str = "1"
    phone: str | None = None
    has_account: bool = True
    account: str | None = None


class SimulatedFirm(msgspec.Struct, frozen=True, kw_only=True):
    """``kind`` as the register codes it: 1000 企业, 4000 分支机构, 5200 社会服务机构, 9100 合作社, 9500
    个体工商户."""

    uscc: str
    name: str
    division: str
    representative_id_number: str | None = None
    representative_name: str | None = None
    account: str | None = None
    kind: str = "1000"
    head_office: str | None = None


def account_number_of(identifier: str) -> str:
    """The account the simulated bank opens for an id number or credit code: always the same, 19 digits, Luhn-valid."""
    digits = str(int.from_bytes(sm3(identifier.encode())[:8], "big"))[-12:].zfill(12)
    body = _ACCOUNT_PREFIX + digits
    return body + _luhn_digit(body)


def load(store: Store, people: Iterable[SimulatedPerson], firms: Iterable[SimulatedFirm] = ()) -> None:
    """Add people and firms, and open their accounts; loading the same ones again changes nothing."""
    people, firms = list(people), list(firms)
    with store.transaction():
        store.run_many(
            "INSERT OR IGNORE INTO person (id_number, name, phone, household_number, division, register_kind) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            [(p.id_number, p.name, p.phone, p.household_number, p.division, p.register_kind) for p in people],
        )
        store.run_many(
            "INSERT OR IGNORE INTO firm (uscc, name, division, representative_id_number, representative_name, "
            "kind, head_office) VALUES (?, ?, ?, ?, ?, ?, ?)",
            [_firm_row(firm) for firm in firms],
        )
        holders = [(p.id_number, p.name, p.account) for p in people if p.has_account]
        holders += [(f.uscc, f.name, f.account) for f in firms]
        store.run_many(
            "INSERT OR IGNORE INTO account (number, bank, holder_name, holder_identifier) VALUES (?, ?, ?, ?)",
            [(number or account_number_of(holder), BANK, name, holder) for holder, name, number in holders],
        )


def _firm_row(firm: SimulatedFirm) -> tuple[str | None, ...]:
    return (
        firm.uscc,
        firm.name,
        firm.division,
        firm.representative_id_number,
        firm.representative_name,
        firm.kind,
        firm.head_office,
    )


def _luhn_digit(body: str) -> str:
    total = 0
    for position, digit in enumerate(reversed(body)):
        doubled = int(digit) * 2 if position % 2 == 0 else int(digit)
        total += doubled - 9 if doubled > 9 else doubled
    return str(-total % 10)
