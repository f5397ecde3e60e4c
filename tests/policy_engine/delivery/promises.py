"""What the design promises of claims and money, each promise a check of the whole store, asked after every step.

The source of each is named: D "Delivery" of the design page, S the state machines, P the numbered points of practice.

====================================================  =========================================================
every_movement_is_double_entry_and_logged_once        D every money movement is double-entry; P19 one leaf each
pockets_hold_what_payments_were_promised              D no payment without a reservation; S released exactly once
nothing_is_spent_beyond_the_appropriation             D reserved + paid ≤ budget, under concurrency
one_payment_for_a_unit_and_period                     D one payment per award × unit × period
no_period_gets_more_than_its_amount                   D nobody is paid twice; S underpaid → top_up
quotas_wait_in_the_order_of_decision                  D then a waiting list in order of decision
entitlements_are_never_refused_for_want_of_money      D, P3
what_is_claimed_is_pinned                             D a claim pins version and facts; a re-match changes neither
what_was_paid_stays_paid                              D a re-match never changes what was paid
what_a_person_held_only_a_person_frees                S hold: only an explicit resume; D
what_leaves_was_judged_again                          D before ``instructed`` evaluated on today's facts
nothing_held_is_under_way                             D a loss sets a hold; P5 nothing more goes to the dead
the_treasury_and_we_agree                             D idempotent: one order, one sum, paid there if paid here
nobody_is_asked_blindly_again                         D after a time-out ask by key before sending again
one_claim_and_one_award_at_a_time                     P2, S
persons_are_kept_apart                                P4, S: nobody acts twice, in their own affair, or pays it
refusals_are_numbered_and_named                       D every refusal can be appealed; P4
histories_are_legal_lives                             S every life, move by move
one_off_rights_end_with_their_payment                 S
new_accounts_rest_first                               P8 cooling-off
recovery_is_decided_and_adds_up                       P5 no debit without notice, hearing and decision
closed_years_promise_nothing_new                      P3 year end closes and carries over
whatever_waits_stands_at_its_stage_with_a_clock       P13, P14 stage map, promised time limits
what_is_granted_was_agreed_by_all                     P14 会签: every seat, each another person
questions_and_objections_are_never_lost               P10, P14: 加签 and 异议 are answered before it goes on
one_check_and_one_rating_at_most                      P1 核对 of days; P13 好差评 once, after the end
====================================================  =========================================================
"""

import itertools
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.transparency.models import LogEntry
from policy_engine.delivery.accounts.models import PayeeAccount
from policy_engine.delivery.awards.models import Award
from policy_engine.delivery.cases.models import CaseEvent, Hold
from policy_engine.delivery.claims.desks import desk_of
from policy_engine.delivery.claims.models import Claim, Opinion, StageDecision, WrittenDecision
from policy_engine.delivery.claims.signing import filled_places, signatures_at
from policy_engine.delivery.claims.stages import WAITS_FOR, present_stage, stages_of
from policy_engine.delivery.ledger.models import (
    Budget,
    LedgerAccount,
    LedgerEntry,
    LedgerTransaction,
    YearClosing,
)
from policy_engine.delivery.means import repository as checks
from policy_engine.delivery.means.models import MeansCheck
from policy_engine.delivery.offers.models import Offer
from policy_engine.delivery.payments.models import Payment, PaymentBatch
from policy_engine.delivery.publicity.models import NoticeObjection
from policy_engine.delivery.ratings.models import Rating
from policy_engine.delivery.recovery.models import Instalment, OverpaidPeriod, Overpayment, Repayment
from policy_engine.delivery.states import (
    AWARD,
    CLAIM,
    HOLDS_RESERVATION,
    IN_FLIGHT,
    OFFER,
    OPEN_CLAIM,
    OVERPAYMENT,
    PAYMENT,
    ClaimState,
    Machine,
    PaymentState,
)
from tests.policy_engine.delivery.city import Treasury

