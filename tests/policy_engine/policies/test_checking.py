"""Every way in which a document can be wrong is told with its line, its reason and its mend."""

import msgspec
import pytest

from policy_engine.catalogue import catalogue
from policy_engine.policies.checking import check_document, standing_of
from policy_engine.policies.form_rules import impact_assessment
from policy_engine.policies.loading import load_document
from policy_engine.policies.problems import DocumentRefused, Problem
from policy_engine.policies.published import NOTHING, PublishedSet, publish_documents
from tests.policy_engine.policies.documents import BENEFIT, STATUS, benefit, changed, clause, status

PRESUMED = status(
    id="trial-presumed",
    audience="household",
    eligibility=[clause("家庭月收入 < 1000", source="notice")],
    status={
        "name": "推定低保家庭",
        "nature": "presumed",
        "attribute": "household.is_dibao",
        "invitation": "可以申请核对。",
    },
)


DECISION = {"key": "decide", "title": "审定", "outcome": "decide", "duty": "claim.decide", "level": "county"}
TWO_SEATS = [{"title": "残联", "department": "残联"}, {"title": "卫健", "department": "卫健局"}]


def problems_of(text: str, published: PublishedSet = NOTHING) -> list[Problem]:
    loaded = load_document(text)
    return check_document(loaded.document, catalogue(), published, source=loaded.source)


def the_problem(text: str, published: PublishedSet = NOTHING) -> Problem:
    (problem,) = problems_of(text, published)
    assert problem.line > 0
    assert problem.reason
    assert problem.mend
    return problem


def with_condition(condition: str, **more: object) -> str:
    return changed(BENEFIT, eligibility=[clause(condition, source="notice")], **more)


@pytest.mark.parametrize("text", [BENEFIT, STATUS])
def test_sound_document_has_no_problem(text: str) -> None:
    assert problems_of(text) == []


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("身高 >= 180", "身高"),
        ("年龄 >= ", ""),
        ('年龄 >= "六十"', ""),
        ("年龄 + 1", ""),
        ("残疾等级 <= 2", "残疾等级"),
        ("家庭.身高 > 1", "身高"),
    ],
)
def test_feel_that_cannot_hold_is_refused_at_its_line(condition: str, said: str) -> None:
    problem = the_problem(with_condition(condition))
    assert problem.where == "eligibility[1].condition"
    assert said in problem.reason


def test_line_is_that_of_the_condition() -> None:
    text = BENEFIT.replace("condition: 年龄 >= 60", "condition: 身高 >= 180")
    problem = the_problem(text)
    assert "身高" in text.splitlines()[problem.line - 1]


def test_amount_must_be_a_number() -> None:
    money = {"formula": '"一百"', "period": "month", "source": "notice"}
    assert the_problem(changed(BENEFIT, benefit=money)).where == "benefit.formula"


def test_ordering_of_a_nullable_fact_is_allowed_once_null_is_handled() -> None:
    assert problems_of(with_condition("残疾等级 != null and 残疾等级 <= 2")) == []


def test_every_figure_needs_its_source() -> None:
    text = changed(BENEFIT, eligibility=[clause("年龄 >= 60")])
    assert the_problem(text).code == "missing_figure_source"


def test_nought_and_digits_in_strings_are_no_figures() -> None:
    text = changed(BENEFIT, eligibility=[clause('失业保险缴费月数 > 0 and starts with(户籍地, "4202")')])
    assert problems_of(text) == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"benefit": None, "funding": None, "accrual": None, "sources": {}}, "benefit_or_status"),
        ({"funding": None}, "missing_part"),
        ({"funding": {"kind": "quota", "fund": "fiscal"}}, "no_budget"),
        ({"each": "hire"}, "each"),
        ({"jurisdiction": "990000"}, "division"),
        ({"effective_to": "2025-01-01"}, "dates"),
        ({"stages": []}, "no_decision"),
        ({"excludes": ["trial-allowance"]}, "self_reference"),
        ({"limits": [{"times": 1, "per": "year"}, {"times": 2, "per": "year"}]}, "duplicate_limit"),
        ({"limits": [{"times": 3, "per": "month"}, {"times": 3, "per": "year"}]}, "idle_limit"),
        ({"yearly_caps": [{"yuan": 900, "source": "nowhere"}]}, "unknown_source"),
        (
            {"yearly_caps": [{"yuan": 900, "source": "notice"}, {"yuan": 800, "source": "notice"}]},
            "duplicate_cap",
        ),
        (
            {"yearly_caps": [{"yuan": 900, "source": "notice", "together_with": ["trial-allowance"]}]},
            "self_reference",
        ),
        (
            {"audience": "firm", "yearly_caps": [{"yuan": 900, "source": "notice", "scope": "household"}]},
            "cap_scope",
        ),
    ],
)
def test_incoherent_document_is_refused(changes: dict[str, object], code: str) -> None:
    assert code in {one.code for one in problems_of(changed(BENEFIT, **changes))}


