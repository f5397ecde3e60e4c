"""Whom the events at hand name, found for all of them at once before each is understood."""

from collections.abc import Collection, Iterable, Mapping

from sqlalchemy.orm import Session

from connectors.events.forms import DepartmentEvent, Identifier
from identity.registry import service as registry
from identity.registry.identifiers import IdentifierKind
from kernel.crypto import Vault
from policy_engine.profiles import repository

#: Schemes of the registry of subjects; hires, loans, homes and projects are known here, by their contract.
REGISTRY_SCHEMES: Mapping[str, IdentifierKind] = {
    "id_number": "id_number",
    "uscc": "uscc",
    "household_number": "household_number",
    "birth_certificate": "birth_certificate",
}
CONTRACT_SCHEMES = ("hire_record", "loan_contract", "home_contract", "project_filing")


class Acquaintance:
    """Numbers by identifier, owners by number. Whoever was met is not looked up again: it is for as long as nobody comes,
    goes or moves."""

    def __init__(self, session: Session, vault: Vault) -> None:
        self._session = session
        self._vault = vault
        self._numbers: dict[Identifier, int] = {}
        self._owners: dict[int, int] = {}

    def meet(self, events: Iterable[DepartmentEvent]) -> None:
        """Everybody whom these events name, and to which household or firm they belong where one of them says something
        of that."""
        events = list(events)
        named = {one for event in events for subject in event.subjects for one in subject.identifiers}
        for scheme in sorted({one.scheme for one in named}):
            spelt = [one.value for one in named if one.scheme == scheme]
            found = self._find_many(scheme, spelt)
            self._numbers |= {Identifier(scheme, one): number for one, number in found.items()}
        if any(event.relations for event in events):
            self._owners |= repository.owners_of(self._session, set(self._numbers.values()))

    def number_of(self, identifier: Identifier) -> int | None:
        """Who bears this identifier, if anybody does."""
        if identifier in self._numbers:
            return self._numbers[identifier]
        if identifier.scheme in CONTRACT_SCHEMES:
            return repository.find_contract(self._session, identifier.scheme, identifier.value)
        kind = REGISTRY_SCHEMES.get(identifier.scheme)
        if kind is None:
            return None
        return registry.find_by_identifier(self._session, kind, identifier.value, vault=self._vault)

    def owner_of(self, number: int) -> int | None:
        """The household or firm of somebody who has a profile."""
        if number in self._owners:
            return self._owners[number]
        return repository.owners_of(self._session, [number]).get(number)

    def _find_many(self, scheme: str, spelt: Collection[str]) -> Mapping[str, int]:
        if scheme in CONTRACT_SCHEMES:
            return repository.find_contracts(self._session, scheme, spelt)
        kind = REGISTRY_SCHEMES.get(scheme)
        if kind is None:
            return {}
        return registry.find_many(self._session, kind, spelt, vault=self._vault)