Row: TypeAlias = Any
MACHINES: Mapping[str, Machine[Any]] = {
    "offer": OFFER,
    "claim": CLAIM,
    "award": AWARD,
    "payment": PAYMENT,
    "overpayment": OVERPAYMENT,
}
#: (from, to) of every move that a life has.
LEGAL = {
    name: {(source, target) for (source, _), targets in machine.table.items() for target in targets}
    for name, machine in MACHINES.items()
}
AT_A_STAGE = frozenset(WAITS_FOR.values())
SPENT = frozenset({*IN_FLIGHT, PaymentState.PAID})
RESERVED_OR_OUT = frozenset({*HOLDS_RESERVATION, *SPENT})


class Seen:
    """All rows of delivery at one moment, and what the treasury of the test knows."""

    def __init__(self, session: Session, treasury: Treasury, most_fen: Mapping[str, int]) -> None:
        def rows(table: Any) -> list[Row]:
            found: sa.Table = table.__table__
            return list(session.execute(sa.select(found).order_by(*found.primary_key.columns)))

        self.offers, self.claims, self.awards = rows(Offer), rows(Claim), rows(Award)
        self.payments, self.batches, self.accounts = rows(Payment), rows(PaymentBatch), rows(PayeeAccount)
        self.budgets, self.pockets = rows(Budget), rows(LedgerAccount)
        self.transactions, self.entries = rows(LedgerTransaction), rows(LedgerEntry)
        self.events, self.holds, self.closings = rows(CaseEvent), rows(Hold), rows(YearClosing)
        self.acts, self.papers = rows(StageDecision), rows(WrittenDecision)
        self.overpayments, self.periods = rows(Overpayment), rows(OverpaidPeriod)
        self.instalments, self.repayments = rows(Instalment), rows(Repayment)
        self.opinions, self.objections = rows(Opinion), rows(NoticeObjection)
        self.checks, self.ratings = rows(MeansCheck), rows(Rating)
        logged = sa.select(LogEntry.record_id).where(LogEntry.kind == "payment")
        self.logged = list(session.scalars(logged))
        self.treasury = treasury
        #: The most that the engine ever gave for one period, by policy.
        self.most_fen = dict(most_fen)
        self.payment = {one.id: one for one in self.payments}
        self.account = {one.id: one for one in self.accounts}
        self.claim = {one.id: one for one in self.claims}
        self.acts_of: defaultdict[Any, list[Row]] = defaultdict(list)
        for act in self.acts:
            self.acts_of[act.claim_id].append(act)

    def pocket(self, budget_id: object, name: str) -> int:
        return sum(one.balance_fen for one in self.pockets if one.budget_id == budget_id and one.name == name)


Promise: TypeAlias = Callable[[Seen, Seen | None], None]


def every_movement_is_double_entry_and_logged_once(now: Seen, before: Seen | None) -> None:
    by_transaction: defaultdict[object, list[int]] = defaultdict(list)
    by_pocket: Counter[object] = Counter()
    for entry in now.entries:
        by_transaction[entry.transaction_id].append(entry.amount_fen)
        by_pocket[entry.account_id] += entry.amount_fen
    assert all(len(two) == 2 and sum(two) == 0 for two in by_transaction.values())
    assert set(by_transaction) == {one.id for one in now.transactions}
    assert all(by_pocket[one.id] == one.balance_fen for one in now.pockets)
    assert sorted(now.logged) == sorted(one.id for one in now.transactions)


