"""A family as evaluation reads it: one subject's facts with those of whom it belongs to, or who belongs to it."""

from policy_engine.catalogue import catalogue
from policy_engine.catalogue.subjects import SubjectFacts
from policy_engine.profiles.schemas import Family, KnownSubject


def facts_for(family: Family, subject_id: int) -> SubjectFacts:
    """Facts by catalogue key and relations by FEEL name: 家庭.成员 and 就业 for a person, 招用 for a firm, 企业 for a hire.

    Raises KeyError for somebody of another family.
    """
    subject = family.subject(subject_id)
    if subject is family.owner:
        return _owner(family)
    relations = catalogue().entities[subject.kind].relations.values()
    above = {one.name: _owner(family) for one in relations if one.to == family.owner.kind}
    jobs = tuple(SubjectFacts("employment", _values(one)) for one in family.employments_of(subject_id))
    own = {one.name: jobs for one in relations if one.to == "employment"}
    return SubjectFacts(subject.kind, _values(subject), {**above, **own})


def _owner(family: Family) -> SubjectFacts:
    owner = family.owner
    members = {
        one.name: tuple(SubjectFacts(one.to, _values(member)) for member in family.of_kind(one.to))
        for one in catalogue().entities[owner.kind].relations.values()
    }
    return SubjectFacts(owner.kind, _values(owner), members)


def _values(subject: KnownSubject) -> dict[str, bool | int | str | None]:
    return {key: fact.value for key, fact in subject.facts.items()}
