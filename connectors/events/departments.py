"""Which departments report, what each may say, and how it is read."""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from connectors.banks import mapping as banks
from connectors.civil_affairs import mapping as civil_affairs
from connectors.disabled_federation import mapping as disabled_federation
from connectors.education import mapping as education
from connectors.events.forms import DepartmentEvent, Envelope, Reading
from connectors.health import mapping as health
from connectors.housing import mapping as housing
from connectors.industry import mapping as industry
from connectors.market_regulation import mapping as market_regulation
from connectors.public_security import mapping as public_security
from connectors.social_insurance import mapping as social_insurance
from connectors.tax import mapping as tax
from connectors.technology import mapping as technology
from connectors.wire import UnmappableError
from kernel.i18n import N_


@dataclass(frozen=True, slots=True)
class Department:
    """``id`` stands in addresses and is the folder's name; ``source`` is what the catalogue calls it."""

    id: str
    label: str
    source: str
    readings: Mapping[str, Reading]


DEPARTMENTS = {
    department.id: department
    for department in (
        Department("public_security", N_("公安"), public_security.SOURCE, public_security.READINGS),
        Department("civil_affairs", N_("民政"), civil_affairs.SOURCE, civil_affairs.READINGS),
        Department(
            "disabled_federation", N_("残联"), disabled_federation.SOURCE, disabled_federation.READINGS
        ),
        Department("social_insurance", N_("人社"), social_insurance.SOURCE, social_insurance.READINGS),
        Department("health", N_("卫健"), health.SOURCE, health.READINGS),
        Department("education", N_("教育"), education.SOURCE, education.READINGS),
        Department("housing", N_("住建"), housing.SOURCE, housing.READINGS),
        Department("tax", N_("税务"), tax.SOURCE, tax.READINGS),
        Department("market_regulation", N_("市场监管"), market_regulation.SOURCE, market_regulation.READINGS),
        Department("technology", N_("科技"), technology.SOURCE, technology.READINGS),
        Department("industry", N_("经信"), industry.SOURCE, industry.READINGS),
        Department("banks", N_("银行"), banks.SOURCE, banks.READINGS),
        Department("treasury", N_("国库"), "finance", {}),  # reports what became of orders, not facts
    )
}


def read_event(department: Department, envelope: Envelope) -> DepartmentEvent:
    """The common form. Raises ``UnmappableError`` or ``msgspec.ValidationError``, saying which field and why."""
    reading = department.readings.get(envelope.event_type)
    if reading is None:
        known = ", ".join(sorted(department.readings))
        raise UnmappableError(f"event_type: {envelope.event_type!r} is not known (known: {known})")
    mapped = reading.mapping(msgspec.json.decode(envelope.data, type=reading.message))
    return DepartmentEvent(
        source=department.source,
        event_id=envelope.event_id,
        occurred_at=envelope.occurred_at,
        kind=envelope.event_type,
        subjects=mapped.subjects,
        changes=mapped.changes,
        relations=mapped.relations,
    )
