"""The subsidy finds the firm: from a bank's repayments to money in its account, quarter by quarter, and what stops it."""

import uuid
from datetime import UTC, date, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from kernel.clock import FixedClock, business_date
from kernel.errors import Conflict, InvalidInput, NotFound
from kernel.house import House
from kernel.notices import inbox
from policy_engine.delivery.accounts.service import add_account, verify_account
from policy_engine.delivery.claims.appeals import appeal, decide_appeal
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.claims.review import act_on_claim
from policy_engine.delivery.judging import EngineJudgements
from policy_engine.delivery.ledger.service import defects, open_budget
from policy_engine.delivery.payments import repository as payment_rows
from policy_engine.delivery.payments.answers import apply_answer
from policy_engine.delivery.payments.batches import approve_batch
from policy_engine.delivery.payments.models import Payment
from policy_engine.delivery.people import RegisteredPeople, known_facts
from policy_engine.delivery.ports import Ports, TreasuryAnswer
from policy_engine.delivery.published import PublishedTerms
from policy_engine.policies.library import library
from policy_engine.profiles.repository import load_family
from policy_engine.profiles.schemas import FactChange
from policy_engine.profiles.service import apply_changes
from portals.financing.comparing.service import compare
from portals.financing.demands.models import Application, Demand
from portals.financing.loans import service as loans
from portals.financing.loans.models import Loan
from portals.financing.loans.schemas import Extension, NewRepayment, Overdue
from portals.financing.rates import service as rates
from portals.financing.rates.models import ReferenceRate
from portals.financing.rates.schemas import NewRate
from portals.financing.rates.service import install_known
from portals.financing.subsidies import jobs, repository, service
from portals.financing.subsidies.models import QuarterSubsidy
from portals.financing.subsidies.views import stage_of
from tests.policy_engine.delivery.city import Bank, Town, agent, official
from tests.policy_engine.matching.works import Works
from tests.portals.financing import lending
from tests.portals.financing.guarantees.stories import sitting

POLICIES = ("startup-loan-interest", "first-loan-interest", "tech-loan-interest")
OFFICER = sitting(501, "financing.work")
#: Interest of 500,000 yuan at 3.45 % for a month.
MONTH_FEN = 143_750