@pytest.mark.parametrize(
    ("stage", "code"),
    [
        ({"joint": [{"title": "甲"}]}, "joint_alone"),
        ({"joint": TWO_SEATS, "department": "民政局"}, "joint_department"),
        ({"joint": TWO_SEATS, "may_repeat_person": True}, "joint_person"),
        ({"joint": TWO_SEATS, "outcome": "accept", "duty": "claim.accept"}, "joint_accept"),
        ({"key": "d" * 33}, "stage_key"),
    ],
)
def test_a_stage_on_which_nobody_could_agree_is_refused(stage: dict[str, object], code: str) -> None:
    review = {"key": "review", "title": "审核", "outcome": "joint_review", "duty": "claim.joint_review"}
    text = changed(BENEFIT, stages=[{**review, "level": "county", **stage}, DECISION])
    assert the_problem(text).code == code


def test_large_amounts_add_hands_but_somebody_always_decides() -> None:
    seats = [{"title": "科长"}, {"title": "局长", "above_yuan": 50_000}]
    assert problems_of(changed(BENEFIT, stages=[{**DECISION, "joint": seats}])) == []
    text = changed(BENEFIT, stages=[{**DECISION, "above_yuan": 50_000}])
    assert the_problem(text).code == "conditional_decision"
    status = changed(STATUS, stages=[{**DECISION, "joint": seats}])
    assert "amount_without_money" in {one.code for one in problems_of(status)}


def test_limits_on_several_times_and_a_cap_go_together() -> None:
    limits = [
        {"times": 2, "per": "month"},
        {"times": 3, "per": "year"},
        {"times": 4, "per": "year", "scope": "subject"},
    ]
    caps = [{"yuan": 900, "source": "notice"}, {"yuan": 2000, "source": "notice", "scope": "household"}]
    assert problems_of(changed(BENEFIT, limits=limits, yearly_caps=caps)) == []


def test_a_status_has_no_cap_in_money_and_the_line_is_told() -> None:
    text = changed(STATUS, yearly_caps=[{"yuan": 900, "source": "notice"}])
    problem = the_problem(text)
    assert (problem.code, problem.where) == ("cap_without_money", "yearly_caps[1]")
    assert text.splitlines()[problem.line - 1].strip().startswith("- ")


@pytest.mark.parametrize(
    "cap", [{"yuan": 0, "source": "notice"}, {"yuan": "900", "source": "notice"}, {"yuan": 900}]
)
def test_a_cap_of_no_sum_or_no_source_is_not_taken_in(cap: dict[str, object]) -> None:
    with pytest.raises(DocumentRefused) as refused:
        load_document(changed(BENEFIT, yearly_caps=[cap]))
    assert refused.value.problems[0].line > 0


def test_sensitive_facts_need_an_impact_assessment() -> None:
    text = changed(with_condition("残疾等级 != null"), impact_assessment=None)
    assert the_problem(text).code == "impact_assessment"


def test_automated_decisions_need_an_impact_assessment() -> None:
    text = changed(BENEFIT, impact_assessment=None, delivery={"mode": "automatic"})
    problem = the_problem(text)
    assert problem.code == "impact_assessment"
    assert "自动" in problem.reason


def test_a_benefit_for_each_child_needs_an_impact_assessment() -> None:
    document = load_document(changed(BENEFIT, impact_assessment=None)).document
    assert list(impact_assessment(document, catalogue())) == []
    ((code, _, reason, _),) = impact_assessment(msgspec.structs.replace(document, each="child"), catalogue())
    assert code == "impact_assessment"
    assert "十四周岁" in reason


def test_a_fact_that_law_does_not_give_to_judging_is_refused_by_name() -> None:
    known = catalogue()
    person = known.entities["person"]
    held = msgspec.structs.replace(person.attributes["birth_date"], permitted_uses=("statistics",))
    narrower = msgspec.structs.replace(
        known,
        entities={
            **known.entities,
            "person": msgspec.structs.replace(person, attributes={**person.attributes, "birth_date": held}),
        },
    )
    loaded = load_document(with_condition('出生日期 <= date("1966-01-01")'))
    problems = check_document(loaded.document, narrower, NOTHING, source=loaded.source)
    (problem,) = [one for one in problems if one.code == "forbidden_use"]
    assert held.name in problem.reason
    assert [
        one
        for one in check_document(loaded.document, known, NOTHING, source=loaded.source)
        if one.code == "forbidden_use"
    ] == []


