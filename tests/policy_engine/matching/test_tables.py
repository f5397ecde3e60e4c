"""Decision tables by every hit policy: each compiled form must say what the reference says, open rows included."""

import pytest

from policy_engine.matching.bulk import match_city
from policy_engine.matching.evaluation import FamilyCase
from policy_engine.policies.compiled import compile_policies
from policy_engine.policies.document import PolicyDocument
from policy_engine.policies.published import PublishedSet, publish_documents
from policy_engine.profiles.snapshot import Snapshot
from tests.policy_engine.matching.comparison import answer_of, by_the_oracle, in_columns, shaken_city
from tests.policy_engine.matching.town import AS_OF, families
from tests.policy_engine.policies.documents import benefit, clause

HIT_POLICIES = ("U", "A", "F", "P", "C+", "C<", "C>", "C#")
RULES = [
    {"when": [">= 60", "-"], "then": "300"},
    {"when": ["-", ">= 100"], "then": "失业保险缴费月数 * 2.5"},
    {"when": ["[20..40]", "< 100"], "then": "300"},
    {"when": ["< 20", "-"], "then": "if 孤儿 then 100 else 300"},
]


#: By priority the outputs are numbers; ranked, so that no order of rows alone gives the same.
RANKED = [{**rule, "then": then} for rule, then in zip(RULES, ("300", "500", "300", "120.5"), strict=True)]
COUNTED = [{"when": rule["when"]} for rule in RULES]


def _table(hit_policy: str) -> dict[str, object]:
    table = {"hit_policy": hit_policy, "inputs": ["年龄", "失业保险缴费月数"]}
    if hit_policy == "P":
        return {**table, "rules": RANKED, "ranking": ["120.5", "500.0", "300"]}
    if hit_policy == "C#":
        return {**table, "rules": COUNTED, "per_hit": "if 孤儿 then 120.5 else 失业保险缴费月数"}
    return {**table, "rules": RULES}


def with_table(hit_policy: str) -> PolicyDocument:
    names = {"+": "sum", "<": "least", ">": "most", "#": "count"}
    return benefit(
        id=f"table-{hit_policy.lower()[0]}-{names.get(hit_policy[-1], 'one')}",
        eligibility=[clause("not(已死亡)")],
        benefit={
            "table": _table(hit_policy),
            "cap": "500",
            "floor": "失业保险缴费月数",
            "period": "month",
            "source": "notice",
            "rounding": {"name": "half_even", "step": "10"},
        },
    )


@pytest.fixture(scope="module")
def published() -> PublishedSet:
    return publish_documents([(with_table(one), "official") for one in HIT_POLICIES])


@pytest.fixture(scope="module")
def shaken(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return shaken_city(tmp_path_factory.mktemp("city"))


def test_columns_say_what_the_reference_says(shaken: Snapshot, published: PublishedSet) -> None:
    expected = by_the_oracle(shaken, published)
    assert in_columns(match_city(shaken, published, AS_OF)) == expected
    assert len({row[0] for row in expected[0]}) == len(HIT_POLICIES)
    assert expected[2] > 0


def test_generated_python_says_what_the_reference_says(shaken: Snapshot, published: PublishedSet) -> None:
    compiled = compile_policies([one.document for one in published.policies], AS_OF)
    for family in families(shaken):
        case = FamilyCase(family, published, AS_OF)
        for policy, subject in case.policies_on():
            facts = case.facts(subject)
            key = f"{policy.document.id}@{policy.document.version}"
            expected = answer_of(case.judge(policy, subject))
            assert compiled.judge_one(key, facts.kind, compiled.row(facts)) == expected, key