class Chain:
    """A firm with a loan, the two policies in force, their budgets; each step in a transaction of its own."""

    def __init__(self, house: House, clock: FixedClock) -> None:
        self.house, self.clock = house, clock
        works = Works(house, clock, RegisteredPeople(house.vault))
        self.published = works.published
        engine = EngineJudgements(self.published, clock)
        self.ports = Ports(
            terms=PublishedTerms(),
            people=RegisteredPeople(house.vault),
            facts=known_facts,
            reevaluate=engine.reevaluate,
            reevaluate_many=engine.reevaluate_many,
            explain=engine.explain,
            records=Town(),
            vault=house.vault,
        )
        self.at(date(2026, 10, 8))
        for entry in library():
            if entry.document.id in POLICIES:
                works.publish(entry.document, permille=1000)
        with house.database.write() as session:
            install_known(session, now=clock.now())
            self.firm_id = lending.registered_firm(session, house)
            self._know_firm(session)
            account = add_account(
                session,
                house.vault,
                subject_id=self.firm_id,
                bank="东楚银行",
                number="6222000000000001",
                holder="某厂",
                source="register",
                now=clock.now(),
            )
            for policy_id in POLICIES:
                for year in (2026, 2027):
                    open_budget(
                        session,
                        policy_id=policy_id,
                        division="420200",
                        year=year,
                        appropriation=f"{policy_id}-{year}",
                        kind="quota",
                        amount_fen=100_000_000,
                        fund_source="shared",
                        now=clock.now(),
                    )
        self.account_id = account.id

    def _know_firm(self, session: Session) -> None:
        told: dict[str, str | bool | None] = {
            "firm.registered_division": "420281",
            "firm.size": "小型",
            "firm.is_technology_sme": True,
        }
        changes = [
            FactChange(
                subject_id=self.firm_id,
                attribute=attribute,
                value=value,
                source="market_regulation",
                event_id=f"known-{attribute}",
                observed_at=self.clock.now(),
            )
            for attribute, value in told.items()
        ]
        apply_changes(session, changes, now=self.clock.now())

    def at(self, day: date) -> None:
        self.clock.set(datetime(day.year, day.month, day.day, 4, tzinfo=UTC))

    def lend(self, *, is_first: bool = False, is_guaranteed: bool | None = None, **terms: Any) -> Loan:
        """Paid out today; interest every month, the principal at the end."""
        with self.house.database.write() as session:
            loan = lending.disbursed(
                session,
                self.house,
                self.firm_id,
                method="interest_first",
                is_startup_guaranteed=not is_first if is_guaranteed is None else is_guaranteed,
                **terms,
            )
            if is_first:
                session.get_one(
                    Demand, session.get_one(Application, loan.application_id).demand_id
                ).is_first_loan = True
        return loan

    def pay_interest(self, loan: Loan, on: date, interest_fen: int = MONTH_FEN) -> None:
        self.at(on)
        came = NewRepayment(on_day=on, reference=f"LX-{on:%Y%m%d}", interest_fen=interest_fen)
        with self.house.database.write() as session:
            loans.repay(
                session, lending.manager(), loan.id, came, vault=self.house.vault, now=self.clock.now()
            )

    def settle(self, on: date) -> QuarterSubsidy:
        """The calendar's work on a day; the newest quarter."""
        self.at(on)
        verify_account(
            self.house.database, self.house.vault, Bank(), self.account_id, clock_now=self.clock.now
        )
        jobs.settle_last_quarter(self.house, self.published, now=self.clock.now())
        with self.house.database.read() as session:
            return repository.quarters(session)[0]

    def file(self, quarter: QuarterSubsidy, bank_code: str = lending.FIRST) -> Claim:
        with self.house.database.write() as session:
            return service.file(
                session, self.ports, quarter.id, bank_code=bank_code, by=OFFICER, now=self.clock.now()
            )

    def told_interest(self, loan: Loan) -> object:
        """What the city holds of the loan's interest that counts."""
        assert loan.unit_id is not None
        with self.house.database.read() as session:
            known = load_family(session, loan.unit_id).subject(loan.unit_id).facts
            return known["subsidised_interest"].value

    def announce(self, since: date, rate_bp: int) -> None:
        """One official enters what was announced, another confirms it."""
        if business_date(self.clock.now()) < since:
            self.at(since)
        wanted = NewRate(
            kind="lpr_1y",
            since=since,
            rate_bp=rate_bp,
            source_title=f"{since}贷款市场报价利率公告",
            source_url="https://www.pbc.gov.cn/lpr",
        )
        with self.house.database.write() as session:
            row = rates.propose(session, wanted, by=official(81, "financing.oversee"), now=self.clock.now())
            rates.decide(session, row.id, "confirm", by=official(82, "financing.pool"), now=self.clock.now())

    def appeal(self, claim: Claim) -> None:
        with self.house.database.write() as session:
            appeal(
                session,
                self.ports,
                claim_id=claim.id,
                principal=agent(7, self.firm_id),
                grounds="结息单附后，与流水一致",
                now=self.clock.now(),
            )

    def overturn(self, claim: Claim) -> None:
        by = official(74, "claim.decide", division="420200", department="财政局")
        with self.house.database.write() as session:
            decide_appeal(
                session,
                self.ports,
                claim_id=claim.id,
                principal=by,
                outcome="overturn",
                reason="结息单属实",
                now=self.clock.now(),
            )

    def act(
        self, claim: Claim, action: str, reason: str = "", *, by: int = 72, department: str = "人社局"
    ) -> None:
        duty, level, department = {
            "accept": ("claim.accept", "420281", department),
            "grant": ("claim.decide", "420200", "财政局"),
            "refuse": ("claim.decide", "420200", "财政局"),
        }[action]
        with self.house.database.write() as session:
            stage = claim.stages[0 if action == "accept" else 1]
            seat = official(
                71 if action == "accept" else by,
                duty,  # type: ignore[arg-type]
                division=level,
                department=stage["department"] or department,
            )
            act_on_claim(
                session,
                self.ports,
                claim_id=claim.id,
                principal=seat,
                action=action,  # type: ignore[arg-type]
                reason=reason,
                now=self.clock.now(),
            )

    def pay(self, claim: Claim) -> Payment:
        """Finance approves, the treasury pays."""
        payer = official(73, "payment.approve", division="420200", department="财政局")
        with self.house.database.write() as session:
            (payment,) = repository.payments_of(session, [claim.id]).values()
            approve_batch(
                session, self.ports, principal=payer, payment_ids=[payment.id], now=self.clock.now()
            )
            held = payment_rows.lock_payment(session, payment.id)
            assert held is not None
            apply_answer(
                session, self.ports, held, TreasuryAnswer(status="paid", reference="B1"), now=self.clock.now()
            )
            return held

    def stage(self, quarter: QuarterSubsidy) -> str:
        with self.house.database.read() as session:
            row = session.get_one(QuarterSubsidy, quarter.id)
            numbers: list[uuid.UUID] = [] if row.claim_id is None else [row.claim_id]
            claim = repository.claims_of(session, numbers).get(numbers[0]) if numbers else None
            payment = repository.payments_of(session, numbers).get(numbers[0]) if numbers else None
            return stage_of(row, claim, payment)

    def close(self) -> int:
        with self.house.database.write() as session:
            return service.close_ended(session, now=self.clock.now())

    def reopen(self) -> int:
        with self.house.database.write() as session:
            return service.reopen_appealed(session, now=self.clock.now())


