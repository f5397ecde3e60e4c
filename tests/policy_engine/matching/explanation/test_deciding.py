"""What is asked for really settles it, whatever the answer; and nobody is asked more than that."""

import random
from itertools import combinations, product
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policy_engine.catalogue import catalogue
from policy_engine.matching.evaluation import FamilyCase, Subject
from policy_engine.matching.explanation import Situation
from policy_engine.matching.explanation.deciding import deciding_facts
from policy_engine.policies.published import publish_documents
from policy_engine.profiles.schemas import Family, KnownFact, KnownSubject
from tests.policy_engine.matching.explanation.test_nearest import situations, verdict_in
from tests.policy_engine.matching.strangers import stranger_family, value_of
from tests.policy_engine.matching.town import AS_OF, NOON
from tests.policy_engine.policies.documents import benefit, clause


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10**9), kind=st.sampled_from(["household", "firm"]))
def test_any_answer_to_what_is_asked_settles_the_library(seed: int, kind: Any) -> None:
    dice = random.Random(seed)  # noqa: S311
    for situation in situations(stranger_family(seed, kind, unknown=0.15)):
        if situation.judgement.verdict != "unknown" or situation.judgement.defect:
            continue
        missing = situation.case.lacking(situation.judgement.missing, situation.subject)
        deciding = deciding_facts(situation, missing)
        known = {one.id for one in catalogue().attributes}
        if not known.issuperset(deciding):
            continue  # hangs on a status, whose own facts are asked under its own name
        answers = {one: value_of(catalogue().attribute(one), dice) for one in deciding}
        told = answered(situation.case.family, answers)
        assert verdict_in(told, situation) != "unknown", (situation.document.id, answers)


def answered(family: Family, answers: dict[str, Any]) -> Family:
    """Everybody of whom an answer was not known tells it: a question about members is put to each of them."""

    def tells(one: KnownSubject) -> KnownSubject:
        told = {
            id.partition(".")[2]: value for id, value in answers.items() if id.partition(".")[0] == one.kind
        }
        told_now = {key: KnownFact(value, "civil_affairs", NOON) for key, value in told.items()}
        return msgspec.structs.replace(one, facts={**told_now, **one.facts})

    return Family(tells(family.owner), tuple(tells(one) for one in family.members), family.sequence)


def ask(conditions: list[str], **facts: Any) -> tuple[str, ...]:
    known = {key: KnownFact(value, "civil_affairs", NOON) for key, value in facts.items()}
    family = Family(KnownSubject(1, "household", 1, None, "420200", 1, known), (), 1)
    clauses = [clause(one, id=f"clause-{place}", source="notice") for place, one in enumerate(conditions)]
    document = benefit(audience="household", eligibility=clauses)
    case = FamilyCase(family, publish_documents([(document, "official")]), AS_OF)
    situation = Situation(case, case.published.policies[0], Subject(1, 1))
    found = deciding_facts(situation, case.lacking(situation.judgement.missing, situation.subject))
    return tuple(one.partition(".")[2] for one in found)


@pytest.mark.parametrize(
    ("conditions", "facts", "expected"),
    [
        (["低保家庭"], {}, {"is_dibao"}),
        (["低保家庭", "低保家庭 or 低保边缘家庭"], {}, {"is_dibao"}),
        (["低保家庭 or 低保边缘家庭"], {}, {"is_dibao", "is_dibao_marginal"}),
        (["低保家庭", "家庭月收入 < 500"], {}, {"is_dibao", "monthly_income"}),
        (["低保家庭 or 家庭月收入 < 500", "not(低保家庭) and 家庭财产 < 100"], {}, {"is_dibao", "monthly_income", "assets"}),
        (["家庭月收入 < 500", "家庭月收入 < 800 or 低保家庭"], {}, {"monthly_income"}),
        (["家庭月收入 < 500", "家庭月收入 < 300 or 低保家庭"], {}, {"monthly_income", "is_dibao"}),
    ],
)  # fmt: skip
def test_only_what_decides_is_asked(conditions: list[str], facts: dict[str, Any], expected: set[str]) -> None:
    assert set(ask(conditions, **facts)) == expected


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_no_smaller_set_would_do(data: st.DataObject) -> None:
    """Against trying everything, on clauses of three yes-or-no facts."""
    names = {"低保家庭": "is_dibao", "低保边缘家庭": "is_dibao_marginal"}
    leaf = st.sampled_from([*names, *(f"not({one})" for one in names), "家庭月收入 < 500"])
    joined = st.tuples(leaf, leaf, st.sampled_from(["and", "or"])).map(_bracketed)
    conditions = data.draw(st.lists(st.one_of(leaf, joined), min_size=1, max_size=3))
    found = ask(conditions)
    keys = {"is_dibao": [True, False], "is_dibao_marginal": [True, False], "monthly_income": [49_999, 50_000]}
    for size in range(len(found)):
        for part in combinations(keys, size):
            assert not _settles(conditions, {one: keys[one] for one in part}), (conditions, found, part)


def _settles(conditions: list[str], answers: dict[str, list[Any]]) -> bool:
    return all(
        not ask(conditions, **dict(zip(answers, chosen, strict=True)))
        for chosen in product(*answers.values())
    )


def _bracketed(parts: tuple[str, str, str]) -> str:
    left, right, joint = parts
    return f"({left} {joint} {right})"
