"""Who people are to each other, and what is known of them: ``Ports.people`` and ``Ports.facts`` in a running house."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime

from sqlalchemy.orm import Session

from identity.registry import service as registry
from identity.seats import service as seats
from kernel.crypto import Vault
from kernel.errors import NotFound
from policy_engine.delivery.periods import same_day_months_later
from policy_engine.delivery.ports import Facts, HeldSeat, Household
from policy_engine.profiles import repository as profiles
from policy_engine.profiles.schemas import KnownSubject

MONTHS_TO_ADULTHOOD = 18 * 12


class RegisteredPeople:
    """Parents and guardians from the registry, households and ages from the profiles."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def name_of(self, session: Session, subject_id: int) -> str:
        view = registry.describe(session, [subject_id], vault=self._vault).get(subject_id)
        return view.name if view is not None else ""

    def identifier_of(self, session: Session, subject_id: int) -> str:
        return registry.identifier_of(session, subject_id, vault=self._vault)

    def names_of(self, session: Session, subject_ids: Collection[int]) -> Mapping[int, str]:
        return registry.names_of(session, subject_ids, vault=self._vault)

    def held_seats(self, session: Session, now: datetime) -> Sequence[HeldSeat]:
        return [HeldSeat(seat, holders) for seat, holders in seats.held_seats(session, now)]

    def division_of(self, session: Session, subject_id: int) -> str:
        return profiles.load_family(session, subject_id).subject(subject_id).division

    def divisions_of(self, session: Session, subject_ids: Collection[int]) -> Mapping[int, str]:
        return profiles.divisions_of(session, subject_ids)

    def guardians_of(self, session: Session, subject_id: int, on: date) -> frozenset[int]:
        return self._guardians_of_each(session, [subject_id], on).get(subject_id, frozenset())

    def _guardians_of_each(
        self, session: Session, subject_ids: Collection[int], on: date
    ) -> dict[int, frozenset[int]]:
        """Of those who have any."""
        known = profiles.particulars_of(session, subject_ids).values()
        minors = [
            one.subject_id for one in known if one.kind == "person" and not is_adult_born(one.birth_date, on)
        ]
        households = [one.subject_id for one in known if one.kind == "household"]
        guardians = registry.related_to_each(session, ("parent", "guardian"), minors, on)
        members = profiles.members_of_each(session, households)
        adults = {
            household: {
                one.subject_id for one in found if one.kind == "person" and is_adult_born(one.birth_date, on)
            }
            for household, found in members.items()
        }
        return {subject_id: frozenset(found) for subject_id, found in (guardians | adults).items()}

    def wards_of(self, session: Session, subject_id: int, on: date) -> frozenset[int]:
        wards = registry.related_from_by(session, ("parent", "guardian"), subject_id, on)
        known = profiles.particulars_of(session, {subject_id, *wards})
        minors = {ward for ward in wards if ward in known and not is_adult_born(known[ward].birth_date, on)}
        person = known.get(subject_id)
        if person is not None and person.kind == "person" and is_adult_born(person.birth_date, on):
            minors.add(person.owner_id)
        return frozenset(minors)

    def minors_among(self, session: Session, subject_ids: Collection[int], on: date) -> frozenset[int]:
        return frozenset(
            one.subject_id
            for one in profiles.particulars_of(session, subject_ids).values()
            if one.kind == "person" and not is_adult_born(one.birth_date, on)
        )

    def units_of(self, session: Session, subject_id: int, on: date) -> frozenset[int]:
        family = profiles.load_family(session, subject_id)
        if family.owner.subject_id != subject_id:
            return self.wards_of(session, subject_id, on) - {family.owner.subject_id}
        # A household asks for its homes, a firm for its hires, loans and projects; persons ask for themselves.
        return frozenset(one.subject_id for one in family.members if one.kind not in ("person", "employment"))

    def family_of(self, session: Session, subject_id: int, on: date) -> frozenset[int]:
        kin = _kin(session, subject_id, on)
        return frozenset(one.subject_id for one in kin if is_adult(one, on) and not is_dead(one))

    def dead_of(self, session: Session, subject_id: int, on: date) -> frozenset[int]:
        return frozenset(one.subject_id for one in _kin(session, subject_id, on) if is_dead(one))

    def household_of(self, session: Session, subject_id: int) -> Household:
        try:
            family = profiles.load_family(session, subject_id)
        except NotFound:
            return Household(subject_id, frozenset({subject_id}))
        owner = family.owner
        if owner.kind != "household":
            return Household(subject_id, frozenset({subject_id}))
        members = {one.subject_id for one in family.of_kind("person")}
        return Household(owner.subject_id, frozenset({owner.subject_id, *members}))

    def recipients_of(
        self, session: Session, subject_ids: Collection[int], on: date
    ) -> Mapping[int, frozenset[int]]:
        guardians = self._guardians_of_each(session, subject_ids, on)
        return {one: guardians.get(one) or frozenset({one}) for one in subject_ids}


def _kin(session: Session, subject_id: int, on: date) -> list[KnownSubject]:
    """The household, parents and children of a person, without the person."""
    kin = {
        *registry.related_from(session, "parent", subject_id, on),
        *registry.related_to(session, "parent", subject_id, on),
    }
    known = profiles.load_subjects(session, {subject_id, *kin})
    home = known.get(subject_id)
    if home is not None and home.kind == "person":
        for member in profiles.load_family(session, subject_id).members:
            known[member.subject_id] = member
    return [one for one in known.values() if one.kind == "person" and one.subject_id != subject_id]


def is_adult(person: KnownSubject, on: date) -> bool:
    """Eighteen or older (民法典 Art. 17); who has no known birth date is not presumed a child."""
    born = person.facts.get("birth_date")
    return born is None or not isinstance(born.value, str) or is_adult_born(born.value, on)


def is_dead(person: KnownSubject) -> bool:
    death = person.facts.get("is_deceased")
    return death is not None and death.value is True


def is_adult_born(birth_date: str | None, on: date) -> bool:
    """The same of a birth date alone, as ISO text."""
    return (
        birth_date is None or same_day_months_later(date.fromisoformat(birth_date), MONTHS_TO_ADULTHOOD) <= on
    )


def known_facts(session: Session, subject_id: int, unit_id: int) -> Facts:
    """The facts of the subject, of what is paid for, and of its household or firm, at the family's sequence.

    Other members stay out of the file; the history of facts gives them back for this sequence.
    """
    family = profiles.load_family(session, subject_id)
    values: dict[str, object] = {}
    for one in family:
        if one.subject_id in (family.owner.subject_id, unit_id, subject_id):
            values |= one.values()
    return Facts(values=values, sequence=family.sequence)