@pytest.fixture
def chain(house: House, clock: FixedClock) -> Chain:
    return Chain(house, clock)


def test_the_subsidy_is_paid_in_the_next_quarter_and_again_in_the_one_after(chain: Chain) -> None:
    loan = chain.lend()
    for month in (11, 12):
        chain.pay_interest(loan, date(2026, month, 8))
    quarter = chain.settle(date(2027, 1, 5))
    assert (quarter.quarter, quarter.settled_fen, quarter.counted_fen) == ("2026Q4", 287_500, 287_500)
    assert (quarter.policy_id, quarter.amount_fen) == ("startup-loan-interest", 143_750)
    assert chain.stage(quarter) == "calculated"
    claim = chain.file(quarter)
    assert (claim.amount_fen, claim.channel, claim.unit_id) == (143_750, "automatic", loan.unit_id)
    assert chain.stage(quarter) == "bank_filed"
    chain.act(claim, "accept")
    assert chain.stage(quarter) == "reviewed"
    chain.act(claim, "grant")
    assert chain.stage(quarter) == "finance_approved"
    payment = chain.pay(claim)
    assert (payment.amount_fen, payment.unit_id, chain.stage(quarter)) == (143_750, loan.unit_id, "paid")
    assert (chain.close(), chain.close()) == (1, 0)
    for month in (1, 2, 3):
        chain.pay_interest(loan, date(2027, month, 8 if month > 1 else 9), 143_750)
    following = chain.settle(date(2027, 4, 6))
    assert (following.quarter, following.amount_fen) == ("2027Q1", 215_625)
    again = chain.file(following)
    for action in ("accept", "grant"):
        chain.act(again, action)
    assert chain.pay(again).amount_fen == 215_625
    with chain.house.database.read() as session:
        assert defects(session) == []
        kinds = [one.kind for one in inbox(session, chain.firm_id)]
    assert kinds.count("financing.subsidy_filed") == 2


