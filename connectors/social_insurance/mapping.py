"""What social insurance's messages mean in the catalogue's terms."""

from connectors.events.forms import (
    AttributeChange,
    Identifier,
    Mapped,
    RawValue,
    Reading,
    Relation,
    SubjectRef,
    firm,
    person,
)
from connectors.social_insurance.messages import (
    FirmPremiumSettled,
    HardToEmployRecognised,
    HireEnded,
    HireRecorded,
    LayoffsReported,
    PremiumPosted,
    SkillCertificateIssued,
    UnemploymentEnded,
    UnemploymentRegistered,
)
from connectors.wire import UnmappableError, read_code, read_day, read_fen, read_per_mille_ceiling

SOURCE = "human_resources"
LEFT_BY = {"1": "own will", "2": "not own will"}
YES_NO = {"0": "no", "1": "yes"}
AFTER_UNEMPLOYMENT = {"1": "企业在职", "2": "灵活就业", "3": "退休", "9": "其他"}
HIRED_AS = {"00": "其他", "10": "毕业年度", "11": "离校两年内未就业", "20": "脱贫人口", "30": "退役军人"}
# The catalogue pays for three levels; 2 技师 and 1 高级技师 are refused by name until it knows them.
SKILL_LEVEL = {"5": "初级", "4": "中级", "3": "高级"}


def map_unemployment_registered(message: UnemploymentRegistered) -> Mapped:
    since = read_day("aae036", message.registered_on)
    read_day("ajc090", message.unemployed_on)
    facts: dict[str, RawValue] = {
        "person.employment_status": "登记失业",
        "person.unemployment_registered_on": since.isoformat(),
        "person.unemployment_is_involuntary": read_code("ajc093", message.reason, LEFT_BY) == "not own will",
        "person.seeks_work": read_code("aca111", message.seeks_job, YES_NO) == "yes",
        "person.ui_paid_months": message.premium_months,
        "person.ui_claimed_months": message.claimed_months,
    }
    changes = tuple(AttributeChange("person", name, value, since) for name, value in facts.items())
    return Mapped((person("person", message.id_number, message.name),), changes)


def map_unemployment_ended(message: UnemploymentEnded) -> Mapped:
    since = read_day("aae031", message.ended_on)
    status = read_code("ajc094", message.reason, AFTER_UNEMPLOYMENT)
    facts: dict[str, RawValue] = {
        "person.employment_status": status,
        "person.unemployment_registered_on": None,
        "person.unemployment_is_involuntary": False,
        "person.seeks_work": False,
    }
    if status == "退休":
        facts["person.receives_pension"] = True
    changes = tuple(AttributeChange("person", name, value, since) for name, value in facts.items())
    return Mapped((person("person", message.id_number, message.name),), changes)


def map_hire_recorded(message: HireRecorded) -> Mapped:
    """A hire is a thing of its own, belonging to the firm and about a person: benefits are paid for it."""
    since = read_day("aae030", message.contract_from)
    hired_as = read_code("aac012", message.category, HIRED_AS)
    if hired_as == "退役军人" and message.discharged_on is None:
        raise UnmappableError("aac0b5: a veteran's hire needs the day of discharge")
    hire = SubjectRef("hire", "hire", (Identifier("hire_record", message.record_number),))
    changes = [
        AttributeChange("hire", "hire.hired_on", since.isoformat(), since),
        AttributeChange("hire", "hire.contract_months", message.contract_months, since),
        AttributeChange("hire", "hire.pays_social_insurance", message.premium_months > 0, since),
        AttributeChange(
            "hire", "hire.graduation_stage", hired_as if message.category in ("10", "11") else None, since
        ),
        AttributeChange("hire", "hire.is_poverty_alleviated", hired_as == "脱贫人口", since, source="rural"),
        AttributeChange(
            "hire",
            "hire.discharged_on",
            read_day("aac0b5", message.discharged_on).isoformat() if message.discharged_on else None,
            since,
            source="veterans",
        ),
        AttributeChange("employee", "person.employment_status", "企业在职", since),
    ]
    return Mapped(_hire_subjects(hire, message), tuple(changes), _HIRE_RELATIONS)


