"""Which income counts in a check, by the rules of the day of applying; officials change them by two, from a day on."""

import uuid
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from msgspec import structs

from kernel import notices
from kernel.audit import AuditEvent
from kernel.errors import Conflict, Forbidden, IllegalTransition, InvalidInput, NotFound
from kernel.web.principal import Principal
from policy_engine.catalogue.income import OTHER
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.means import income_rules, results
from policy_engine.delivery.means.income_rules import NewRule
from policy_engine.delivery.means.models import IncomeRule, MeansCheck
from policy_engine.delivery.ports import MEANS_SOURCES, IncomePart, MeansAnswer
from policy_engine.delivery.views import means as views
from tests.policy_engine.delivery.city import (
    DAUGHTER,
    GRANDMOTHER,
    MeansCentre,
    Office,
    clerk,
    finance,
    official,
    person,
)
from tests.policy_engine.delivery.household import agreed, claim_at_home, facts, known, worker

AUTHOR, PUBLISHER = 951, 952
GONE = uuid.UUID(int=7)
#: Of every member: an allowance that does not count, wages, and what a source did not itemise.
ITEMISED = MeansAnswer(
    monthly_income_fen=100_000,
    income=(IncomePart("old_age_allowance", 6_000), IncomePart("wages", 90_000)),
)


def author(division: str = "420200") -> Principal:
    return official(AUTHOR, "policy.author", division=division)


def publisher(division: str = "420200") -> Principal:
    return official(PUBLISHER, "policy.publish", "policy.author", division=division)


def rule(since: date, **change: object) -> NewRule:
    plain = NewRule(
        test="social_relief",
        kind="wages",
        division="420200",
        since=since,
        treatment="above",
        free_fen=20_000,
        title="关于扣减必要就业成本的通知",
        document_number="黄政发〔2026〕1号",
        url="https://www.huangshi.gov.cn/x",
    )
    return structs.replace(plain, **change)


def proposed(office: Office, wanted: NewRule, principal: Principal | None = None) -> IncomeRule:
    with office.database.write() as session:
        return income_rules.propose(
            session, office.ports, principal=principal or author(), rule=wanted, now=office.now
        )


def decided(office: Office, row: IncomeRule, outcome: str, principal: Principal, reason: str = "") -> str:
    with office.database.write() as session:
        return income_rules.decide(
            session,
            rule_id=row.id,
            principal=principal,
            outcome=outcome,  # type: ignore[arg-type]
            reason=reason,
            now=office.now,
        ).state


def answered(office: Office, home: Claim) -> tuple[MeansCheck, results.MeansResult]:
    check, centre = agreed(office, home), MeansCentre()
    centre.answers = {one: MeansAnswer() for one in MEANS_SOURCES} | {"subsidies": ITEMISED}
    worker(office, centre).run_until_idle()
    done = known(office, check)
    result = results.result_of(office.ports, done)
    assert result is not None
    return done, result


def test_what_does_not_count_is_left_out_of_the_sum_and_the_household_reads_why(any_office: Office) -> None:
    office = any_office
    check, result = answered(office, claim_at_home(office))
    assert result.monthly_income_fen == 2 * (90_000 + 4_000)
    assert facts(office)["monthly_income"] == 2 * 94_000
    assert facts(office)["housing_income"] == 2 * 100_000, "another test has another list"
    with office.database.read() as session:
        seen = views.own_check(session, office.ports, check.id, person(DAUGHTER), now=office.now)
    relief = next(one for one in seen.sums if one.test == "social_relief")
    lines = {one.kind: (one.amount_fen, one.counted_fen, one.why) for one in relief.lines}
    assert lines["wages"] == (180_000, 180_000, "没有不计入的规定，全部计入")
    assert lines[OTHER][:2] == (8_000, 8_000)
    assert lines["old_age_allowance"][:2] == (12_000, 0)
    assert "民发〔2021〕57号" in lines["old_age_allowance"][2]