def test_a_quarter_is_settled_filed_and_paid_once(chain: Chain) -> None:
    loan = chain.lend()
    chain.pay_interest(loan, date(2026, 11, 8))
    quarter = chain.settle(date(2027, 1, 5))
    assert chain.settle(date(2027, 1, 6)).id == quarter.id
    claim = chain.file(quarter)
    with pytest.raises(Conflict):
        chain.file(quarter)
    for action in ("accept", "grant"):
        chain.act(claim, action)
    chain.pay(claim)
    with pytest.raises(Conflict):
        chain.file(quarter)


def test_another_bank_files_nothing(chain: Chain) -> None:
    loan = chain.lend()
    chain.pay_interest(loan, date(2026, 11, 8))
    with pytest.raises(NotFound):
        chain.file(chain.settle(date(2027, 1, 5)), bank_code="cihu-rural")


def test_one_quarter_at_a_time_the_earlier_first(chain: Chain) -> None:
    loan = chain.lend()
    chain.pay_interest(loan, date(2026, 11, 8))
    first = chain.settle(date(2027, 1, 5))
    chain.pay_interest(loan, date(2027, 2, 8))
    second = chain.settle(date(2027, 4, 6))
    with pytest.raises(Conflict, match="上一季度"):
        chain.file(second)
    claim = chain.file(first)
    with pytest.raises(Conflict, match="上一季度"):
        chain.file(second)
    chain.act(claim, "accept")
    chain.act(claim, "refuse", "结息单与流水不符")
    chain.close()
    assert chain.file(second).amount_fen == 71_875


def test_a_refusal_that_is_overturned_puts_the_quarter_under_way_again(chain: Chain) -> None:
    loan = chain.lend()
    chain.pay_interest(loan, date(2026, 11, 8))
    quarter = chain.settle(date(2027, 1, 5))
    claim = chain.file(quarter)
    chain.act(claim, "accept")
    chain.act(claim, "refuse", "结息单与流水不符")
    assert (chain.close(), chain.stage(quarter)) == (1, "refused")
    assert chain.told_interest(loan) == 0
    chain.appeal(claim)
    assert (chain.reopen(), chain.reopen()) == (1, 0)
    assert chain.told_interest(loan) == MONTH_FEN
    assert (chain.close(), chain.stage(quarter)) == (0, "reviewed")
    chain.overturn(claim)
    chain.act(claim, "grant", by=75)
    assert chain.pay(claim).amount_fen == MONTH_FEN // 2
    assert (chain.stage(quarter), chain.close(), chain.told_interest(loan)) == ("paid", 1, 0)
    assert chain.reopen() == 0


def test_an_appeal_waits_while_a_later_quarter_of_the_loan_is_under_way(chain: Chain) -> None:
    loan = chain.lend()
    chain.pay_interest(loan, date(2026, 11, 8))
    first = chain.settle(date(2027, 1, 5))
    chain.pay_interest(loan, date(2027, 2, 8), 100_000)
    second = chain.settle(date(2027, 4, 6))
    refused = chain.file(first)
    chain.act(refused, "accept")
    chain.act(refused, "refuse", "结息单与流水不符")
    chain.close()
    later = chain.file(second)
    with pytest.raises(Conflict, match="办结后就可以申诉"):
        chain.appeal(refused)
    assert (chain.reopen(), chain.told_interest(loan)) == (0, 100_000)
    for action in ("accept", "grant"):
        chain.act(later, action)
    chain.pay(later)
    chain.close()
    chain.appeal(refused)
    assert (chain.reopen(), chain.told_interest(loan)) == (1, MONTH_FEN)


def test_a_later_quarter_waits_for_an_appeal(chain: Chain) -> None:
    loan = chain.lend()
    chain.pay_interest(loan, date(2026, 11, 8))
    refused = chain.file(chain.settle(date(2027, 1, 5)))
    chain.pay_interest(loan, date(2027, 2, 8), 100_000)
    second = chain.settle(date(2027, 4, 6))
    chain.act(refused, "accept")
    chain.act(refused, "refuse", "结息单与流水不符")
    chain.close()
    chain.appeal(refused)
    with pytest.raises(Conflict):
        chain.file(second)
    assert (chain.reopen(), chain.told_interest(loan)) == (1, MONTH_FEN)