def pockets_hold_what_payments_were_promised(now: Seen, before: Seen | None) -> None:
    reserved = Counter(one.payment_id for one in now.transactions if one.kind == "reserve")
    released = Counter(one.payment_id for one in now.transactions if one.kind == "release")
    assert all(times == 1 for times in (reserved | released).values())
    back = Counter[object]()
    for period in now.periods:
        back[now.payment[period.payment_id].budget_id] += period.repaid_fen
    for one in now.payments:
        assert one.state not in RESERVED_OR_OUT or reserved[one.id] == 1, f"{one.state} without reservation"
    for budget in now.budgets:
        mine = [one for one in now.payments if one.budget_id == budget.id]
        held = sum(one.amount_fen for one in mine if one.state in HOLDS_RESERVATION)
        out = sum(one.amount_fen for one in mine if one.state in IN_FLIGHT)
        paid = sum(one.amount_fen for one in mine if one.state == PaymentState.PAID)
        assert now.pocket(budget.id, "reserved") == held
        assert now.pocket(budget.id, "instructed") == out
        assert now.pocket(budget.id, "paid") == paid - back[budget.id]


def nothing_is_spent_beyond_the_appropriation(now: Seen, before: Seen | None) -> None:
    for budget in now.budgets:
        held = sum(now.pocket(budget.id, name) for name in ("reserved", "instructed", "paid"))
        assert held <= -now.pocket(budget.id, "appropriation")
    assert all(one.balance_fen >= 0 for one in now.pockets if one.name != "appropriation")


def one_payment_for_a_unit_and_period(now: Seen, before: Seen | None) -> None:
    keys = [
        (one.policy_id, one.unit_id, one.period, one.kind)
        for one in now.payments
        if one.state != PaymentState.CANCELLED
    ]
    assert len(keys) == len(set(keys))


def no_period_gets_more_than_its_amount(now: Seen, before: Seen | None) -> None:
    total: Counter[tuple[str, int, str]] = Counter()
    for one in now.payments:
        if one.state != PaymentState.CANCELLED:
            total[one.policy_id, one.unit_id, one.period] += one.amount_fen
    for period in now.periods:
        one = now.payment[period.payment_id]
        total[one.policy_id, one.unit_id, one.period] -= period.amount_fen
    assert all(fen <= now.most_fen[key[0]] for key, fen in total.items()), total


def quotas_wait_in_the_order_of_decision(now: Seen, before: Seen | None) -> None:
    if before is None:
        return
    known = {one.id for one in before.transactions}
    served = {one.payment_id for one in now.transactions if one.kind == "reserve" and one.id not in known}
    for waiting in now.payments:
        was = before.payment.get(waiting.id)
        if waiting.state != "waitlisted" or was is None or was.state != "waitlisted":
            continue
        if was.budget_id != waiting.budget_id or was.budget_id is None:
            continue
        for one in now.payments:
            if one.id in served and one.budget_id == waiting.budget_id:
                assert _turn(one) < _turn(waiting), "somebody who was decided later was served first"


def _turn(payment: Row) -> tuple[object, ...]:
    return (payment.decided_at, payment.due_on, payment.id)


def entitlements_are_never_refused_for_want_of_money(now: Seen, before: Seen | None) -> None:
    quotas = {one.policy_id for one in now.budgets if one.kind == "quota"}
    assert {one.policy_id for one in now.payments if one.state == "waitlisted"} <= quotas
    assert not {one.policy_id for one in now.payments if one.state == "awaiting_funds"} & quotas


def what_is_claimed_is_pinned(now: Seen, before: Seen | None) -> None:
    for was in before.claims if before is not None else ():
        one = now.claim[was.id]
        assert (one.policy_version, one.facts, one.facts_sequence, one.unit_id) == (
            was.policy_version,
            was.facts,
            was.facts_sequence,
            was.unit_id,
        )
        assert was.amount_fen is None or one.amount_fen == was.amount_fen


def what_was_paid_stays_paid(now: Seen, before: Seen | None) -> None:
    for was in before.payments if before is not None else ():
        one = now.payment[was.id]
        if was.state == PaymentState.PAID and was.instruction_id not in now.treasury.sent_back:
            kept = (one.state, one.amount_fen, one.account_id, one.budget_id)
            assert kept == (was.state, was.amount_fen, was.account_id, was.budget_id)


