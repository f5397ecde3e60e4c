"""Generated Python must answer what the reference answers: verdict by verdict and fen by fen."""

import pytest

from policy_engine.catalogue.attributes import EntityKind
from policy_engine.catalogue.subjects import SubjectFacts
from policy_engine.compile.python_source import ELIGIBLE, INELIGIBLE, UNDECIDED
from policy_engine.matching.evaluation import FamilyCase, Subject
from policy_engine.policies.compiled import CompiledPolicies, compile_policies
from policy_engine.policies.judgement import judge_document
from policy_engine.policies.published import PublishedSet
from tests.policy_engine.matching.comparison import answer_of
from tests.policy_engine.matching.strangers import stranger_family
from tests.policy_engine.matching.town import AS_OF, everything


@pytest.fixture(scope="module")
def published() -> PublishedSet:
    return everything()


@pytest.fixture(scope="module")
def compiled(published: PublishedSet) -> CompiledPolicies:
    return compile_policies([one.document for one in published.effective_on(AS_OF)], AS_OF)


@pytest.mark.parametrize("kind", ["household", "firm"])
@pytest.mark.parametrize("unknown", [0.0, 0.1, 0.5])
def test_every_policy_on_every_member_of_a_family(
    published: PublishedSet, compiled: CompiledPolicies, kind: EntityKind, unknown: float
) -> None:
    met: set[int] = set()
    for seed in range(25):
        case = FamilyCase(stranger_family(seed, kind, unknown=unknown), published, AS_OF)
        for policy, subject in case.policies_on():
            expected = answer_of(case.judge(policy, subject))
            facts = case.facts(subject)
            key = f"{policy.document.id}@{policy.document.version}"
            assert compiled.judge_one(key, facts.kind, compiled.row(facts)) == expected, key
            met.add(expected[0])
        for one in case.family:
            if one.kind not in compiled.kinds:
                continue  # jobs are looked at from a person; no policy is about them
            facts = case.facts(Subject(one.subject_id, one.subject_id))
            for key, answer in compiled.judge(facts).items():
                assert answer == compiled.judge_one(key, facts.kind, compiled.row(facts)), key
    assert met >= ({INELIGIBLE, UNDECIDED} if unknown > 0.2 else {INELIGIBLE, ELIGIBLE})


def test_of_a_person_whose_household_is_unknown_its_facts_are(
    published: PublishedSet, compiled: CompiledPolicies
) -> None:
    case = FamilyCase(stranger_family(1, "household", unknown=0.0), published, AS_OF)
    person = next(one for one in case.family if one.kind == "person")
    facts = case.facts(Subject(person.subject_id, person.subject_id))
    alone = SubjectFacts(facts.kind, facts.facts)
    for policy in published.effective_on(AS_OF):
        if policy.document.entity == "person":
            key = f"{policy.document.id}@{policy.document.version}"
            expected = judge_document(policy.document, alone, AS_OF, published.statuses)
            assert compiled.judge_one(key, "person", compiled.row(alone)) == answer_of(expected), key


def test_the_same_documents_are_compiled_once(published: PublishedSet) -> None:
    documents = [one.document for one in published.effective_on(AS_OF)]
    assert compile_policies(documents, AS_OF) is compile_policies(list(documents), AS_OF)
