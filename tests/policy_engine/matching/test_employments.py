"""A hire lies with the firm and is somebody's job: what is told of it reaches that person's policies, and nobody else's eyes."""

from typing import Any

import pytest

from kernel.clock import FixedClock
from kernel.house import House
from policy_engine.catalogue import catalogue
from policy_engine.matching.evaluation import FamilyCase, Subject
from policy_engine.matching.explanation import Explanation, explain
from policy_engine.policies.checking import check_document
from policy_engine.policies.published import PublishedSet, publish_documents
from policy_engine.policies.states import FULL_PERMILLE
from policy_engine.profiles.past import family_at
from policy_engine.profiles.repository import load_families
from policy_engine.profiles.schemas import Family, KnownFact, KnownSubject
from policy_engine.profiles.service import FACTS_CHANGED
from tests.policy_engine.decisions.records import built_for, file_of, wrong
from tests.policy_engine.matching.town import INSURED_WORKER, NOON, WORKER_GRANT
from tests.policy_engine.matching.works import Works
from tests.policy_engine.policies.documents import benefit, clause

HOME, WORKER, SPOUSE, FIRM, JOB = 100, 101, 102, 900, 901


@pytest.fixture
def works(any_house: House, clock: FixedClock) -> Works:
    """A couple, one of whom works for a firm; nobody knows yet whether social insurance is paid."""
    works = Works(any_house, clock)
    works.add("household", HOME, HOME)
    works.add("person", WORKER, HOME, birth_date="1990-01-01")
    works.add("person", SPOUSE, HOME, birth_date="1991-01-01")
    works.add("firm", FIRM, FIRM)
    for document in (INSURED_WORKER, WORKER_GRANT):
        works.publish(document, permille=FULL_PERMILLE)
    works.add("hire", JOB, FIRM, about=WORKER, hired_on="2026-01-15", contract_months=12)
    works.work()
    return works


def holding(works: Works) -> set[tuple[str, int]]:
    return {(policy, subject) for policy, subject, _ in works.kept()}


def test_what_is_told_of_a_hire_reaches_the_person_taken_on_and_goes_again(works: Works) -> None:
    assert holding(works) == set()
    works.say(JOB, "hire.pays_social_insurance", True)
    works.work()
    assert holding(works) == {("insured-worker", WORKER), ("worker-grant", WORKER)}
    assert works.offers_ever() == {("worker-grant", WORKER, WORKER)}
    works.say(JOB, "hire.pays_social_insurance", False)
    works.work()
    assert holding(works) == set()
    assert works.kept() == works.recomputed()


def test_jobs_go_along_when_the_person_moves_and_another_one_counts(works: Works) -> None:
    works.say(JOB, "hire.pays_social_insurance", True)
    works.add("household", 200, 200)
    works.move(WORKER, 200)
    works.add("hire", JOB + 1, FIRM, about=WORKER, contract_months=6)
    works.work()
    (amount,) = [one[2] for key, one in works.kept().items() if key[0] == "worker-grant"]
    assert amount == 200_00
    assert works.kept() == works.recomputed()


def test_a_month_more_in_the_job_is_found_at_night(works: Works) -> None:
    works.say(JOB, "hire.pays_social_insurance", True)
    works.say(JOB, "hire.hired_on", "2026-09-01")
    works.work()
    assert holding(works) == set()
    works.tomorrow(10)
    works.night()
    works.work()
    assert holding(works) == {("insured-worker", WORKER), ("worker-grant", WORKER)}


def test_what_is_the_firms_alone_does_not_touch_the_household(works: Works) -> None:
    said = works.say(JOB, "hire.employer_premium", 90_000)
    with works.house.database.read() as session:
        home = load_families(session, [HOME])[HOME]
    (job,) = home.of_kind("employment")
    assert said > home.sequence
    assert "employer_premium" not in job.facts


def test_the_past_knows_the_jobs_of_then(works: Works) -> None:
    before = works.say(JOB, "hire.pays_social_insurance", True)
    works.say(JOB, "hire.pays_social_insurance", False)
    works.add("hire", JOB + 1, FIRM, about=WORKER, contract_months=6)
    with works.house.database.read() as session:
        then = family_at(session, WORKER, before)
    (job,) = then.employments_of(WORKER)
    assert job.facts["pays_social_insurance"].value is True


def known(number: int, kind: str, owner_id: int, about_id: int | None = None, **facts: Any) -> KnownSubject:
    told = {key: KnownFact(value, "human_resources", NOON) for key, value in facts.items()}
    return KnownSubject(number, kind, owner_id, about_id, "420200", 1, told)  # type: ignore[arg-type]


def couple() -> tuple[Family, PublishedSet]:
    job = known(JOB, "employment", FIRM, WORKER, hired_on="2026-01-15", contract_months=6)
    people = (known(WORKER, "person", HOME), known(SPOUSE, "person", HOME))
    document = benefit(
        eligibility=[clause("some 一份 in 就业 satisfies 一份.合同月数 >= 12", source="notice")]
    )
    return Family(known(HOME, "household", HOME), (*people, job), 1), publish_documents(
        [(document, "official")]
    )


@pytest.mark.parametrize(("reader", "seen"), [(WORKER, "6月"), (None, "6月"), (SPOUSE, ""), (FIRM, "")])
def test_ones_jobs_are_ones_own_to_read(reader: int | None, seen: str) -> None:
    family, published = couple()
    (line,) = _explained(family, published, reader).clauses[0].facts
    assert (line.attribute, line.text) == ("employment.contract_months", seen)


def _explained(family: Family, published: PublishedSet, reader: int | None) -> Explanation:
    case = FamilyCase(family, published, NOON.date())
    return explain(case, published.policies[0], Subject(WORKER, WORKER), reader_id=reader)


def test_a_record_of_a_decision_holds_the_jobs_it_read() -> None:
    family, published = couple()
    mine, spouses = list(built_for(family, published))
    for one in (mine, spouses):
        assert wrong(file_of(one)) == []
    assert [one.of for one in mine.record.bearers] == [None, None, 1]
    assert mine.bearer_ids == (HOME, WORKER, WORKER)
    assert "fact/2/employment.contract_months" in {one.name for one in mine.disclosures}
    assert [one.kind for one in spouses.record.bearers] == ["household", "person"]


@pytest.mark.parametrize(
    "condition",
    [
        "some 一份 in 就业 satisfies 一份.企业.规上企业",
        "some 人 in 家庭.成员 satisfies count(人.就业) > 0",
        "count(家庭.成员[count(就业) > 0]) > 0",
        "企业.规上企业",
    ],
)
def test_neither_the_employer_nor_the_jobs_of_others_can_be_asked(condition: str) -> None:
    document = benefit(eligibility=[clause(condition, source="notice")])
    assert check_document(document, catalogue(), PublishedSet(0, ()))


def test_news_of_a_hire_names_it_to_both_families(works: Works) -> None:
    works.say(JOB, "hire.pays_social_insurance", True)
    told = {one.owner_id: one for one in works.waiting(FACTS_CHANGED)}
    assert told.keys() == {HOME, FIRM}
    assert told[HOME].attributes == ("employment.pays_social_insurance",)
    assert JOB in told[HOME].subject_ids
