"""Double entry of a pool: where its money is, and who bears what of the losses.

Money        funding (below nothing) → available → claimed → paid → available (recovered) | spent (written off)
Losses       losses (below nothing) → borne_bank, borne_guarantor, borne_pool, borne_city → losses (recovered) | written_off
Lower fees   fee_funding (below nothing) → fee_available → fee_paid

Every movement is one transaction whose entries sum to nothing, booked once per reference. Only sources fall below
nothing, so what is claimed and paid never exceeds what was put in.
"""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from kernel.errors import Conflict
from kernel.i18n import gettext as _
from kernel.ids import new_id
from portals.financing.guarantees.pool import repository
from portals.financing.guarantees.pool.models import Pool, PoolAccount, PoolEntry
from portals.financing.guarantees.pool.rules import PARTIES, Party

SOURCES: Final = frozenset({"funding", "losses", "fee_funding"})
#: Where the pool's own money can be.
MONEY: Final = frozenset({"available", "claimed", "paid", "spent", "fee_available", "fee_paid"})
ACCOUNTS: Final = (
    "funding",
    "available",
    "claimed",
    "paid",
    "spent",
    "losses",
    *(f"borne_{party}" for party in PARTIES),
    "written_off",
    "fee_funding",
    "fee_available",
    "fee_paid",
)


class ShortOfPool(Conflict):
    """The pool holds less than is asked for; nothing was booked."""

    slug, title = "short-of-pool", "资金池余额不足"


def open_pool(session: Session, code: str, *, now: datetime) -> Pool:
    """A pool with empty books; the one that is there when it was opened before."""
    known = repository.pool_named(session, code)
    if known is not None:
        return known
    pool = Pool(id=new_id(), code=code, opened_at=now)
    session.add(pool)
    session.flush()
    session.add_all(PoolAccount(pool_id=pool.id, name=name, balance_fen=0) for name in ACCOUNTS)
    session.flush()
    return pool


def book(
    session: Session,
    pool_id: uuid.UUID,
    kind: str,
    entries: Mapping[str, int],
    reference: str,
    *,
    object_id: uuid.UUID | None = None,
    note: str = "",
    by_id: int | None = None,
    now: datetime,
) -> bool:
    """Book one movement; False when it was booked before. Raises ``ShortOfPool`` and books nothing."""
    moved = {name: amount for name, amount in entries.items() if amount}
    if sum(moved.values()) != 0:
        raise ValueError(f"{kind}: the entries of a movement sum to nothing")
    accounts = repository.lock_accounts(session, pool_id, moved)
    if repository.is_booked(session, reference):
        return False
    for name, amount in moved.items():
        if name not in SOURCES and accounts[name].balance_fen + amount < 0:
            raise ShortOfPool(_("资金池余额不足，请先补充资金。"))
    transaction_id = repository.add_transaction(
        session, pool_id, kind, reference, object_id, note, by_id, now
    )
    if transaction_id is None:
        return False
    for name, amount in moved.items():
        session.add(PoolEntry(transaction_id=transaction_id, account_id=accounts[name].id, amount_fen=amount))
        accounts[name].balance_fen += amount
    session.flush()
    return True


def borne(parts: Mapping[Party, int], sign: int) -> dict[str, int]:
    """Entries of the parties' accounts."""
    return {f"borne_{party}": sign * amount for party, amount in parts.items()}


def defects(session: Session) -> list[str]:
    """Everything that does not add up in the pools' books; empty when all is well."""
    found = [
        f"transaction {number} does not balance" for number in repository.unbalanced_transactions(session)
    ]
    for pool in repository.pools(session):
        kept, summed = repository.balances(session, pool.id), repository.entry_sums(session, pool.id)
        if kept != summed:
            found.append(f"pool {pool.code}: balances {kept} but entries {summed}")
        if sum(kept.values()) != 0:
            found.append(f"pool {pool.code}: the accounts do not sum to nothing")
        if kept and kept["paid"] != kept["borne_pool"]:
            found.append(f"pool {pool.code}: paid {kept['paid']} but the pool bears {kept['borne_pool']}")
    return found