def test_the_first_loan_counts_until_the_day_of_the_extension_and_not_after(chain: Chain) -> None:
    loan = chain.lend(is_first=True)
    chain.pay_interest(loan, date(2026, 11, 8))
    chain.at(date(2026, 11, 23))
    with chain.house.database.write() as session:
        loans.extend(
            session,
            lending.manager(),
            loan.id,
            Extension(months=3, agreed_on=date(2026, 11, 23), interest_fen=71_875),
            vault=chain.house.vault,
            now=chain.clock.now(),
        )
    chain.pay_interest(loan, date(2026, 12, 8), 71_875)
    quarter = chain.settle(date(2027, 1, 5))
    # What ran until the extension was paid on its day, and counts; the 15 days after it do not.
    assert [(line["on"], line["counted_days"]) for line in quarter.lines] == [
        ("2026-11-08", 31),
        ("2026-11-23", 15),
        ("2026-12-08", 0),
    ]
    assert (quarter.policy_id, quarter.counted_fen) == ("first-loan-interest", 143_750 + 71_875)
    assert quarter.amount_fen == (143_750 + 71_875) * 3 // 10
    chain.pay_interest(loan, date(2027, 2, 8))
    later = chain.settle(date(2027, 4, 6))
    assert (later.state, later.reason, later.amount_fen) == ("none", "extended", None)


def test_of_two_loans_at_once_only_one_is_the_first(chain: Chain) -> None:
    first = chain.lend(is_first=True)
    chain.at(date(2026, 10, 9))
    second = chain.lend(is_first=True, number="HT-002")
    for loan in (first, second):
        chain.pay_interest(loan, date(2026, 11, 9), 150_000)
    chain.settle(date(2027, 1, 5))
    with chain.house.database.read() as session:
        found = {one.loan_id: one for one in repository.quarters(session)}
    assert found[first.id].policy_id == "first-loan-interest"
    # To the city the other is any loan of a technology firm.
    assert (found[second.id].is_first_loan, found[second.id].policy_id) == (False, "tech-loan-interest")


def test_an_extension_takes_what_comes_after_it_and_nothing_of_what_was_paid_before(chain: Chain) -> None:
    loan = chain.lend()
    chain.pay_interest(loan, date(2026, 11, 8))
    with chain.house.database.write() as session:
        loans.extend(
            session,
            lending.manager(),
            loan.id,
            Extension(months=3, agreed_on=date(2026, 11, 8)),
            vault=chain.house.vault,
            now=chain.clock.now(),
        )
    chain.pay_interest(loan, date(2026, 12, 8))
    quarter = chain.settle(date(2027, 1, 5))
    assert [(one["counted_fen"], one["why"]) for one in quarter.lines] == [(MONTH_FEN, None), (0, "extended")]
    assert chain.file(quarter).amount_fen == MONTH_FEN // 2
    chain.pay_interest(loan, date(2027, 1, 8))
    after = chain.settle(date(2027, 4, 5))
    assert (after.quarter, after.state, after.reason) == ("2027Q1", "none", "extended")


def test_of_a_sum_that_cures_arrears_the_sound_days_count(chain: Chain) -> None:
    loan = chain.lend()
    falls_overdue(chain, loan, date(2026, 11, 20), since=date(2026, 11, 9))
    chain.pay_interest(loan, date(2026, 11, 24), MONTH_FEN)
    quarter = chain.settle(date(2027, 1, 5))
    # Paid on 24 November for the days since 8 October; 15 of the 47 were in arrears.
    assert quarter.counted_fen == MONTH_FEN * 32 // 47
    assert chain.file(quarter).amount_fen == MONTH_FEN * 32 // 47 // 2


