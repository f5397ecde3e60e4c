"""From a department's event to changes by subject number: who is meant, who is new, who now belongs to whom."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy.orm import Session

from connectors.events.forms import DepartmentEvent, Relation, SubjectRef
from identity.registry import service as registry
from identity.registry.schemas import RelationshipKind, RelationshipRow, SubjectKind
from kernel.clock import business_date
from kernel.crypto import Vault
from kernel.errors import NotFound
from kernel.i18n import gettext as _
from policy_engine.catalogue import Catalogue, catalogue
from policy_engine.catalogue.attributes import ITEM_OWNERS
from policy_engine.profiles import repository
from policy_engine.profiles.acquaintance import REGISTRY_SCHEMES, Acquaintance
from policy_engine.profiles.layout import CITY
from policy_engine.profiles.schemas import Change, FactChange, OwnerChanged, RawValue, SubjectAdded

REGISTERED_KINDS: dict[str, SubjectKind] = {"person": "person", "household": "household", "firm": "firm"}
PARENTS = ("mother_is", "father_is")
ARRIVALS = ("joins_household_of", "member_of")


@dataclass
class Resolution:
    """One event being understood. ``numbers`` is role -> subject; ``changes`` what to apply, in order."""

    session: Session
    vault: Vault
    event: DepartmentEvent
    now: datetime
    met: Acquaintance
    numbers: dict[str, int] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    relationships: list[RelationshipRow] = field(default_factory=list)
    representatives: list[tuple[int, int]] = field(default_factory=list)  # (firm, its new representative)
    dissolved: list[int] = field(default_factory=list)

    def resolve(self) -> None:
        """Raises ``NotFound`` when the event concerns somebody whom neither register nor event makes known, ``Conflict``
        when it takes two people for one.
        """
        waiting = []
        for subject in self.event.subjects:
            number = self._known(subject)
            if number is not None:
                self.numbers[subject.role] = number
                self._learn_numbers(subject, number)
            elif not self._is_absent_parent(subject):
                waiting.append(subject)
        for subject in sorted(waiting, key=self._turn):
            self.numbers[subject.role] = self._new(subject)
        for relation in self.event.relations:
            self._relate(relation)
        self.changes.extend(self._facts())

    def _known(self, subject: SubjectRef) -> int | None:
        found = (self.met.number_of(one) for one in subject.identifiers)
        return next((number for number in found if number is not None), None)

    def _learn_numbers(self, subject: SubjectRef, number: int) -> None:
        """An event that names somebody by two numbers joins them: a newborn's certificate and its citizen's number."""
        named = [one for one in subject.identifiers if one.scheme in REGISTRY_SCHEMES]
        if len(named) < 2:
            return
        for one in named:
            is_registered_now = registry.know_by(
                self.session, number, REGISTRY_SCHEMES[one.scheme], one.value, vault=self.vault, now=self.now
            )
            if is_registered_now and subject.name:
                registry.rename(self.session, number, subject.name, vault=self.vault)

    def _is_absent_parent(self, subject: SubjectRef) -> bool:
        """A mother or father registered in another city: the child is entered with the other parent."""
        named = [one for one in self.event.relations if subject.role in (one.role, one.to_role)]
        return (
            bool(named)
            and all(one.relation in (*PARENTS, *ARRIVALS) for one in named)
            and not any(one.role == subject.role for one in named)
        )

    def _turn(self, subject: SubjectRef) -> int:
        """New members wait for the household or firm they belong to, contracts for the people they concern."""
        if subject.kind in ITEM_OWNERS:
            return 3
        if subject.kind == "household" and not subject.identifiers:
            return 2
        return 1 if self._relations_of(subject.role, ARRIVALS) else 0

    def _number(self, role: str) -> int:
        if role not in self.numbers:
            raise NotFound(_("事件中的对象不在登记库中：%(role)s", role=role))
        return self.numbers[role]

    def _new(self, subject: SubjectRef) -> int:
        if subject.kind == "household" and not subject.identifiers:
            return self._home_of(self._other_end(subject.role, "household_of"))
        if subject.kind in ITEM_OWNERS:
            return self._add_contract(subject)
        if subject.kind == "person" and not self._relations_of(subject.role, ARRIVALS):
            raise NotFound(_("事件中的居民不在登记库中：%(role)s", role=subject.role))
        if subject.kind == "firm" and not self._relations_of(subject.role, ("represented_by",)):
            raise NotFound(_("事件中的企业不在登记库中：%(role)s", role=subject.role))
        return self._add_registered(subject)

    def _add_registered(self, subject: SubjectRef) -> int:
        """A newborn, a newly registered firm, or a household that a member moves into."""
        known = [one for one in subject.identifiers if one.scheme in REGISTRY_SCHEMES]
        kind = REGISTERED_KINDS.get(subject.kind)
        if kind is None or not known:
            raise NotFound(_("事件没有给出可登记的号码：%(role)s", role=subject.role))
        number = registry.ensure(
            self.session,
            kind=kind,
            name=subject.name or (_("新生儿") if subject.kind == "person" else _("新立户")),
            identifier_kind=REGISTRY_SCHEMES[known[0].scheme],
            identifier=known[0].value,
            vault=self.vault,
            now=self.now,
        )
        self._learn_numbers(subject, number)
        owner = number if subject.kind in ("household", "firm") else self._arrives_at(subject.role)
        self._add(subject, number, owner, None)
        return number

    def _add_contract(self, subject: SubjectRef) -> int:
        firm = self._number(self._other_end(subject.role, "belongs_to"))
        number = repository.next_contract_id(self.session, subject.kind)
        identifier = subject.identifiers[0]
        repository.insert_contracts(
            self.session,
            [{"scheme": identifier.scheme, "number": identifier.value, "subject_id": number}],
        )
        employees = [one.to_role for one in self._relations_of(subject.role, ("employee_is",))]
        self._add(subject, number, firm, self._number(employees[0]) if employees else None)
        return number

    def _add(self, subject: SubjectRef, number: int, owner: int, about: int | None) -> None:
        self.changes.append(
            SubjectAdded(
                subject_id=number,
                kind=subject.kind,
                owner_id=owner,
                about_id=about,
                division=self._division(subject, owner),
                source=self.event.source,
                event_id=self.event.event_id,
                observed_at=self.event.occurred_at,
            )
        )

    def _division(self, subject: SubjectRef, owner: int) -> str:
        for change in self.event.changes:
            is_place = catalogue().attribute(change.attribute).type == "division"
            if change.role == subject.role and is_place and isinstance(change.value, str):
                return _city_division(catalogue(), change.value)
        known = repository.load_subjects(self.session, [owner])
        return known[owner].division if owner in known else CITY

    def _relate(self, relation: Relation) -> None:
        role = self.numbers[relation.role]
        if relation.relation in ARRIVALS:
            self.changes.append(
                OwnerChanged(
                    subject_id=role,
                    owner_id=self._arrives_at(relation.role),
                    source=self.event.source,
                    event_id=self.event.event_id,
                    observed_at=self.event.occurred_at,
                )
            )
        elif relation.relation in PARENTS:
            if relation.to_role in self.numbers and not self._is_stated("parent", relation):
                row = RelationshipRow(
                    kind="parent",
                    from_subject=self.numbers[relation.to_role],
                    to_subject=role,
                    source=self.event.source,
                    from_on=self.on,
                    until_on=None,
                )
                self.relationships.append(row)
        elif relation.relation == "represented_by" and not self._is_stated("legal_representative", relation):
            self.representatives.append((role, self.numbers[relation.to_role]))
        elif relation.relation == "is_dissolved":
            self.dissolved.append(role)

    @property
    def on(self) -> date:
        return business_date(self.event.occurred_at)

    def _is_stated(self, kind: RelationshipKind, relation: Relation) -> bool:
        related = registry.related_to(self.session, kind, self.numbers[relation.role], self.on)
        return self.numbers[relation.to_role] in related

    def _arrives_at(self, role: str) -> int:
        relation = self._relations_of(role, ARRIVALS)[0]
        if relation.relation == "member_of":
            return self._number(relation.to_role)
        parents = [one.to_role for one in self._relations_of(role, PARENTS) if one.to_role in self.numbers]
        present = relation.to_role in self.numbers or not parents
        return self._home_of(relation.to_role if present else parents[0])

    def _home_of(self, role: str) -> int:
        number = self._number(role)
        owner = self.met.owner_of(number)
        if owner is None:
            raise NotFound(_("事件中的居民没有家庭档案：%(role)s", role=role))
        return owner

    def _relations_of(self, role: str, kinds: tuple[str, ...]) -> list[Relation]:
        return [one for one in self.event.relations if one.role == role and one.relation in kinds]

    def _other_end(self, role: str, kind: str) -> str:
        found = self._relations_of(role, (kind,))
        if not found:
            raise NotFound(_("事件没有说明 %(role)s 属于谁。", role=role))
        return found[0].to_role

    def _facts(self) -> Iterator[FactChange]:
        for change in self.event.changes:
            value: RawValue = change.value
            if isinstance(value, str) and change.attribute.endswith("_division"):
                value = _city_division(catalogue(), value)
            yield FactChange(
                subject_id=self.numbers[change.role],
                attribute=change.attribute,
                value=value,
                source=change.source or self.event.source,
                event_id=self.event.event_id,
                observed_at=self.event.occurred_at,
                valid_from=change.valid_from,
                valid_until=change.valid_until,
            )


def _city_division(known: Catalogue, code: str) -> str:
    """The nearest division the catalogue has: villages go with their township, far places with their province."""
    for length in (9, 6):
        if code[:length] in known.divisions:
            return code[:length]
    province = code[:2] + "0000"
    return province if province in known.divisions else "000000"
