"""What the register's messages mean in the catalogue's terms."""

from connectors.events.forms import (
    AttributeChange,
    Identifier,
    Mapped,
    Reading,
    Relation,
    SubjectRef,
    person,
)
from connectors.public_security.messages import (
    BirthRegistered,
    DeathRegistered,
    DeathWithdrawn,
    HouseholdMoved,
)
from connectors.wire import UnmappableError, read_code, read_day

SOURCE = "public_security"
SEX = {"1": "男", "2": "女"}  # GB/T 2261.1; 0 and 9 (unknown, unstated) make no fact
YES_NO = {"0": "no", "1": "yes"}
REGISTER_KIND = {"1": "城镇", "2": "农村"}


def map_birth(message: BirthRegistered) -> Mapped:
    """A child with an id number, in the household of its mother or else its father."""
    parents = _parents(message)
    if not parents:
        raise UnmappableError("mqgmsfhm, fqgmsfhm: a birth needs at least one parent")
    child = person("child", message.child_id_number, message.child_name)
    if message.birth_certificate:
        also = Identifier("birth_certificate", message.birth_certificate)
        child = SubjectRef("child", "person", (*child.identifiers, also), message.child_name)
    changes = [
        AttributeChange("child", "person.birth_date", read_day("csrq", message.born_on).isoformat()),
        AttributeChange("child", "person.is_deceased", False),
        *register_changes("child", message.division, message.register_kind, message.registered_on, "djrq"),
    ]
    if message.sex_code not in ("0", "9"):
        changes.append(AttributeChange("child", "person.sex", read_code("xbdm", message.sex_code, SEX)))
    if message.is_lawful is not None:
        is_lawful = read_code("fhfdsy", message.is_lawful, YES_NO) == "yes"
        changes.append(AttributeChange("child", "person.is_birth_lawful", is_lawful))
    relations = [Relation("child", "joins_household_of", parents[0].role)]
    relations += [
        Relation("child", "mother_is" if p.role == "mother" else "father_is", p.role) for p in parents
    ]
    return Mapped((child, *parents), tuple(changes), tuple(relations))


def map_move(message: HouseholdMoved) -> Mapped:
    """A person joins the household of another, or the one with this number."""
    mover = person("person", message.id_number, message.name)
    changes = register_changes("person", message.division, message.register_kind, message.moved_on, "qrrq")
    if message.joined_member_id_number:
        joined = person("joined", message.joined_member_id_number)
        return Mapped((mover, joined), changes, (Relation("person", "joins_household_of", "joined"),))
    household = SubjectRef(
        "household", "household", (Identifier("household_number", message.household_number),)
    )
    own = tuple(
        AttributeChange("household", c.attribute.replace("person.", "household."), c.value, c.valid_from)
        for c in changes
    )
    return Mapped((mover, household), changes + own, (Relation("person", "member_of", "household"),))


def map_death(message: DeathRegistered) -> Mapped:
    died_on = read_day("swrq", message.died_on)
    return Mapped(
        (person("person", message.id_number, message.name),),
        (
            AttributeChange("person", "person.is_deceased", True, died_on),
            AttributeChange("person", "person.death_date", died_on.isoformat(), died_on),
        ),
    )


def map_death_withdrawn(message: DeathWithdrawn) -> Mapped:
    """The death never was: no start date, so that nothing of it remains."""
    read_day("hfrq", message.restored_on)
    return Mapped(
        (person("person", message.id_number, message.name),),
        (
            AttributeChange("person", "person.is_deceased", False),
            AttributeChange("person", "person.death_date", None),
        ),
    )


def register_changes(
    role: str, division: str, register_kind: str, day: str, day_field: str
) -> tuple[AttributeChange, ...]:
    since = read_day(day_field, day)
    kind = read_code("hklbdm", register_kind, REGISTER_KIND)
    return (
        AttributeChange(role, "person.hukou_division", division, since),
        AttributeChange(role, "person.hukou_type", kind, since),
    )


def _parents(message: BirthRegistered) -> list[SubjectRef]:
    parents = []
    if message.mother_id_number:
        parents.append(person("mother", message.mother_id_number, message.mother_name))
    if message.father_id_number:
        parents.append(person("father", message.father_id_number, message.father_name))
    return parents


READINGS = {
    "birth_registered": Reading(BirthRegistered, map_birth),
    "household_moved": Reading(HouseholdMoved, map_move),
    "death_registered": Reading(DeathRegistered, map_death),
    "death_withdrawn": Reading(DeathWithdrawn, map_death_withdrawn),
}
