"""Moving money between the pockets of a budget: appropriation → available → reserved → instructed → paid.

Every movement is one transaction with two entries that sum to nothing, booked once per reference. A pocket never
falls below zero, so what is reserved and paid can never exceed what was appropriated.
"""

import uuid
from datetime import datetime
from typing import Literal

from sqlalchemy.orm import Session

from kernel.errors import Conflict, InvalidInput
from kernel.i18n import gettext as _
from kernel.ids import new_id
from kernel.outbox import enqueue
from kernel.transparency import record as commit_to
from policy_engine.delivery.ledger import repository
from policy_engine.delivery.ledger.logged import KIND, contents
from policy_engine.delivery.ledger.models import Budget, FundingAlarm, LedgerAccount

Pocket = Literal["appropriation", "available", "reserved", "instructed", "paid"]
POCKETS: tuple[Pocket, ...] = ("appropriation", "available", "reserved", "instructed", "paid")


class ShortOfFunds(Conflict):
    """The pocket holds less than is asked for; nothing was booked."""

    slug, title = "short-of-funds", "资金不足"


def open_budget(
    session: Session,
    *,
    policy_id: str,
    division: str,
    year: int,
    appropriation: str,
    kind: Literal["entitlement", "quota"],
    amount_fen: int,
    fund_source: str = "fiscal",
    now: datetime,
) -> Budget:
    """A fiscal authority's budget for one policy and year, with its first appropriation booked."""
    budget = Budget(
        id=new_id(),
        policy_id=policy_id,
        division=division,
        fund_source=fund_source,
        year=year,
        appropriation=appropriation,
        kind=kind,
        opened_at=now,
    )
    session.add(budget)
    session.flush()
    session.add_all(LedgerAccount(budget_id=budget.id, name=name, balance_fen=0) for name in POCKETS)
    session.flush()
    appropriate(session, budget.id, amount_fen, reference=f"{budget.id}:opening", now=now)
    return budget


def appropriate(
    session: Session, budget_id: uuid.UUID, amount_fen: int, *, reference: str, now: datetime
) -> bool:
    """Add money to a budget, and serve those who wait for it; False when ``reference`` was booked before."""
    is_new = move(
        session, budget_id, "appropriate", "appropriation", "available", amount_fen, reference, now=now
    )
    if is_new:
        ask_to_serve_waiting(session, budget_id, now=now)
    return is_new


def ask_to_serve_waiting(session: Session, budget_id: uuid.UUID, *, now: datetime) -> None:
    """After the commit, money that became free goes to those who wait, in the order of decision."""
    enqueue(session, "payment.serve_waiting", f"budget:{budget_id}", {"budget_id": str(budget_id)}, now=now)


def move(
    session: Session,
    budget_id: uuid.UUID,
    kind: str,
    source: Pocket,
    target: Pocket,
    amount_fen: int,
    reference: str,
    *,
    payment_id: uuid.UUID | None = None,
    payee_account_id: uuid.UUID | None = None,
    now: datetime,
) -> bool:
    """Book one movement; False when it was booked before. Raises ``ShortOfFunds`` and books nothing."""
    if amount_fen <= 0:
        raise InvalidInput(_("金额必须大于零。"))
    pockets = repository.lock_accounts(session, budget_id, (source, target))
    if repository.is_booked(session, reference):
        return False
    if source != "appropriation" and pockets[source].balance_fen < amount_fen:
        raise ShortOfFunds(_("预算可用资金不足。"))
    transaction_id = repository.add_transaction(
        session, budget_id, kind, reference, payment_id, payee_account_id, now
    )
    if transaction_id is None:
        return False
    repository.add_entry(session, transaction_id, pockets[source], -amount_fen)
    repository.add_entry(session, transaction_id, pockets[target], amount_fen)
    session.flush()
    commit_to(session, KIND, transaction_id, contents(session, [transaction_id])[transaction_id], now=now)
    return True


def raise_alarm(session: Session, policy_id: str, division: str, year: int, *, now: datetime) -> None:
    """Tell finance that an entitlement lacks money; one open alarm per policy, place and year."""
    if repository.open_alarm(session, policy_id, division, year) is None:
        session.add(FundingAlarm(policy_id=policy_id, division=division, year=year, raised_at=now))
        session.flush()


def clear_alarm(session: Session, policy_id: str, division: str, year: int, *, now: datetime) -> None:
    alarm = repository.open_alarm(session, policy_id, division, year)
    if alarm is not None:
        alarm.cleared_at = now


def defects(session: Session) -> list[str]:
    """Everything that does not add up in the books; empty when all is well."""
    found = [
        f"transaction {number} does not balance" for number in repository.unbalanced_transactions(session)
    ]
    for budget in repository.budgets(session):
        kept, summed = repository.balances(session, budget.id), repository.entry_sums(session, budget.id)
        if kept != summed:
            found.append(f"budget {budget.appropriation}: balances {kept} but entries {summed}")
        if sum(kept.values()) != 0:
            found.append(f"budget {budget.appropriation}: the pockets do not sum to nothing")
    return found