def what_a_person_held_only_a_person_frees(now: Seen, before: Seen | None) -> None:
    is_open: defaultdict[object, bool] = defaultdict(bool)
    for hold in now.holds:
        assert hold.set_by_id is None or hold.released_at is None or hold.released_by_id is not None
        is_open[hold.object_id] |= hold.released_at is None
    for thing in (*now.claims, *now.payments):
        assert thing.is_held == is_open[thing.id]


def what_leaves_was_judged_again(now: Seen, before: Seen | None) -> None:
    for one in now.payments:
        if one.state in SPENT:
            assert one.recheck is not None
            if "released_by" not in one.recheck:
                assert one.recheck["verdict"] == "eligible"
                assert one.recheck["amount_fen"] >= one.amount_fen


def nothing_held_is_under_way(now: Seen, before: Seen | None) -> None:
    for one in now.payments:
        assert one.state not in IN_FLIGHT or not one.is_held
    if before is None:
        return
    stopped = {one.id for one in before.awards if one.state == "suspended"}
    stopped &= {one.id for one in now.awards if one.state == "suspended"}
    ended = {one.id: one.subject_id for one in before.awards if _is_of_the_dead(one)}
    ended = {one.id: one.subject_id for one in now.awards if _is_of_the_dead(one) and one.id in ended}
    for one in now.payments:
        was = before.payment.get(one.id)
        if one.state in IN_FLIGHT and (was is None or was.order_count < one.order_count):
            assert one.award_id not in stopped, "an order was given while the right was suspended"
            owner = now.account[one.account_id].subject_id
            assert owner != ended.get(one.award_id), "money left for the account of the dead"


def _is_of_the_dead(award: Row) -> bool:
    return award.state == "ended" and award.end_reason == "death"


def the_treasury_and_we_agree(now: Seen, before: Seen | None) -> None:
    treasury = now.treasury
    for one in now.payments:
        order = treasury.orders.get(one.instruction_id or "")
        if order is not None and one.state in SPENT:
            assert order.amount_fen == one.amount_fen
        if one.state == PaymentState.PAID:
            assert treasury.states[one.instruction_id] == "paid" or one.instruction_id in treasury.sent_back
    paid = Counter(key.rpartition("-")[0] for key, state in list(treasury.states.items()) if state == "paid")
    assert all(times == 1 for times in paid.values()), "one payment went out twice"


def nobody_is_asked_blindly_again(now: Seen, before: Seen | None) -> None:
    assert now.treasury.sent_blindly == [], "sent again without asking what became of the first try"


def one_claim_and_one_award_at_a_time(now: Seen, before: Seen | None) -> None:
    _unique((one.policy_id, one.unit_id) for one in now.claims if one.state in OPEN_CLAIM)
    _unique((one.policy_id, one.unit_id) for one in now.awards if one.state != "ended")
    _unique(one.claim_id for one in now.awards)
    _unique((one.policy_id, one.subject_id, one.unit_id) for one in now.offers)


def persons_are_kept_apart(now: Seen, before: Seen | None) -> None:
    for claim_id, acts in now.acts_of.items():
        stages: defaultdict[tuple[int, int], set[str]] = defaultdict(set)
        for act in acts:
            assert act.official_id != now.claim[claim_id].subject_id
            if act.action != "return_for_supplement" and act.taken_back_at is None:
                stages[act.round, act.official_id].add(act.stage)
        assert all(len(one) == 1 for one in stages.values())
    approved_by = {one.id: one.approved_by_id for one in now.batches}
    for one in now.payments:
        if one.state in SPENT and one.batch_id is not None:
            hands = {
                act.official_id for act in now.acts_of[one.claim_id] if act.decided_at <= one.instructed_at
            }
            assert approved_by[one.batch_id] not in hands, "who decided it paid it"


