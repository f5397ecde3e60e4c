"""Conditions on members, hires and loans: every compiled form must say what the reference says, unknowns included."""

import pytest

from policy_engine.matching.bulk import match_city
from policy_engine.matching.evaluation import FamilyCase
from policy_engine.policies.compiled import compile_policies
from policy_engine.policies.document import PolicyDocument
from policy_engine.policies.published import PublishedSet, publish_documents
from policy_engine.profiles.snapshot import Snapshot
from tests.policy_engine.matching.comparison import answer_of, by_the_oracle, in_columns, shaken_city
from tests.policy_engine.matching.town import AS_OF, CARED_HOME, ELDER, families
from tests.policy_engine.policies.documents import benefit, clause

CONDITIONS = {
    "some x in 家庭.成员 satisfies x.年龄 >= 80": "person",
    "every x in 家庭.成员 satisfies not(x.残疾等级 != null and x.残疾等级 <= 2)": "person",
    "not(some x in 家庭.成员 satisfies x.老年人 and 家庭.低保家庭)": "person",
    "some x in 成员 satisfies x.孤儿 or x.老年人": "household",
    'count(成员[年龄 < 18]) >= 2 and not(every x in 成员 satisfies x.户口性质 = "城镇")': "household",
    "sum(成员.失业保险缴费月数) > 60 or min(成员[年龄 >= 18].失业保险缴费月数) > 3": "household",
    "max(成员[残疾等级 != null].残疾等级) >= 2": "household",
    "count(招用[在职月数 >= 12 and 缴纳社保]) > 0": "firm",
    "sum(贷款[not(逾期)].贷款本金) >= 10000 and 参保人数 > 0": "firm",
    "count(企业.招用) > 1 and (some h in 企业.招用 satisfies h.缴纳社保 and h.合同月数 >= 12)": "hire",
}
FORMULAS = {
    "household": "count(成员[年龄 < 18]) * 50.5 + count(成员)",
    "firm": "sum(招用.合同月数) * 10",
}


@pytest.fixture(scope="module")
def published() -> PublishedSet:
    return about_relations()


def about_relations() -> PublishedSet:
    """A policy for each condition, and the statuses that some of them name."""
    documents = [ELDER, CARED_HOME]
    for number, (condition, kind) in enumerate(CONDITIONS.items()):
        documents.append(_asking(number, condition, kind))
    return publish_documents([(one, "official") for one in documents])


def _asking(number: int, condition: str, kind: str) -> PolicyDocument:
    return benefit(
        id=f"relation-{number}",
        audience="firm" if kind == "hire" else kind,
        each="hire" if kind == "hire" else "self",
        eligibility=[clause(condition, source="notice")],
        benefit={
            "formula": FORMULAS.get(kind, "100"),
            "cap": "400",
            "period": "month",
            "source": "notice",
        },
    )


@pytest.fixture(scope="module")
def shaken(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return shaken_city(tmp_path_factory.mktemp("city"))


def test_columns_say_what_the_reference_says(shaken: Snapshot, published: PublishedSet) -> None:
    expected = by_the_oracle(shaken, published)
    assert in_columns(match_city(shaken, published, AS_OF)) == expected
    assert len({row[0] for row in expected[0]}) >= 9
    assert len({row[0] for row in expected[1]}) >= 9


def test_generated_python_says_what_the_reference_says(shaken: Snapshot, published: PublishedSet) -> None:
    compiled = compile_policies([one.document for one in published.policies], AS_OF)
    for family in families(shaken):
        case = FamilyCase(family, published, AS_OF)
        for policy, subject in case.policies_on():
            facts = case.facts(subject)
            key = f"{policy.document.id}@{policy.document.version}"
            expected = answer_of(case.judge(policy, subject))
            assert compiled.judge_one(key, facts.kind, compiled.row(facts)) == expected, key