def test_items_above_their_own_sum_decide_nothing(office: Office) -> None:
    home = claim_at_home(office)
    check, centre = agreed(office, home), MeansCentre()
    wrong = MeansAnswer(monthly_income_fen=1_000, income=(IncomePart("old_age_allowance", 6_000),))
    centre.answers = {one: MeansAnswer() for one in MEANS_SOURCES} | {"subsidies": wrong}
    worker(office, centre).run_until_idle()
    result = results.result_of(office.ports, known(office, check))
    assert result is not None
    assert result.missing == ("subsidies",)
    assert "monthly_income" not in facts(office)


def test_a_change_holds_from_its_day_for_what_is_worked_out_after_it(office: Office) -> None:
    home = claim_at_home(office)
    today = office.clock.today()
    later = proposed(office, rule(today + timedelta(days=1), free_fen=90_000))
    now = proposed(office, rule(today))
    assert decided(office, later, "agree", publisher()) == "agreed"
    _check, before = answered(office, home)
    assert before.monthly_income_fen == 188_000, "what is only proposed, or of a later day, changes nothing"
    assert decided(office, now, "agree", publisher()) == "agreed"
    _check, after = answered(office, home)
    assert after.monthly_income_fen == 188_000 - 2 * 20_000
    line = next(one for one in after.lines["social_relief"] if one.kind == "wages")
    assert (line.free_fen, line.source) == (20_000, "关于扣减必要就业成本的通知 黄政发〔2026〕1号")


def test_one_proposes_and_another_decides_once(office: Office) -> None:
    office.town.officials = [author(), publisher()]
    row = proposed(office, rule(date(2026, 1, 1)))
    with pytest.raises(Conflict):
        proposed(office, rule(date(2026, 1, 1)), publisher())
    with pytest.raises(Forbidden):
        decided(office, row, "agree", structs.replace(publisher(), subject_id=AUTHOR))
    with pytest.raises(Forbidden):
        decided(office, row, "withdraw", publisher())
    for stranger in (finance(), person(GRANDMOTHER), clerk()):
        with pytest.raises(Forbidden):
            decided(office, row, "agree", stranger)
    with pytest.raises(InvalidInput):
        decided(office, row, "refuse", publisher())
    assert decided(office, row, "refuse", publisher(), "文号不对") == "refused"
    with pytest.raises(IllegalTransition):
        decided(office, row, "agree", publisher())
    with pytest.raises(NotFound):
        decided(office, IncomeRule(id=GONE), "agree", publisher())
    again = proposed(office, rule(date(2026, 1, 1)))
    assert decided(office, again, "withdraw", author()) == "withdrawn"
    with office.database.read() as session:
        titles = {who: [one.title for one in notices.inbox(session, who)] for who in (AUTHOR, PUBLISHER)}
        actions = session.scalars(
            sa.select(AuditEvent.action).where(AuditEvent.object_kind == "income_rule")
        ).all()
    assert "您提出的修改有结果：工资和劳务收入" in titles[AUTHOR]
    assert "请审定不计入收入的修改：工资和劳务收入" in titles[PUBLISHER]
    assert sorted(actions) == [
        "income_rule.propose",
        "income_rule.propose",
        "income_rule.refuse",
        "income_rule.withdraw",
    ]


def test_a_rule_without_its_text_place_or_day_is_not_taken(office: Office) -> None:
    day = date(2026, 1, 1)
    for where, wrong in (
        ("test", rule(day, test="nothing")),
        ("kind", rule(day, kind="gold")),
        ("division", rule(day, division="420203")),
        ("division", rule(day, division="999999")),
        ("division", rule(day, division="420000")),
        ("since", rule(date(1999, 1, 1))),
        ("until", rule(day, until=date(2025, 1, 1))),
        ("free_fen", rule(day, free_fen=0)),
        ("title", rule(day, title=" ")),
        ("url", rule(day, url="javascript:alert(1)")),
    ):
        with pytest.raises(InvalidInput) as problem:
            proposed(office, wrong)
        assert where in {one.where for one in problem.value.errors}
    with pytest.raises(Forbidden):
        proposed(office, rule(day), clerk())