def refusals_are_numbered_and_named(now: Seen, before: Seen | None) -> None:
    refusals = {one.claim_id for one in now.papers if one.outcome == "refused"}
    assert all(one.number and one.official_id for one in now.papers)
    assert all(one.reasons for one in now.papers if one.outcome != "granted")
    _unique(one.number for one in now.papers)
    for one in now.claims:
        if one.state == "refused":
            assert one.id in refusals
            assert CLAIM.may(ClaimState(one.state), "appeal")
    for paper in now.papers:
        if paper.outcome in ("upheld", "overturned"):
            refused = {act.official_id for act in now.acts_of[paper.claim_id] if act.action == "refuse"}
            assert paper.official_id not in refused, "who refused judged the appeal"


def histories_are_legal_lives(now: Seen, before: Seen | None) -> None:
    lives: defaultdict[tuple[str, object], list[tuple[str | None, str]]] = defaultdict(list)
    for event in now.events:
        if event.to_state is not None and event.from_state != event.to_state:
            lives[event.object_kind, event.object_id].append((event.from_state, event.to_state))
    present = {
        "offer": {one.id: one.state for one in now.offers},
        "claim": {one.id: one.state for one in now.claims},
        "award": {one.id: one.state for one in now.awards},
        "payment": {one.id: one.state for one in now.payments},
        "overpayment": {one.id: one.state for one in now.overpayments},
    }
    for (kind, number), moves in lives.items():
        for move in moves:
            assert move[0] is None or move in LEGAL[kind], f"{kind}: {move}"
        if kind == "offer":  # that it was confirmed stands in the history of its claim
            continue
        for earlier, later in itertools.pairwise(moves):
            assert earlier[1] == later[0], f"{kind}: {moves}"
        assert moves[-1][1] == present[kind][number], f"{kind} is {present[kind][number]} after {moves}"


def one_off_rights_end_with_their_payment(now: Seen, before: Seen | None) -> None:
    paid = {one.award_id for one in now.payments if one.state == PaymentState.PAID}
    for one in now.awards:
        assert one.period != "once" or one.id not in paid or one.state == "ended"


def new_accounts_rest_first(now: Seen, before: Seen | None) -> None:
    for one in now.payments:
        if one.state in IN_FLIGHT:
            assert now.account[one.account_id].usable_from_at <= one.instructed_at


def recovery_is_decided_and_adds_up(now: Seen, before: Seen | None) -> None:
    asked: Counter[object] = Counter()
    parts: defaultdict[object, list[Row]] = defaultdict(list)
    for period in now.periods:
        parts[period.overpayment_id].append(period)
    returned: Counter[object] = Counter()
    for receipt in now.repayments:
        returned[receipt.overpayment_id] += receipt.amount_fen
    agreed: Counter[object] = Counter()
    for instalment in now.instalments:
        agreed[instalment.overpayment_id] += instalment.amount_fen
    for one in now.overpayments:
        assert sum(period.amount_fen for period in parts[one.id]) == one.amount_fen
        assert sum(period.repaid_fen for period in parts[one.id]) == one.repaid_fen == returned[one.id]
        assert one.repaid_fen <= one.amount_fen
        assert (one.state == "repaid") == (one.repaid_fen == one.amount_fen) or one.state == "dropped"
        assert agreed[one.id] <= one.amount_fen
        if one.state in ("owed", "instalment"):
            assert one.decision_number
            assert one.decided_by_id is not None
            assert one.decided_by_id != one.found_by_id, "who found it decided it"
        if one.state != "dropped":
            asked.update({period.payment_id: period.amount_fen for period in parts[one.id]})
    assert all(fen <= now.payment[number].amount_fen for number, fen in asked.items())
    _unique(one.receipt for one in now.repayments)


