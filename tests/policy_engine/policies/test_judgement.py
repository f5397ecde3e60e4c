"""Verdicts, amounts and what is missing, where facts may be unknown."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy_engine.catalogue.subjects import SubjectFacts
from policy_engine.language import DecisionTable, decide, parse, parse_tests
from policy_engine.language.tables import HitPolicy, Input, Output, Rule
from policy_engine.policies.amounts import amount_of, to_fen
from policy_engine.policies.document import PolicyDocument, Rounding
from policy_engine.policies.judgement import Judgement, judge_document
from tests.policy_engine.policies.documents import benefit, clause, status

TODAY = date(2026, 11, 23)


def person(**facts: Any) -> SubjectFacts:
    return SubjectFacts("person", facts)


def judged(document: PolicyDocument, subject: SubjectFacts) -> Judgement:
    return judge_document(document, subject, TODAY)


def money(**parts: object) -> dict[str, object]:
    return {"period": "month", "source": "notice", **parts}


def test_one_clause_that_fails_settles_it_whatever_is_unknown() -> None:
    document = benefit(eligibility=[clause("孤儿", id="first"), clause("特困人员", id="second")])
    found = judged(document, person(is_orphan=False))
    assert (found.verdict, found.failing, found.missing) == ("ineligible", ("first",), ())


def test_missing_are_only_facts_that_could_still_change_the_answer() -> None:
    document = benefit(eligibility=[clause("(孤儿 or 特困人员) and 需要长期照护")])
    found = judged(document, person(is_tekun=True))
    assert (found.verdict, found.missing) == ("unknown", ("person.has_long_term_care_need",))


def test_branch_that_is_not_taken_asks_for_nothing() -> None:
    document = benefit(
        eligibility=[clause("孤儿")],
        benefit=money(formula="if 特困人员 then 失业保险缴费月数 else 50"),
    )
    found = judged(document, person(is_orphan=True, is_tekun=False))
    assert (found.verdict, found.amount_fen) == ("eligible", 50_00)


def test_missing_under_a_negation_is_found_too() -> None:
    document = benefit(eligibility=[clause("not(孤儿 or 特困人员)")])
    found = judged(document, person(is_orphan=False))
    assert found.missing == ("person.is_tekun",)


def test_derived_fact_is_asked_for_by_what_it_is_derived_from() -> None:
    assert judged(benefit(), person()).missing == ("person.birth_date",)


def test_date_of_birth_that_is_null_is_no_answer() -> None:
    assert judged(benefit(), person(birth_date=None)).verdict == "unknown"


def test_unknown_household_makes_its_facts_unknown() -> None:
    document = benefit(eligibility=[clause("家庭.低保家庭")])
    assert judged(document, person()).missing == ("household.is_dibao",)


def test_facts_of_members_decide_for_the_household() -> None:
    document = status(
        audience="household",
        eligibility=[clause("some 人 in 成员 satisfies 人.年龄 < 3")],
        status={"name": "有婴幼儿家庭", "nature": "definition"},
        sources={},
    )
    baby, adult = person(birth_date="2025-06-01"), person(birth_date="1990-01-01")
    of = [
        SubjectFacts("household", {}, {"成员": members})
        for members in ((adult,), (adult, baby), (adult, person()))
    ]
    assert [judged(document, one).verdict for one in of] == ["ineligible", "eligible", "unknown"]


def test_amount_without_a_result_is_a_defect_and_never_an_offer() -> None:
    document = benefit(
        benefit=money(
            table={"hit_policy": "U", "inputs": ["年龄"], "rules": [{"when": [">= 100"], "then": "200"}]}
        )
    )
    found = judged(document, person(birth_date="1950-01-01"))
    assert found.verdict == "unknown"
    assert found.defect


def tabled(hit_policy: str, *rules: tuple[str, str, str]) -> PolicyDocument:
    """A table over 孤儿 and 特困人员, the outputs 4, 3, 2, 1 from the most important to the least."""
    rows = [{"when": [first, second], "then": then} for first, second, then in rules]
    table: dict[str, Any] = {"hit_policy": hit_policy, "inputs": ["孤儿", "特困人员"], "rules": rows}
    if hit_policy == "P":
        table["ranking"] = ["4", "3", "2", "1"]
    if hit_policy == "C#":
        table["per_hit"] = "2.5"
    return benefit(eligibility=[clause('性别 = "女"')], benefit=money(table=table))


WOMAN: dict[str, Any] = {"sex": "女"}


@pytest.mark.parametrize(
    ("hit_policy", "rules", "facts", "expected"),
    [
        ("U", [("true", "-", "1"), ("false", "-", "2")], {"is_orphan": True}, 1_00),
        ("U", [("true", "-", "1"), ("-", "true", "2")], {"is_orphan": True, "is_tekun": True}, "defect"),
        ("U", [("true", "-", "1"), ("-", "true", "2")], {"is_orphan": True}, "unknown"),
        ("F", [("true", "-", "1"), ("-", "-", "2")], {}, "unknown"),
        ("F", [("true", "-", "2"), ("-", "-", "2")], {}, 2_00),
        ("F", [("-", "-", "1"), ("true", "-", "2")], {}, 1_00),
        ("A", [("true", "-", "3"), ("-", "true", "3")], {"is_orphan": True}, 3_00),
        ("A", [("true", "-", "3"), ("-", "true", "4")], {"is_orphan": True}, "unknown"),
        ("A", [("true", "-", "3"), ("-", "true", "4")], {"is_orphan": True, "is_tekun": True}, "defect"),
        ("C+", [("true", "-", "3"), ("-", "true", "4")], {"is_orphan": True, "is_tekun": True}, 7_00),
        ("C<", [("true", "-", "3"), ("-", "true", "4")], {"is_orphan": True, "is_tekun": True}, 3_00),
        ("C>", [("true", "-", "3"), ("-", "true", "4")], {"is_orphan": True, "is_tekun": True}, 4_00),
        ("C+", [("true", "-", "3"), ("-", "true", "4")], {"is_orphan": True}, "unknown"),
        ("C+", [("true", "-", "3")], {"is_orphan": False}, "defect"),
        ("P", [("true", "-", "3"), ("-", "true", "4")], {"is_orphan": True, "is_tekun": True}, 4_00),
        ("P", [("true", "-", "3"), ("-", "true", "4")], {"is_orphan": True}, "unknown"),
        ("P", [("true", "-", "3"), ("-", "true", "2")], {"is_orphan": True}, 3_00),
        ("P", [("true", "-", "3"), ("-", "true", "3")], {"is_orphan": True}, 3_00),
        ("P", [("true", "-", "3"), ("-", "true", "4")], {"is_orphan": False, "is_tekun": False}, "defect"),
        ("C#", [("true", "-", "1"), ("-", "true", "1")], {"is_orphan": True, "is_tekun": True}, 5_00),
        ("C#", [("true", "-", "1"), ("-", "true", "1")], {"is_orphan": True, "is_tekun": False}, 2_50),
        ("C#", [("true", "-", "1"), ("-", "true", "1")], {"is_orphan": True}, "unknown"),
        ("R", [("true", "-", "1")], {"is_orphan": True, "is_tekun": True}, "defect"),
    ],
)
def test_table_row_by_row(
    hit_policy: str, rules: list[tuple[str, str, str]], facts: dict[str, bool], expected: int | str
) -> None:
    found = judged(tabled(hit_policy, *rules), person(**WOMAN, **facts))
    if isinstance(expected, int):
        assert (found.verdict, found.amount_fen) == ("eligible", expected)
    elif expected == "unknown":
        assert found.verdict == "unknown"
        assert set(found.missing) <= {"person.is_orphan", "person.is_tekun"} - {
            f"person.{key}" for key in facts
        }
        assert found.missing
    else:
        assert found.defect


def test_cap_and_floor_bound_the_amount() -> None:
    rich = benefit(
        benefit=money(formula="失业保险缴费月数 * 100", cap="300", floor="200"), eligibility=[clause("孤儿")]
    )
    amounts = [
        judged(rich, person(is_orphan=True, ui_paid_months=months)).amount_fen for months in (1, 2, 3, 4)
    ]
    assert amounts == [200_00, 200_00, 300_00, 300_00]


@pytest.mark.parametrize(
    ("name", "step", "expected"),
    [
        ("half_up", "0.01", 1001),
        ("half_even", "0.01", 1000),
        ("down", "0.01", 1000),
        ("up", "0.01", 1001),
        ("up", "10", 2000),
    ],
)
def test_rounding_by_name_and_step(name: Any, step: Any, expected: int) -> None:
    assert to_fen(Decimal("10.005"), Rounding(name=name, step=step)) == expected


OUTPUTS = ("4", "3", "2", "1")


@given(
    hit_policy=st.sampled_from(["U", "A", "F", "P", "C+", "C<", "C>", "C#"]),
    rows=st.lists(
        st.tuples(*[st.sampled_from(["true", "false", "-"])] * 2, st.sampled_from(OUTPUTS)),
        min_size=1,
        max_size=5,
    ),
    facts=st.tuples(st.booleans(), st.booleans()),
)
def test_where_all_is_known_a_table_says_what_the_standard_says(
    hit_policy: HitPolicy, rows: list[tuple[str, str, str]], facts: tuple[bool, bool]
) -> None:
    rules = tuple(Rule(tuple(parse_tests(one) for one in row[:2]), (parse(row[2]),)) for row in rows)
    inputs = tuple(Input(parse(one)) for one in ("孤儿", "特困人员"))
    output = Output(ranking=tuple(parse(one) for one in OUTPUTS))
    context = {"孤儿": facts[0], "特困人员": facts[1]}
    expected = decide(DecisionTable(inputs, (output,), rules, hit_policy), context)
    table = tabled(hit_policy, *rows).benefit
    assert table is not None
    found = amount_of(table, context).value
    assert found == (expected * Decimal("2.5") if hit_policy == "C#" else expected)


@given(st.decimals(min_value=0, max_value=10**9, places=6))
def test_rounding_never_moves_further_than_a_step(amount: Decimal) -> None:
    down, up = (to_fen(amount, Rounding(name=name)) for name in ("down", "up"))
    assert down <= to_fen(amount, Rounding(name="half_up")) <= up
    assert up - down <= 1


@given(st.dictionaries(st.sampled_from(["is_orphan", "is_tekun", "has_long_term_care_need"]), st.booleans()))
def test_telling_everything_missing_settles_an_open_question(facts: dict[str, bool]) -> None:
    document = benefit(eligibility=[clause("(孤儿 or 需要长期照护) and not(特困人员)")])
    found = judged(document, person(**facts))
    told = {**facts, **{id.removeprefix("person."): True for id in found.missing}}
    assert (found.verdict == "unknown") == bool(found.missing)
    assert judged(document, person(**told)).verdict != "unknown"
