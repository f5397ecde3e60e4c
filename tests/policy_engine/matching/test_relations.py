"""Conditions on members, homes, hires, loans, projects: every compiled form says what the reference says, unknowns too."""

import pytest

from policy_engine.catalogue.attributes import ITEM_OWNERS
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
    "count(住房[房屋面积 >= 90]) > 0 and not(some h in 住房 satisfies h.房屋套次 > 1)": "household",
    "sum(项目[通过验收].固定资产投资) >= 10000000": "firm",
    '房屋类型 = "二手房" and 房屋套次 = 1 and count(家庭.成员) >= 2 and 家庭.户口性质 = "城镇"': "home",
    "项目年节能量 >= 100 and 通过验收 and 企业.规上企业 and count(企业.项目) <= 2": "project",
    "some x in 就业 satisfies x.在职月数 >= 12 and x.缴纳社保": "person",
    'every x in 就业 satisfies x.单位规模 != "大型" or 年龄 >= 60': "person",
    "count(就业[合同月数 >= 12 and not(就业困难人员)]) > 0 and count(就业) < 9": "person",
    "max(就业[缴纳社保].合同月数) >= 24 or sum(就业.连续参保月数) > 30": "person",
    "count(企业.招用) > 1 and (some h in 企业.招用 satisfies h.缴纳社保 and h.合同月数 >= 12)": "hire",
}
FORMULAS = {
    "household": "count(成员[年龄 < 18]) * 50.5 + count(成员)",
    "firm": "sum(招用.合同月数) * 10",
    "home": "房屋契税 * 0.5",
    "project": "项目年节能量 * 3.5",
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
        audience=next((owner for item, owner in ITEM_OWNERS.items() if item == kind), kind),
        each=kind if kind in ITEM_OWNERS else "self",
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
