"""All capacities open to a person, read afresh from registers, delegations and seats."""

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy.orm import Session

from identity.capacity.schemas import CapacityOption
from identity.delegation import enterprises, proxies
from identity.delegation import repository as delegations
from identity.registry import repository as registry_rows
from identity.registry import service as registry
from identity.registry.models import Relationship
from identity.registry.schemas import SubjectView
from identity.seats import service as seats
from kernel.clock import SHANGHAI, business_date
from kernel.crypto import Vault
from kernel.i18n import N_
from kernel.web.principal import Capacity

ROLE_NAMES = {"administrator": N_("企业管理员"), "agent": N_("企业经办人")}


def options_for(
    session: Session, subject_id: int, *, capacities: Collection[str], vault: Vault, now: datetime
) -> list[CapacityOption]:
    """What the person may choose from in a client that allows ``capacities``, themselves first."""
    options: list[CapacityOption] = []
    if "self" in capacities:
        options.append(_own(session, subject_id, vault))
    if "person" in capacities:
        options += _children(session, subject_id, vault, now)
        options += _proxied(session, subject_id, vault, now)
    if "enterprise" in capacities:
        options += _represented(session, subject_id, vault, now)
        options += _memberships(session, subject_id, vault, now)
    if "seat" in capacities:
        options += _seats(session, subject_id)
    return options


def _own(session: Session, subject_id: int, vault: Vault) -> CapacityOption:
    view = registry.describe(session, [subject_id], vault=vault)[subject_id]
    return _option("self", "self", view, N_("本人"))


def _children(session: Session, subject_id: int, vault: Vault, now: datetime) -> list[CapacityOption]:
    """Parents act for their children until these are 18, guardians while the register says so (民法典 Art. 23)."""
    on = business_date(now)
    found = []
    for kind, note in (("parent", N_("未成年子女")), ("guardian", N_("被监护人"))):
        for row in registry_rows.relationships_of(session, kind=kind, on=on, from_subject=subject_id):
            comes_of_age = _eighteenth_birthday(session, row, vault)
            if kind == "parent" and comes_of_age <= on:
                continue
            ends = [day for day in (row.until_on, comes_of_age if kind == "parent" else None) if day]
            view = registry.describe(session, [row.to_subject], vault=vault)[row.to_subject]
            basis = f"relationship:{row.relationship_id}"
            found.append(
                _option(basis, "person", view, note, until_at=_midnight(min(ends)) if ends else None)
            )
    return found


def _eighteenth_birthday(session: Session, row: Relationship, vault: Vault) -> date:
    """By the child's number; a newborn without one was born when the relationship began."""
    by_number = registry.comes_of_age_on(session, row.to_subject, vault=vault)
    return by_number or row.from_on + timedelta(days=18 * 365)


def _proxied(session: Session, subject_id: int, vault: Vault, now: datetime) -> list[CapacityOption]:
    rows = delegations.live_proxies_to(session, subject_id, now)
    views = registry.describe(session, [row.principal_id for row in rows], vault=vault)
    return [
        _option(
            proxies.basis_of(row.proxy_id),
            "person",
            views[row.principal_id],
            row.relation,
            scopes=frozenset(row.scopes),
            until_at=row.until_at,
        )
        for row in rows
    ]


def _represented(session: Session, subject_id: int, vault: Vault, now: datetime) -> list[CapacityOption]:
    on = business_date(now)
    rows = [
        row
        for row in registry_rows.relationships_of(
            session, kind="legal_representative", on=on, from_subject=subject_id
        )
        if not registry.is_dissolved(session, row.to_subject, on)
    ]
    views = registry.describe(session, [row.to_subject for row in rows], vault=vault)
    return [
        _option(
            f"relationship:{row.relationship_id}",
            "enterprise",
            views[row.to_subject],
            N_("法定代表人"),
            until_at=_midnight(row.until_on) if row.until_on else None,
        )
        for row in rows
    ]


def _memberships(session: Session, subject_id: int, vault: Vault, now: datetime) -> list[CapacityOption]:
    rows = delegations.live_memberships(session, now, subject_id=subject_id)
    views = registry.describe(session, [row.firm_id for row in rows], vault=vault)
    return [
        _option(
            enterprises.basis_of(row.membership_id),
            "enterprise",
            views[row.firm_id],
            ROLE_NAMES[row.role],
            scopes=frozenset(row.scopes),
            until_at=row.until_at,
        )
        for row in rows
    ]


def _seats(session: Session, subject_id: int) -> list[CapacityOption]:
    return [
        CapacityOption(
            basis=seats.basis_of(seat.id),
            capacity="seat",
            acting_for=subject_id,
            name=seat.title,
            note=seat.department,
            seat=seat,
            scopes=None,
            until_at=None,
        )
        for seat in seats.seats_of(session, subject_id)
    ]


def _option(
    basis: str,
    capacity: Capacity,
    view: SubjectView,
    note: str,
    *,
    scopes: frozenset[str] | None = None,
    until_at: datetime | None = None,
) -> CapacityOption:
    return CapacityOption(
        basis=basis,
        capacity=capacity,
        acting_for=view.subject_id,
        name=view.name,
        note=note,
        seat=None,
        scopes=scopes,
        until_at=until_at,
    )


def _midnight(on: date) -> datetime:
    """When a day begins in Huangshi."""
    return datetime.combine(on, time.min, SHANGHAI).astimezone(UTC)