def map_hire_ended(message: HireEnded) -> Mapped:
    """The firm stops paying premiums for the hire; what became of the person is reported by itself."""
    since = read_day("aae031", message.ended_on)
    hire = SubjectRef("hire", "hire", (Identifier("hire_record", message.record_number),))
    change = AttributeChange("hire", "hire.pays_social_insurance", False, since)
    return Mapped(_hire_subjects(hire, message), (change,), _HIRE_RELATIONS)


def map_skill_certificate(message: SkillCertificateIssued) -> Mapped:
    on = read_day("aae043", message.issued_on)
    level = read_code("aac015", message.level, SKILL_LEVEL)
    return Mapped(
        (person("person", message.id_number, message.name),),
        (
            AttributeChange("person", "person.skill_certificate_level", level, on),
            AttributeChange("person", "person.skill_certificate_on", on.isoformat(), on),
        ),
    )


def map_hard_to_employ(message: HardToEmployRecognised) -> Mapped:
    is_recognised = read_code("sfyx", message.is_valid, YES_NO) == "yes"
    since = read_day("aae036", message.decided_on)
    change = AttributeChange("person", "person.is_hard_to_employ", is_recognised, since)
    return Mapped((person("person", message.id_number, message.name),), (change,))


def map_premium(message: PremiumPosted) -> Mapped:
    as_of = read_day("aae042", message.as_of)
    change = AttributeChange("person", "person.ui_paid_months", message.premium_months, as_of)
    return Mapped((person("person", message.id_number, message.name),), (change,))


def map_firm_premium(message: FirmPremiumSettled) -> Mapped:
    since = read_day("aae042", message.settled_on)
    if since.year != message.year + 1:
        raise UnmappableError(f"aae001: {message.year} is not the year before the settlement")
    facts = {
        "firm.insured_employees": message.insured_employees,
        "firm.ui_paid_months": message.premium_months,
        "firm.ui_premium_paid_last_year": read_fen(message.premium_paid),
    }
    changes = tuple(AttributeChange("firm", name, value, since) for name, value in facts.items())
    return Mapped((firm("firm", message.uscc, message.firm_name),), changes)


def map_layoffs(message: LayoffsReported) -> Mapped:
    since = read_day("aae036", message.reported_on)
    if since.year != message.year + 1:
        raise UnmappableError(f"aae001: {message.year} is not the year before the report")
    rate = read_per_mille_ceiling(message.layoff_rate)
    if rate > 1000:
        raise UnmappableError(f"ajb110: {message.layoff_rate} per cent is more than everybody")
    changes = (
        AttributeChange("firm", "firm.layoff_rate_last_year", rate, since),
        AttributeChange("firm", "firm.insured_employees", message.insured_employees, since),
    )
    return Mapped((firm("firm", message.uscc, message.firm_name),), changes)


_HIRE_RELATIONS = (Relation("hire", "belongs_to", "firm"), Relation("hire", "employee_is", "employee"))


def _hire_subjects(hire: SubjectRef, message: HireRecorded | HireEnded) -> tuple[SubjectRef, ...]:
    return (
        firm("firm", message.uscc, message.firm_name),
        hire,
        person("employee", message.id_number, message.name),
    )


READINGS = {
    "unemployment_registered": Reading(UnemploymentRegistered, map_unemployment_registered),
    "unemployment_ended": Reading(UnemploymentEnded, map_unemployment_ended),
    "hire_recorded": Reading(HireRecorded, map_hire_recorded),
    "hire_ended": Reading(HireEnded, map_hire_ended),
    "skill_certificate_issued": Reading(SkillCertificateIssued, map_skill_certificate),
    "hard_to_employ_recognised": Reading(HardToEmployRecognised, map_hard_to_employ),
    "premium_posted": Reading(PremiumPosted, map_premium),
    "firm_premium_settled": Reading(FirmPremiumSettled, map_firm_premium),
    "layoffs_reported": Reading(LayoffsReported, map_layoffs),
}