def falls_overdue(chain: Chain, loan: Loan, today: date, since: date) -> None:
    chain.at(today)
    with chain.house.database.write() as session:
        loans.report_overdue(
            session,
            lending.manager(),
            loan.id,
            Overdue(since=since),
            vault=chain.house.vault,
            now=chain.clock.now(),
        )


@pytest.mark.parametrize("is_first", [False, True])
def test_a_default_after_the_quarter_takes_nothing_from_it(chain: Chain, is_first: bool) -> None:
    loan = chain.lend(is_first=is_first)
    for month in (11, 12):
        chain.pay_interest(loan, date(2026, month, 8))
    falls_overdue(chain, loan, date(2027, 1, 12), since=date(2027, 1, 9))
    quarter = chain.settle(date(2027, 1, 12))
    assert (quarter.state, quarter.counted_fen) == ("calculated", 2 * MONTH_FEN)
    claim = chain.file(quarter)
    for action in ("accept", "grant"):
        chain.act(claim, action)
    assert chain.pay(claim).amount_fen == claim.amount_fen
    assert chain.stage(quarter) == "paid"
    # Of the days in arrears nothing counts, by whichever rule.
    following = chain.settle(date(2027, 4, 5))
    assert (following.state, following.reason) == ("none", "no_interest")


def test_a_compensation_leaves_the_firm_what_it_had_paid_for_itself(chain: Chain) -> None:
    loan = chain.lend()
    for month in (11, 12):
        chain.pay_interest(loan, date(2026, month, 8))
    falls_overdue(chain, loan, date(2027, 1, 12), since=date(2027, 1, 9))
    chain.at(date(2027, 2, 20))
    with chain.house.database.write() as session:
        known = loans.compensate(
            session,
            loan.id,
            NewRepayment(
                on_day=date(2027, 2, 20),
                reference="DC-1",
                principal_fen=loan.balance_fen,
                interest_fen=MONTH_FEN,
            ),
            by="东楚融资担保",
            now=chain.clock.now(),
        )
        assert known.source == "guarantor"
    quarter = chain.settle(date(2027, 2, 21))
    assert (quarter.quarter, quarter.state, quarter.counted_fen) == ("2026Q4", "calculated", 2 * MONTH_FEN)
    assert chain.file(quarter).amount_fen == MONTH_FEN
    following = chain.settle(date(2027, 4, 5))
    assert (following.settled_fen, following.reason) == (0, "no_interest")


@pytest.mark.parametrize(
    ("terms", "policy", "share"),
    [
        ({"is_first": True}, "小微企业首贷贴息（预计）", 0.3),
        ({"is_first": False, "rate_bp": 360}, "科技创新贷贴息（预计）", 150 / 360),
        ({"is_first": False, "is_startup_guaranteed": True}, "创业担保贷款贴息（预计）", 0.5),
    ],
)
def test_offers_are_compared_with_the_subsidy_that_is_to_be_expected(
    chain: Chain, terms: dict[str, Any], policy: str, share: float
) -> None:
    is_first = terms.pop("is_first")
    with chain.house.database.write() as session:
        (application,) = lending.posted(session, chain.firm_id, chain.clock.now())
        session.get_one(Demand, application.demand_id).is_first_loan = is_first
        lending.offered(session, chain.house, application, **terms)
        found = compare(
            session,
            chain.published.current(session),
            application.demand_id,
            chain.firm_id,
            chain.clock.now(),
        )
    (offer,) = found.offers
    returned = [line for line in offer.statement.lines if line.payer == "city"]
    assert [line.name for line in returned] == [policy]
    assert abs(returned[0].amount_fen) == pytest.approx(offer.interest_fen * share, abs=10)
    assert offer.statement.all_in.compounded_bp < offer.offer.rate_bp


