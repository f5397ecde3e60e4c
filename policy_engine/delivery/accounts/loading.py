"""Payee accounts taken over from a register in one go: the 一卡通 accounts of a whole city."""

from collections.abc import Iterable
from datetime import datetime

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.crypto import Vault
from kernel.ids import new_id
from policy_engine.delivery.accounts.models import PayeeAccount
from policy_engine.delivery.accounts.service import index_of, masked

CHUNK = 2_000


class RegisteredAccount(msgspec.Struct, frozen=True):
    """One line of the register: ``holder`` as the bank knows the name."""

    subject_id: int
    bank: str
    number: str
    holder: str


def load_accounts(session: Session, vault: Vault, rows: Iterable[RegisteredAccount], *, now: datetime) -> int:
    """Insert accounts of people who have none yet, each its holder's default; how many."""
    count = 0
    chunk: list[dict[str, object]] = []
    for row in rows:
        chunk.append(_columns(vault, row, now))
        count += 1
        if len(chunk) == CHUNK:
            session.execute(sa.insert(PayeeAccount), chunk)
            chunk = []
    if chunk:
        session.execute(sa.insert(PayeeAccount), chunk)
    return count


def _columns(vault: Vault, row: RegisteredAccount, now: datetime) -> dict[str, object]:
    account_id = new_id()
    return {
        "id": account_id,
        "subject_id": row.subject_id,
        "bank": row.bank,
        "masked": masked(row.number),
        "number_sealed": vault.seal(row.number, context=f"payee_account/number_sealed/{account_id}"),
        "number_index": index_of(vault, row.number),
        "holder_sealed": vault.seal(row.holder, context=f"payee_account/holder_sealed/{account_id}"),
        "source": "social_card",
        "is_default": True,
        "usable_from_at": now,
        "created_at": now,
    }