def test_money_never_stands_on_a_presumed_status() -> None:
    published = publish_documents([(PRESUMED, "official")])
    problem = the_problem(with_condition("家庭.推定低保家庭"), published)
    assert problem.code == "money_on_presumed"
    assert "推定低保家庭" in problem.reason


def test_money_may_stand_on_a_definition() -> None:
    published = publish_documents([(status(), "official")])
    assert problems_of(with_condition("老年人"), published) == []


def test_presumption_does_not_become_money_through_a_definition() -> None:
    between = status(
        id="trial-between",
        eligibility=[clause("家庭.推定低保家庭")],
        status={"name": "低收入老人", "nature": "definition"},
    )
    published = publish_documents([(PRESUMED, "official"), (between, "official")])
    assert the_problem(with_condition("低收入老人"), published).code == "money_on_presumed"


def test_ring_of_statuses_is_refused_with_its_names() -> None:
    frail = status(
        id="trial-frail", status={"name": "体弱老人", "nature": "definition"}, eligibility=[clause("老年人")]
    )
    published = publish_documents([(status(), "official"), (frail, "official")])
    text = changed(STATUS, version=2, sources={}, eligibility=[clause("体弱老人")])
    problem = the_problem(text, published)
    assert problem.code == "status_loop"
    assert "老年人" in problem.reason
    assert "体弱老人" in problem.reason


def test_status_cannot_take_the_name_of_a_fact_or_of_another_status() -> None:
    taken = changed(STATUS, status={"name": "孤儿", "nature": "definition"})
    assert the_problem(taken).code == "status_name"
    published = publish_documents([(status(), "official")])
    twice = changed(STATUS, id="trial-other")
    assert the_problem(twice, published).code == "status_name"


def test_what_cannot_be_worked_out_for_the_whole_city_is_refused() -> None:
    table = {"hit_policy": "U", "inputs": ["年龄 >= 70"], "rules": [{"when": ["true"], "then": "100"}]}
    problem = the_problem(changed(BENEFIT, benefit={"table": table, "period": "month", "source": "notice"}))
    assert problem.where == "benefit.table.rules[1].when"
    assert "批量" in problem.reason


def test_document_stands_as_badly_as_its_worst_figure() -> None:
    assert standing_of(benefit(), catalogue()) == "official"
    assert standing_of(load_document(with_condition("年龄 >= 60")).document, catalogue()) == "official"
    by_parameter = benefit(
        benefit={"formula": "失业保险金标准(户籍地)", "period": "month", "source": "notice"}
    )
    assert standing_of(by_parameter, catalogue()) == "unverified"


def test_clauses_that_rule_each_other_out_are_told() -> None:
    apart = [
        clause("年龄 >= 60", id="old", source="notice"),
        clause("年龄 < 60", id="young", source="notice"),
    ]
    codes = {
        (one.code, one.where)
        for one in check_document(benefit(eligibility=apart), catalogue(), PublishedSet(0, ()))
    }
    assert ("unreachable", "eligibility[2].condition") in codes


@pytest.mark.parametrize(("second", "is_told"), [("[94..99]", True), ("[95..99]", False), ("-", True)])
def test_tiers_that_overlap_are_told(second: str, is_told: bool) -> None:
    rules = [{"when": ["[90..94]"], "then": "30"}, {"when": [second], "then": "60"}]
    table = {"hit_policy": "U", "inputs": ["年龄"], "rules": rules}
    document = benefit(benefit={"table": table, "period": "month", "source": "notice"})
    codes = {one.code for one in check_document(document, catalogue(), PublishedSet(0, ()))}
    assert ("overlapping_tiers" in codes) is is_told


