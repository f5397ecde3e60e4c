"""Setting money aside for payments that are due. Who finds none waits in line (``payments.line``) and is told so; an
entitlement alarms finance as well. Nobody who comes later is served before whoever stands in the line."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TypeAlias

from sqlalchemy.orm import Session

from kernel.clock import business_date
from kernel.money import format_yuan
from kernel.wording import worded
from policy_engine.delivery.cases.letters import Letter, tell_all
from policy_engine.delivery.cases.timeline import SYSTEM
from policy_engine.delivery.ledger import repository as ledger_rows
from policy_engine.delivery.ledger import service as ledger
from policy_engine.delivery.ledger.models import Budget
from policy_engine.delivery.payments import line
from policy_engine.delivery.payments.booking import book_in, reference
from policy_engine.delivery.payments.history import Happened, log_all
from policy_engine.delivery.payments.models import Payment
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.states import PAYMENT, PaymentState
from policy_engine.delivery.terms import Terms

S = PaymentState
#: A payment with the terms it is made under.
Due: TypeAlias = tuple[Payment, Terms]
#: A budget, whether it is a quota's, and who asks for its money.
_Asking: TypeAlias = tuple[Budget, bool, list[Due]]


def reserve_all(session: Session, ports: Ports, due: Sequence[Due], *, now: datetime) -> set[uuid.UUID]:
    """Set money aside for as many newcomers as there is money for, in their order; which those are."""
    asking = _by_budget(session, due)
    return _reserve(session, ports, due, asking, is_in_turn=False, now=now)


def reserve_waiting(
    session: Session, ports: Ports, budget: Budget, *, now: datetime, limit: int = 500
) -> int:
    """Serve those who wait for a budget, in the order of their line, until its money ends; how many were served."""
    if budget.closed_at is not None:
        return 0  # they wait for the next year's by now
    waiting = line.lock_waiting(session, budget, limit, today=business_date(now))
    terms = TermsInForce(session, ports)
    due = [(one, terms.of(one.policy_id, one.policy_version)) for one in waiting]
    asking = _by_budget(session, due, turn_of=budget)
    served = _reserve(session, ports, due, asking, is_in_turn=True, now=now)
    helped = [(one, found) for one, found in due if one.id in served]
    tell_all(session, ports, [_funded(*one) for one in helped if one[0].account_id is not None], now=now)
    for policy_id, division, year in sorted({_alarmed(one) for one, _ in helped}):
        if not line.still_waits(session, policy_id, division, year):
            ledger.clear_alarm(session, policy_id, division, year, now=now)
    return len(served)


def _reserve(
    session: Session,
    ports: Ports,
    due: Sequence[Due],
    asking: Iterable[_Asking],
    *,
    is_in_turn: bool,
    now: datetime,
) -> set[uuid.UUID]:
    served: set[uuid.UUID] = set()
    for budget, is_quota, ones in asking:
        served |= _reserve_in(session, ports, budget, ones, is_quota=is_quota, is_in_turn=is_in_turn, now=now)
    _wait(session, ports, [one for one in due if one[0].id not in served], now=now)
    session.flush()
    return served


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


def _by_budget(session: Session, due: Sequence[Due], turn_of: Budget | None = None) -> Iterator[_Asking]:
    """Who asks which budget for money, budgets in one order for everybody.

    ``turn_of`` serves whoever waits for it or, in the same line, for one of an earlier year; who waited for any at all
    asks the nearest authority's of that year.
    """
    found: dict[tuple[str, str, str, int], Budget | None] = {}
    asking: defaultdict[tuple[uuid.UUID, bool], list[Due]] = defaultdict(list)
    budgets: dict[uuid.UUID, Budget] = {}
    for payment, terms in due:
        year = payment.due_on.year if turn_of is None else turn_of.year
        key = (payment.policy_id, payment.division, terms.fund_source, year)
        if payment.budget_id is not None and turn_of is not None:
            budget: Budget | None = turn_of
        else:
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
        payment.budget_id = payment.budget_id or budget.id
    if not is_in_turn:
        if is_quota:  # nobody joins the line meanwhile
            ledger_rows.lock_accounts(session, budget.id, ("available", "reserved"))
        if line.has_waiting(session, budget, today=business_date(now)):
            return set()
    before = {payment.id: (payment.state, payment.budget_id) for payment, _ in asking}
    for payment, _ in asking:  # before they are booked, so that a new one is written once, as it will stand
        target = S.RESERVED if payment.account_id is not None else S.ACCOUNT_MISSING
        payment.state, payment.budget_id = PAYMENT.move(S(payment.state), "reserve", target), budget.id
    short = book_in(
        session,
        budget.id,
        [payment for payment, _ in asking],
        "reserve",
        is_in_order=is_quota or is_in_turn,
        now=now,
    )
    reserved = []
    for payment, terms in asking:
        if reference(payment, "reserve") in short:
            payment.state, payment.budget_id = before[payment.id]
        else:
            reserved.append((payment, terms))
    log_all(
        session,
        [Happened(one, f"payment.{one.state}", before[one.id][0]) for one, _ in reserved],
        SYSTEM,
        now=now,
    )
    missing = [one for one in reserved if one[0].state == S.ACCOUNT_MISSING]
    tell_all(session, ports, [_ask_for_account(*one) for one in missing], now=now)
    return {payment.id for payment, _ in reserved}


def _wait(session: Session, ports: Ports, due: Sequence[Due], *, now: datetime) -> None:
    happened: list[Happened] = []
    letters: list[Letter] = []
    for payment, terms in due:
        before = payment.state
        payment.state = PAYMENT.move(S(before), "waitlist" if terms.funding == "quota" else "await_funds")
        if payment.state != before:
            happened.append(Happened(payment, f"payment.{payment.state}", before))
            letters.append(_not_yet_funded(payment, terms))
    log_all(session, happened, SYSTEM, now=now)
    tell_all(session, ports, letters, now=now)
    lacking = {_alarmed(one) for one, terms in due if terms.funding == "entitlement"}
    for policy_id, division, year in sorted(lacking):
        ledger.raise_alarm(session, policy_id, division, year, now=now)


def _alarmed(payment: Payment) -> tuple[str, str, int]:
    """What finance is told of: policy, place, and the year in which the money was due."""
    return payment.policy_id, payment.division, payment.due_on.year


def _not_yet_funded(payment: Payment, terms: Terms) -> Letter:
    return Letter(
        payment.subject_id,
        "payment.waits_for_funds",
        worded("%(policy)s：正在等待资金", policy=terms.named),
        worded(
            "%(period)s 的 %(yuan)s元 已经批准，资金还没有到位。"
            "您不用再办任何手续；资金到位后（包括下一年度的预算）按先后次序发放，不会因为等待而取消。",
            period=payment.period,
            yuan=format_yuan(payment.amount_fen),
        ),
        f"/claims/{payment.claim_id}",
    )


def _funded(payment: Payment, terms: Terms) -> Letter:
    return Letter(
        payment.subject_id,
        "payment.funded",
        worded("%(policy)s：资金已到位", policy=terms.named),
        worded(
            "%(period)s 的 %(yuan)s元 已为您预留，等待发放。",
            period=payment.period,
            yuan=format_yuan(payment.amount_fen),
        ),
        f"/claims/{payment.claim_id}",
    )


def _ask_for_account(payment: Payment, terms: Terms) -> Letter:
    return Letter(
        payment.subject_id,
        "payment.account_missing",
        worded("%(policy)s：请补充收款账户", policy=terms.named),
        worded("款项已为您预留，补充收款账户后即可发放；也可由社区工作人员上门协助。"),
        f"/claims/{payment.claim_id}",
    )