class TestLpr:
    """贷款市场报价利率: the official's figure of the day that the policy names, and no other."""

    def test_half_of_last_years_lpr_and_a_change_reaches_the_next_years_quarters_only(
        self, chain: Chain
    ) -> None:
        loan = chain.lend(is_guaranteed=False, rate_bp=360)
        chain.pay_interest(loan, date(2026, 11, 8), 150_000)
        quarter = chain.settle(date(2027, 1, 5))
        # 150,000 fen at 3.60 %: at half of 3.00 % it would have been 62,500.
        assert (quarter.policy_id, quarter.amount_fen) == ("tech-loan-interest", 62_500)
        assert (quarter.rate_bp, quarter.reference_bp, quarter.reference_since) == (
            360,
            300,
            date(2025, 5, 20),
        )
        claim = chain.file(quarter)
        for action in ("accept", "grant"):
            chain.act(claim, action, department="科技局")
        chain.pay(claim)
        chain.close()
        chain.announce(date(2027, 2, 22), 280)
        chain.pay_interest(loan, date(2027, 3, 8), 150_000)
        same_year = chain.settle(date(2027, 4, 5))
        assert (same_year.quarter, same_year.reference_bp, same_year.amount_fen) == ("2027Q1", 300, 62_500)
        chain.pay_interest(loan, date(2028, 3, 8), 150_000)
        next_year = chain.settle(date(2028, 4, 5))
        assert (next_year.quarter, next_year.reference_bp, next_year.reference_since) == (
            "2028Q1",
            280,
            date(2027, 2, 22),
        )
        assert next_year.amount_fen == 150_000 * 140 // 360
        with chain.house.database.read() as session:
            filed = session.get_one(QuarterSubsidy, quarter.id)
            assert (filed.reference_bp, filed.amount_fen) == (300, 62_500)

    def test_a_correction_before_the_filing_counts_and_after_it_does_not(self, chain: Chain) -> None:
        loan = chain.lend(is_guaranteed=False, rate_bp=360)
        chain.pay_interest(loan, date(2026, 11, 8), 150_000)
        assert chain.settle(date(2027, 1, 5)).amount_fen == 62_500
        chain.announce(date(2025, 5, 20), 310)
        corrected = chain.settle(date(2027, 1, 6))
        assert (corrected.reference_bp, corrected.amount_fen) == (310, 150_000 * 155 // 360)
        claim = chain.file(corrected)
        chain.announce(date(2025, 5, 20), 300)
        assert chain.settle(date(2027, 1, 7)).reference_bp == 310
        assert claim.amount_fen == 150_000 * 155 // 360

    def test_a_startup_loan_is_held_to_the_lpr_of_the_day_it_was_paid_out(self, chain: Chain) -> None:
        loan = chain.lend(rate_bp=350)
        chain.announce(date(2026, 11, 20), 260)
        chain.pay_interest(loan, date(2026, 12, 8), MONTH_FEN)
        quarter = chain.settle(date(2027, 1, 5))
        assert (quarter.policy_id, quarter.reference_bp) == ("startup-loan-interest", 300)
        assert quarter.amount_fen == MONTH_FEN // 2
        with pytest.raises(InvalidInput, match=r"现在是3\.10%") as refused:
            chain.lend(rate_bp=311)
        assert [one.where for one in refused.value.errors] == ["rate_bp"]

    def test_without_a_rate_on_record_nothing_is_guessed(self, chain: Chain) -> None:
        with chain.house.database.write() as session:
            session.execute(sa.delete(ReferenceRate))
        loan = chain.lend(is_guaranteed=False, rate_bp=360)
        chain.pay_interest(loan, date(2026, 11, 8), 150_000)
        quarter = chain.settle(date(2027, 1, 5))
        assert (quarter.state, quarter.reason) == ("none", "no_reference")
        chain.announce(date(2025, 5, 20), 300)
        assert chain.settle(date(2027, 1, 6)).amount_fen == 62_500


def test_no_interest_no_subsidy(chain: Chain) -> None:
    chain.lend()
    quarter = chain.settle(date(2027, 1, 5))
    assert (quarter.state, quarter.reason) == ("none", "no_interest")