@pytest.mark.parametrize(
    ("name", "cells", "is_told"),
    [
        ("年龄", ["[60..79]", ">= 80"], False),
        ("年龄", ["[60..79)", "[80..99]"], True),
        ("年龄", ["[60..79]", "> 79"], False),
        ("年龄", ["< 70", "> 70"], True),
        ("年龄", ["[60..69]", "[75..79]", ">= 70"], False),
        ("年龄", ["[60..69]", "80", ">= 85"], True),
        ("年龄", ["[60..69]", "-"], False),
        ("年龄", ["[10..19]", "[30..39]", ">= 40"], False),
        ("出生日期", ['<= date("1936-12-31")', '>= date("1937-01-01")'], False),
        ("出生日期", ['<= date("1936-12-31")', '>= date("1938-01-01")'], True),
    ],
)
def test_tiers_that_leave_a_gap_are_told_where_the_clauses_let_somebody_in(
    name: str, cells: list[str], is_told: bool
) -> None:
    rules = [{"when": [one], "then": "30"} for one in cells]
    table = {"hit_policy": "F", "inputs": [name], "rules": rules}
    old_enough = [clause("年龄 >= 40", source="notice")]
    document = benefit(
        eligibility=old_enough, benefit={"table": table, "period": "month", "source": "notice"}
    )
    codes = {one.code for one in check_document(document, catalogue(), PublishedSet(0, ()))}
    assert ("gapped_tiers" in codes) is is_told


ROWS = [{"when": ["< 70"], "then": "30"}, {"when": [">= 60"], "then": "60"}]
COUNTED = [{"when": ["< 70"]}, {"when": [">= 60"]}]


@pytest.mark.parametrize(
    ("table", "code", "where"),
    [
        ({"hit_policy": "R", "rules": ROWS}, "list_of_amounts", "hit_policy"),
        ({"hit_policy": "C", "rules": ROWS}, "list_of_amounts", "hit_policy"),
        ({"hit_policy": "P", "rules": ROWS}, "unranked", "rules[1].then"),
        ({"hit_policy": "P", "rules": ROWS, "ranking": ["60", "30", "60.0"]}, "duplicate_rank", "ranking[3]"),
        ({"hit_policy": "P", "rules": ROWS, "ranking": ["60", "30", "20"]}, "idle_rank", "ranking[3]"),
        ({"hit_policy": "P", "rules": ROWS, "ranking": ["60", "30", "年龄"]}, "ranking_number", "ranking[3]"),
        (
            {"hit_policy": "P", "rules": [ROWS[0], {"when": ["-"], "then": "年龄"}], "ranking": ["30"]},
            "ranked_number",
            "rules[2].then",
        ),
        ({"hit_policy": "F", "rules": ROWS, "ranking": ["60", "30"]}, "idle_ranking", "ranking"),
        ({"hit_policy": "C#", "rules": COUNTED}, "no_per_hit", ""),
        ({"hit_policy": "C#", "rules": ROWS, "per_hit": "50"}, "idle_output", "rules[1].then"),
        ({"hit_policy": "C+", "rules": ROWS, "per_hit": "50"}, "idle_per_hit", "per_hit"),
        ({"hit_policy": "F", "rules": COUNTED}, "no_output", "rules[1]"),
        ({"hit_policy": "P", "rules": ROWS, "ranking": ["60", "30"]}, None, ""),
        ({"hit_policy": "C#", "rules": COUNTED, "per_hit": "50 + 年龄"}, None, ""),
    ],
)
def test_a_table_makes_one_amount_or_is_refused_with_a_mend(
    table: dict[str, object], code: str | None, where: str
) -> None:
    table = {"inputs": ["年龄"], **table}
    problems = problems_of(changed(BENEFIT, benefit={"table": table, "period": "month", "source": "notice"}))
    if code is None:
        assert not problems
        return
    assert (code, ".".join(["benefit.table", where]).rstrip(".")) in {
        (one.code, one.where) for one in problems
    }
    assert all(one.mend for one in problems)


def test_a_table_is_small_enough_to_compare_every_two_of_its_rows() -> None:
    rows = [{"when": [f"[{one}..{one + 1})"], "then": "1"} for one in range(201)]
    table = {"hit_policy": "U", "inputs": ["年龄"], "rules": rows}
    with pytest.raises(DocumentRefused) as refused:
        load_document(changed(BENEFIT, benefit={"table": table, "period": "month", "source": "notice"}))
    assert refused.value.problems[0].where == "benefit.table.rules"
    table["rules"] = [{"when": [",".join(map(str, range(900)))], "then": "1"}]
    text = changed(BENEFIT, benefit={"table": table, "period": "month", "source": "notice"})
    assert "table_size" in {one.code for one in problems_of(text)}


def test_a_date_that_does_not_exist_is_told_as_such() -> None:
    problem = the_problem(with_condition('出生日期 <= date("2026-02-30")'))
    assert "date" in problem.reason
    assert "真实的日期" in problem.mend
