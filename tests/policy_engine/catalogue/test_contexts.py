"""What FEEL sees of raw facts."""

from datetime import date
from decimal import Decimal

from policy_engine.catalogue.contexts import context_of
from policy_engine.catalogue.loading import KINDS
from policy_engine.catalogue.scopes import scope_of
from policy_engine.catalogue.subjects import SubjectFacts
from policy_engine.language import UNKNOWN, evaluate
from policy_engine.language.types import Binding

TODAY = date(2026, 11, 23)


def test_money_is_seen_in_yuan_and_rates_as_ratios() -> None:
    firm = SubjectFacts("firm", {"main_revenue_this_year": 1999_999_999, "layoff_rate_last_year": 55})
    context = context_of(firm, TODAY)
    assert context["当年主营业务收入"] == Decimal("19999999.99")
    assert context["上年度裁员率"] == Decimal("0.055")


def test_absent_and_unknown_are_told_apart() -> None:
    context = context_of(SubjectFacts("person", {"disability_level": None, "is_orphan": None}), TODAY)
    assert (context["残疾等级"], context["孤儿"], context["特困人员"]) == (None, False, UNKNOWN)


def test_age_turns_on_the_birthday() -> None:
    born = SubjectFacts("person", {"birth_date": "1936-11-23"})
    assert [context_of(born, date(2026, 11, day))["年龄"] for day in (22, 23)] == [89, 90]


def test_income_per_head_comes_from_the_members() -> None:
    members = tuple(SubjectFacts("person", {}) for _ in range(3))
    household = SubjectFacts("household", {"monthly_income": 100_000}, {"成员": members})
    context = context_of(household, TODAY)
    assert (context["家庭人口"], context["人均月收入"]) == (3, Decimal("333.33"))


def test_standards_are_called_by_name() -> None:
    person = SubjectFacts("person", {"hukou_division": "420222100", "hukou_type": "农村"})
    assert evaluate("低保标准(户籍地, 户口性质)", context_of(person, TODAY)) == 575


def test_oracle_and_checker_know_the_same_names() -> None:
    for kind in KINDS:
        context = context_of(SubjectFacts(kind, {}), TODAY)
        assert context.keys() == scope_of(kind, TODAY).names.keys()


def test_nullable_names_are_those_the_catalogue_calls_null() -> None:
    names = scope_of("person", TODAY).names
    nullable = {name for name, bound in names.items() if isinstance(bound, Binding) and bound.is_nullable}
    assert "残疾等级" in nullable
    assert not nullable & {"出生日期", "年龄", "孤儿", "失业保险缴费月数"}