def closed_years_promise_nothing_new(now: Seen, before: Seen | None) -> None:
    closed = {one.id: one.closed_at for one in now.budgets if one.closed_at is not None}
    for one in now.transactions:
        if one.kind == "reserve" and one.budget_id in closed:
            assert one.booked_at <= closed[one.budget_id]
    moved = Counter((one.kind, one.payment_id) for one in now.transactions if one.payment_id is not None)
    for kind, number in list(moved):
        if kind == "carry_out":
            assert moved["carry_out", number] == moved["carry_in", number]
    assert all(one.decided_by_id != one.proposed_by_id for one in now.closings if one.state != "dismissed")


def whatever_waits_stands_at_its_stage_with_a_clock(now: Seen, before: Seen | None) -> None:
    for one in now.claims:
        assert one.desk == desk_of(one.state, one.stages, one.stage_index), "a work list would miss it"
        if one.state in AT_A_STAGE:
            assert one.state == WAITS_FOR[present_stage(one).outcome]
            assert one.stage_due_on is not None
        else:
            assert not one.assignments or one.state not in ("draft", "withdrawn")


def what_is_granted_was_agreed_by_all(now: Seen, before: Seen | None) -> None:
    for claim in now.claims:
        if claim.state not in ("notice", "objection", "granted"):
            continue
        standing = [one for one in now.acts_of[claim.id] if one.taken_back_at is None]
        acts = [one for one in standing if one.round == claim.round]
        assert any(act.action == "grant" for act in acts), "granted by nobody"
        for stage in stages_of(claim):
            here = [one for one in acts if one.stage == stage.key and one.action != "send_back"]
            if not stage.joint or (not here and claim.round > 1):
                continue
            latest = max(one.visit for one in here)
            filled = filled_places(stage, signatures_at(stage, latest, here))
            assert all(act is not None and act.action != "advise_against" for _, act in filled)
            assert len({act.official_id for _, act in filled if act is not None}) == len(stage.joint)


def questions_and_objections_are_never_lost(now: Seen, before: Seen | None) -> None:
    asked = {one.claim_id for one in now.opinions if one.state == "asked"}
    objected = {one.claim_id for one in now.objections if one.settled_at is None}
    for claim in now.claims:
        assert claim.id not in asked or claim.state in AT_A_STAGE
        assert (claim.id in objected) == (claim.state == "objection")


def one_check_and_one_rating_at_most(now: Seen, before: Seen | None) -> None:
    _unique(one.claim_id for one in now.checks if one.state in checks.OPEN)
    _unique(one.claim_id for one in now.ratings)
    assert all(1 <= one.grade <= 5 for one in now.ratings)


def _unique(keys: Iterable[Any]) -> None:
    twice = [key for key, times in Counter(keys).items() if times > 1]
    assert twice == []


PROMISES: tuple[Promise, ...] = (
    every_movement_is_double_entry_and_logged_once,
    pockets_hold_what_payments_were_promised,
    nothing_is_spent_beyond_the_appropriation,
    one_payment_for_a_unit_and_period,
    no_period_gets_more_than_its_amount,
    quotas_wait_in_the_order_of_decision,
    entitlements_are_never_refused_for_want_of_money,
    what_is_claimed_is_pinned,
    what_was_paid_stays_paid,
    what_a_person_held_only_a_person_frees,
    what_leaves_was_judged_again,
    nothing_held_is_under_way,
    the_treasury_and_we_agree,
    nobody_is_asked_blindly_again,
    one_claim_and_one_award_at_a_time,
    persons_are_kept_apart,
    refusals_are_numbered_and_named,
    histories_are_legal_lives,
    one_off_rights_end_with_their_payment,
    new_accounts_rest_first,
    recovery_is_decided_and_adds_up,
    closed_years_promise_nothing_new,
    whatever_waits_stands_at_its_stage_with_a_clock,
    what_is_granted_was_agreed_by_all,
    questions_and_objections_are_never_lost,
    one_check_and_one_rating_at_most,
)
