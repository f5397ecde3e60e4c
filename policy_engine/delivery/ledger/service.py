"""Moving money between the pockets of a budget: appropriation → available → reserved → instructed → paid.

Every movement is one transaction with two entries that sum to nothing, booked once per reference. A pocket never
falls below zero, so what is reserved and paid can never exceed what was appropriated.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal, NamedTuple

from sqlalchemy.orm import Session

from kernel.errors import Conflict, InvalidInput, Unavailable
from kernel.i18n import gettext as _
from kernel.ids import new_id
from kernel.outbox import enqueue
from kernel.transparency import Recorded, record_many
from policy_engine.delivery.ledger import repository
from policy_engine.delivery.ledger.logged import KIND, contents_of, entry_of
from policy_engine.delivery.ledger.models import Budget, FundingAlarm, LedgerAccount

Pocket = Literal["appropriation", "available", "reserved", "instructed", "paid"]
POCKETS: tuple[Pocket, ...] = ("appropriation", "available", "reserved", "instructed", "paid")
RESERVE: Final = "reserve"


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
    budget = open_empty(
        session,
        policy_id=policy_id,
        division=division,
        year=year,
        appropriation=appropriation,
        kind=kind,
        fund_source=fund_source,
        now=now,
    )
    appropriate(session, budget.id, amount_fen, reference=f"{budget.id}:opening", now=now)
    return budget


def open_empty(
    session: Session,
    *,
    policy_id: str,
    division: str,
    year: int,
    appropriation: str,
    kind: Literal["entitlement", "quota"],
    fund_source: str,
    now: datetime,
) -> Budget:
    """The same without any money yet."""
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
    return budget


def reduce(session: Session, budget_id: uuid.UUID, amount_fen: int, *, reference: str, now: datetime) -> bool:
    """追减: take back money that nobody was promised; False when ``reference`` was booked before.

    Raises ``ShortOfFunds`` where less is available: what is set aside or on its way is not taken from anybody.
    """
    return move(session, budget_id, "reduce", "available", "appropriation", amount_fen, reference, now=now)


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
    movement = Movement(reference, amount_fen, payment_id, payee_account_id)
    moved = move_many(session, budget_id, kind, source, target, [movement], now=now)
    if moved.short:
        raise ShortOfFunds(_("预算可用资金不足。"))
    return reference in moved.new


class Movement(NamedTuple):
    """One sum to be moved; ``reference`` makes that it is moved once."""

    reference: str
    amount_fen: int
    payment_id: uuid.UUID | None = None
    payee_account_id: uuid.UUID | None = None


class Moved(NamedTuple):
    """By reference: what was booked now, and what the pocket had no money for. The rest was booked before."""

    new: frozenset[str]
    short: frozenset[str]


def move_many(
    session: Session,
    budget_id: uuid.UUID,
    kind: str,
    source: Pocket,
    target: Pocket,
    movements: Sequence[Movement],
    *,
    is_in_order: bool = False,
    now: datetime,
) -> Moved:
    """Book many movements between two pockets: each its own transaction and its own record in the log.

    What the pocket has no money for is left out; ``is_in_order`` leaves out all that come after it too.
    """
    if any(one.amount_fen <= 0 for one in movements):
        raise InvalidInput(_("金额必须大于零。"))
    pockets = repository.lock_accounts(session, budget_id, (source, target))
    if kind == RESERVE and repository.is_closed(session, budget_id):  # since the budget was looked up
        raise Unavailable(_("这一年度刚刚结转，请稍等几秒再试。"), retry_after=1)
    known = repository.booked_among(session, {one.reference for one in movements})
    left = None if source == "appropriation" else pockets[source].balance_fen
    booked: dict[str, tuple[repository.NewTransaction, int]] = {}
    short: set[str] = set()
    for one in movements:
        if one.reference in known or one.reference in booked:
            continue
        if left is not None and (one.amount_fen > left or (is_in_order and short)):
            short.add(one.reference)
            continue
        left = None if left is None else left - one.amount_fen
        transaction = repository.NewTransaction(
            new_id(), budget_id, kind, one.reference, one.payment_id, one.payee_account_id, now
        )
        booked[one.reference] = (transaction, one.amount_fen)
    if booked:
        repository.add_transactions(session, pockets[source], pockets[target], list(booked.values()))
        said = contents_of(
            session,
            {
                transaction.id: [entry_of(source, -amount_fen), entry_of(target, amount_fen)]
                for transaction, amount_fen in booked.values()
            },
        )
        record_many(session, [Recorded(KIND, number, said[number]) for number in said], now=now)
    return Moved(frozenset(booked), frozenset(short))


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
    return found + promises_out_of_balance(session)


def promises_out_of_balance(session: Session) -> list[str]:
    """Budgets that hold another sum than their payments were promised or have on their way."""
    held = repository.held_by_payments(session)
    found = []
    for budget in repository.budgets(session):
        kept = repository.balances(session, budget.id)
        for pocket in ("reserved", "instructed"):
            promised = held.get((budget.id, pocket), 0)
            if kept[pocket] != promised:
                found.append(
                    f"budget {budget.appropriation}: {pocket} {kept[pocket]} but its payments {promised}"
                )
    return found
