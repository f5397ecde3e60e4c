"""Setting money aside for payments that are due. An entitlement without money waits and alarms finance; a quota's
line keeps the order of decision."""

import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TypeAlias

from sqlalchemy.orm import Session

from policy_engine.delivery.cases.letters import Letter, tell_all
from policy_engine.delivery.cases.timeline import SYSTEM
from policy_engine.delivery.ledger import repository as ledger_rows
from policy_engine.delivery.ledger import service as ledger
from policy_engine.delivery.ledger.models import Budget
from policy_engine.delivery.payments import repository
from policy_engine.delivery.payments.booking import book_in, reference
from policy_engine.delivery.payments.history import Happened, log_all
from policy_engine.delivery.payments.models import Payment
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.states import PAYMENT, PaymentState
from policy_engine.delivery.terms import Terms

S = PaymentState
#: A payment with the terms it is made under.
Due: TypeAlias = tuple[Payment, Terms]


def reserve_all(
    session: Session, ports: Ports, due: Sequence[Due], *, now: datetime, is_in_turn: bool = False
) -> set[uuid.UUID]:
    """Set money aside for as many as there is money for, in their order; which those are.

    ``is_in_turn``: whose turn in a quota's line it is.
    """
    served: set[uuid.UUID] = set()
    for budget, is_quota, asking in _by_budget(session, due):
        served |= _reserve_in(
            session, ports, budget, asking, is_quota=is_quota, is_in_turn=is_in_turn, now=now
        )
    _wait(session, [one for one in due if one[0].id not in served], now=now)
    session.flush()
    return served


def reserve_waiting(
    session: Session, ports: Ports, budget: Budget, *, now: datetime, limit: int = 500
) -> int:
    """Serve those who wait for a budget, in the order of decision, until its money ends; how many were served."""
    waiting = repository.lock_waiting(session, budget, limit)
    terms = TermsInForce(session, ports)
    due = [(one, terms.of(one.policy_id, one.policy_version)) for one in waiting]
    served = reserve_all(session, ports, due, now=now, is_in_turn=True)
    helped = {(one.policy_id, one.division, one.due_on.year) for one in waiting if one.id in served}
    for policy_id, division, year in sorted(helped):
        ledger.clear_alarm(session, policy_id, division, year, now=now)
    return len(served)


class TermsInForce:
    """Terms of versions, each read once for a transaction."""

    def __init__(self, session: Session, ports: Ports) -> None:
        self._session = session
        self._ports = ports
        self._known: dict[tuple[str, int], Terms] = {}

    def of(self, policy_id: str, version: int) -> Terms:
        key = (policy_id, version)
        if key not in self._known:
            self._known[key] = self._ports.terms(self._session, policy_id, version)
        return self._known[key]


def _by_budget(session: Session, due: Sequence[Due]) -> Iterator[tuple[Budget, bool, list[Due]]]:
    """(budget, whether it is a quota's, who asks for its money), budgets in one order for everybody."""
    found: dict[tuple[str, str, str, int], Budget | None] = {}
    asking: defaultdict[tuple[uuid.UUID, bool], list[Due]] = defaultdict(list)
    budgets: dict[uuid.UUID, Budget] = {}
    for payment, terms in due:
        key = (payment.policy_id, payment.division, terms.fund_source, payment.due_on.year)
        if key not in found:
            found[key] = ledger_rows.find_budget(session, *key)
        budget = found[key]
        if budget is not None:
            budgets[budget.id] = budget
            asking[budget.id, terms.funding == "quota"].append((payment, terms))
    for number, is_quota in sorted(asking):
        yield budgets[number], is_quota, asking[number, is_quota]


def _reserve_in(
    session: Session,
    ports: Ports,
    budget: Budget,
    asking: Sequence[Due],
    *,
    is_quota: bool,
    is_in_turn: bool,
    now: datetime,
) -> set[uuid.UUID]:
    for payment, _ in asking:
        payment.budget_id = budget.id
    if is_quota and not is_in_turn:
        ledger_rows.lock_accounts(
            session, budget.id, ("available", "reserved")
        )  # nobody joins the line meanwhile
        if repository.has_waiting(session, budget.id):
            return set()
    short = book_in(
        session,
        budget.id,
        [payment for payment, _ in asking],
        "reserve",
        is_in_order=is_quota or is_in_turn,
        now=now,
    )
    reserved = [(payment, terms) for payment, terms in asking if reference(payment, "reserve") not in short]
    happened = []
    for payment, _ in reserved:
        before = payment.state
        target = S.RESERVED if payment.account_id is not None else S.ACCOUNT_MISSING
        payment.state = PAYMENT.move(S(before), "reserve", target)
        happened.append(Happened(payment, f"payment.{payment.state}", before))
    log_all(session, happened, SYSTEM, now=now)
    missing = [one for one in reserved if one[0].state == S.ACCOUNT_MISSING]
    tell_all(session, ports, [_ask_for_account(*one) for one in missing], now=now)
    return {payment.id for payment, _ in reserved}


def _wait(session: Session, due: Sequence[Due], *, now: datetime) -> None:
    happened = []
    for payment, terms in due:
        before = payment.state
        payment.state = PAYMENT.move(S(before), "waitlist" if terms.funding == "quota" else "await_funds")
        if payment.state != before:
            happened.append(Happened(payment, f"payment.{payment.state}", before))
    log_all(session, happened, SYSTEM, now=now)
    lacking = {
        (one.policy_id, one.division, one.due_on.year) for one, terms in due if terms.funding == "entitlement"
    }
    for policy_id, division, year in sorted(lacking):
        ledger.raise_alarm(session, policy_id, division, year, now=now)


def _ask_for_account(payment: Payment, terms: Terms) -> Letter:
    return Letter(
        payment.subject_id,
        "payment.account_missing",
        f"{terms.title}：请补充收款账户",
        "款项已为您预留，补充收款账户后即可发放；也可由社区工作人员上门协助。",
        f"/claims/{payment.claim_id}",
    )
