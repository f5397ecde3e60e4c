"""What civil affairs' messages mean in the catalogue's terms."""

from datetime import date

from connectors.civil_affairs.messages import (
    CareNeedAssessed,
    CremationRecorded,
    MarriageRegistered,
    MeansChecked,
    OrphanEnded,
    OrphanRecognised,
    ReliefEnded,
    ReliefRecognised,
)
from connectors.events.forms import (
    AttributeChange,
    Mapped,
    RawValue,
    Reading,
    Relation,
    SubjectRef,
    household_of,
    person,
)
from connectors.wire import UnmappableError, read_code, read_day, read_fen, read_month

SOURCE = "civil_affairs"
CATEGORY = {"01": "dibao", "02": "dibao", "03": "marginal", "04": "tekun"}
FOSTERING = {"1": "集中供养", "2": "社会散居"}
CARE_GRADES = {"0": "能力完好", "1": "轻度", "2": "中度", "3": "重度", "4": "完全丧失"}
YES_NO = {"0": "no", "1": "yes"}
MARRIAGE = {"1": "married", "2": "divorced", "3": "annulled"}


def map_relief_recognised(message: ReliefRecognised) -> Mapped:
    """低保 and its margin belong to the household; 特困 to each person. Money chains on these facts."""
    since = read_day("rdrq", message.recognised_on)
    until = read_day("fcrq", message.review_on)
    if until <= since:
        raise UnmappableError("fcrq: the review must lie after the recognition")
    category = read_code("jzlb", message.category, CATEGORY)
    if category == "dibao":
        facts: dict[str, RawValue] = {
            "household.is_dibao": True,
            "household.dibao_number": message.certificate_number,
            "household.dibao_from": since.isoformat(),
            "household.dibao_until": until.isoformat(),
            "household.dibao_income": read_fen(message.monthly_income),
        }
    else:
        facts = {"household.is_dibao_marginal": True}
    return _relief(message, category, facts, since)


def map_relief_ended(message: ReliefEnded) -> Mapped:
    """From the first day of the stated month the recognition is known to be none."""
    category = read_code("jzlb", message.category, CATEGORY)
    if category == "dibao":
        facts: dict[str, RawValue] = {
            "household.is_dibao": False,
            "household.dibao_number": None,
            "household.dibao_from": None,
            "household.dibao_until": None,
            "household.dibao_income": None,
        }
    else:
        facts = {"household.is_dibao_marginal": False}
    return _relief(message, category, facts, read_month("tzyf", message.from_month))


def map_means_checked(message: MeansChecked) -> Mapped:
    """The centre's report, passed on; when the family's authorisation ends it is unknown again."""
    since, until = read_day("hdrq", message.checked_on), read_day("sqyxqz", message.authorised_until)
    household, relation = household_of("applicant")
    changes = tuple(
        AttributeChange("household", attribute, read_fen(amount), since, until, "means_test")
        for attribute, amount in (
            ("household.monthly_income", message.monthly_income),
            ("household.assets", message.assets),
        )
    )
    applicant = person("applicant", message.applicant_id_number, message.applicant_name)
    return Mapped((applicant, household), changes, (relation,))


def map_orphan_recognised(message: OrphanRecognised) -> Mapped:
    since = read_day("rdrq", message.recognised_on)
    care = read_code("yyfs", message.fostering, FOSTERING)
    return Mapped(
        (person("person", message.id_number, message.name),),
        (
            AttributeChange("person", "person.is_orphan", True, since),
            AttributeChange("person", "person.orphan_care", care, since),
        ),
    )


def map_orphan_ended(message: OrphanEnded) -> Mapped:
    since = read_month("tzyf", message.from_month)
    return Mapped(
        (person("person", message.id_number, message.name),),
        (
            AttributeChange("person", "person.is_orphan", False, since),
            AttributeChange("person", "person.orphan_care", None, since),
        ),
    )


def map_care_need(message: CareNeedAssessed) -> Mapped:
    read_code("pgdj", message.grade, CARE_GRADES)
    is_needed = read_code("cqzh", message.needs_long_term_care, YES_NO) == "yes"
    since, until = read_day("pgrq", message.assessed_on), read_day("yxqz", message.valid_until)
    return Mapped(
        (person("person", message.id_number, message.name),),
        (AttributeChange("person", "person.has_long_term_care_need", is_needed, since, until),),
    )


def map_cremation(message: CremationRecorded) -> Mapped:
    """A second source for a death, told apart from the register's by the event's source."""
    died_on = read_day("swrq", message.died_on)
    if read_day("hhrq", message.cremated_on) < died_on:
        raise UnmappableError("hhrq: a cremation cannot lie before the death")
    return Mapped(
        (person("person", message.id_number, message.name),),
        (
            AttributeChange("person", "person.is_deceased", True, died_on),
            AttributeChange("person", "person.death_date", died_on.isoformat(), died_on),
        ),
    )


def map_marriage(message: MarriageRegistered) -> Mapped:
    """Both change alike; how they come to share a household is for the register to say."""
    if message.first_id_number == message.second_id_number:
        raise UnmappableError("nvfsfzh: a marriage has two persons")
    is_married = read_code("djlx", message.kind, MARRIAGE) == "married"
    on = read_day("djrq", message.registered_on)
    subjects = (
        person("first", message.first_id_number, message.first_name),
        person("second", message.second_id_number, message.second_name),
    )
    changes = tuple(AttributeChange(one.role, "person.is_married", is_married, on) for one in subjects)
    return Mapped(subjects, changes)


def _relief(
    message: ReliefRecognised | ReliefEnded, category: str, facts: dict[str, RawValue], since: date
) -> Mapped:
    applicant = person("applicant", message.applicant_id_number, message.applicant_name)
    members = _other_members(message)
    together = tuple(Relation(member.role, "lives_with", "applicant") for member in members)
    if category == "tekun":
        is_recognised = isinstance(message, ReliefRecognised)
        changes = tuple(
            AttributeChange(subject.role, "person.is_tekun", is_recognised, since)
            for subject in (applicant, *members)
        )
        return Mapped((applicant, *members), changes, together)
    household, relation = household_of("applicant")
    changes = tuple(AttributeChange("household", name, value, since) for name, value in facts.items())
    return Mapped((applicant, household, *members), changes, (relation, *together))


def _other_members(message: ReliefRecognised | ReliefEnded) -> list[SubjectRef]:
    others = [member for member in message.members if member.id_number != message.applicant_id_number]
    return [person(f"member_{n}", member.id_number, member.name) for n, member in enumerate(others, 1)]


READINGS = {
    "relief_recognised": Reading(ReliefRecognised, map_relief_recognised),
    "relief_ended": Reading(ReliefEnded, map_relief_ended),
    "means_checked": Reading(MeansChecked, map_means_checked),
    "orphan_recognised": Reading(OrphanRecognised, map_orphan_recognised),
    "orphan_ended": Reading(OrphanEnded, map_orphan_ended),
    "care_need_assessed": Reading(CareNeedAssessed, map_care_need),
    "cremation_recorded": Reading(CremationRecorded, map_cremation),
    "marriage_registered": Reading(MarriageRegistered, map_marriage),
}
