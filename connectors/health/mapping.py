"""What the health commission's messages mean in the catalogue's terms.

A newborn is known by its certificate until it is registered.
"""

from connectors.events.forms import AttributeChange, Identifier, Mapped, Reading, Relation, SubjectRef, person
from connectors.health.messages import BirthCertified, SevereIllnessConfirmed
from connectors.wire import UnmappableError, read_code, read_day

SOURCE = "health"
SEX = {"1": "男", "2": "女"}  # GB/T 2261.1; 0 and 9 (unknown, unstated) make no fact
YES_NO = {"0": "no", "1": "yes"}


def map_birth_certified(message: BirthCertified) -> Mapped:
    """The registry finds this child again by the certificate's number when the household register names it too."""
    born_on = read_day("csrq", message.born_on)
    read_day("qfrq", message.issued_on)
    number = Identifier("birth_certificate", message.certificate_number)
    child = SubjectRef("child", "person", (number,), message.child_name)
    subjects = [child, person("mother", message.mother_id_number, message.mother_name)]
    relations = [
        Relation("child", "joins_household_of", "mother"),
        Relation("child", "mother_is", "mother"),
    ]
    if message.father_id_number:
        subjects.append(person("father", message.father_id_number, message.father_name))
        relations.append(Relation("child", "father_is", "father"))
    is_lawful = read_code("fhfdsy", message.is_lawful, YES_NO) == "yes"
    changes = [
        AttributeChange("child", "person.birth_date", born_on.isoformat(), source="public_security"),
        AttributeChange("child", "person.is_birth_lawful", is_lawful, born_on),
        AttributeChange(
            "child", "person.is_deceased", False, source="public_security"
        ),  # a certificate of a live birth
    ]
    if message.sex_code not in ("0", "9"):
        sex = read_code("xbdm", message.sex_code, SEX)
        changes.append(AttributeChange("child", "person.sex", sex, source="public_security"))
    return Mapped(tuple(subjects), tuple(changes), tuple(relations))


def map_severe_illness(message: SevereIllnessConfirmed) -> Mapped:
    """Held no longer than the authorisation lasts; afterwards it is unknown again."""
    since, until = read_day("qrrq", message.confirmed_on), read_day("sqyxqz", message.authorised_until)
    if until < since:
        raise UnmappableError("sqyxqz: the authorisation had ended before the confirmation")
    is_severe = read_code("sfzb", message.is_severe, YES_NO) == "yes"
    change = AttributeChange("person", "person.has_severe_illness", is_severe, since, until)
    return Mapped((person("person", message.id_number, message.name),), (change,))


READINGS = {
    "birth_certified": Reading(BirthCertified, map_birth_certified),
    "severe_illness_confirmed": Reading(SevereIllnessConfirmed, map_severe_illness),
}
