"""All capacities open to a person, read afresh from registers, delegations and seats."""

from collections.abc import Collection
from datetime import UTC, date, datetime, time

from sqlalchemy.orm import Session

from identity.capacity.schemas import CapacityOption
from identity.delegation import repository as delegations
from identity.delegation.ending import basis_of
from identity.delegation.models import Assignment, Mandate
from identity.registry import firms, majority
from identity.registry import repository as registry_rows
from identity.registry import service as registry
from identity.registry.schemas import SubjectView
from identity.seats import service as seats
from kernel.clock import SHANGHAI, business_date
from kernel.crypto import Vault
from kernel.i18n import N_
from kernel.web.principal import Capacity

#: What a parent may do for a child of 14 and older: everything but show the child's papers.
OF_14_AND_OLDER = frozenset({"tong"})
#: A bank's people do their work in Rongtong and nowhere else.
OF_INSTITUTION_SEATS = frozenset({"rongtong"})
ROLE_NAMES = {"administrator": N_("企业管理员"), "agent": N_("企业经办人")}


def options_for(
    session: Session, subject_id: int, *, capacities: Collection[str], vault: Vault, now: datetime
) -> list[CapacityOption]:
    """What the person may choose from in a client that allows ``capacities``, themselves first.

    A client takes seats of the city (``seat``) or of institutions (``institution_seat``): whoever works for a bank has
    no door to the city's offices by it, and the other way round.
    """
    options: list[CapacityOption] = []
    if "self" in capacities:
        options.append(_own(session, subject_id, vault))
    if "person" in capacities:
        options += _children(session, subject_id, vault, now)
        options += _proxied(session, subject_id, vault, now)
        options += _worked_on(session, subject_id, "institution", vault, now)
    if "enterprise" in capacities:
        options += _represented(session, subject_id, vault, now)
        options += _memberships(session, subject_id, vault, now)
        options += _worked_on(session, subject_id, "agency", vault, now)
    if "seat" in capacities:
        options += _seats(session, subject_id, now)
    if "institution_seat" in capacities:
        options += _institution_seats(session, subject_id, vault, now)
    return options


def _own(session: Session, subject_id: int, vault: Vault) -> CapacityOption:
    view = registry.describe(session, [subject_id], vault=vault)[subject_id]
    return _option("self", "self", view, N_("本人"))


def _children(session: Session, subject_id: int, vault: Vault, now: datetime) -> list[CapacityOption]:
    """Parents act for their children until these are 18, guardians while the register says so (民法典 Art. 23).

    From 14 on a child's papers are theirs to show (PIPL Art. 31), so what was opened before ends on that birthday.
    """
    on = business_date(now)
    found = []
    for kind, note in (("parent", N_("未成年子女")), ("guardian", N_("被监护人"))):
        for row in registry_rows.relationships_of(session, kind=kind, on=on, from_subject=subject_id):
            age = majority.of_child(session, row, vault=vault)
            if kind == "parent" and age.comes_of_age_on <= on:
                continue
            turns = [age.turns_14_on, age.comes_of_age_on] if kind == "parent" else []
            ends = [day for day in (row.until_on, *turns) if day is not None and day > on]
            view = registry.describe(session, [row.to_subject], vault=vault)[row.to_subject]
            found.append(
                _option(
                    f"relationship:{row.relationship_id}",
                    "person",
                    view,
                    note,
                    scopes=OF_14_AND_OLDER if kind == "parent" and age.turns_14_on <= on else None,
                    until_at=_midnight(min(ends)) if ends else None,
                )
            )
    return found


def _proxied(session: Session, subject_id: int, vault: Vault, now: datetime) -> list[CapacityOption]:
    rows = delegations.live_proxies_to(session, subject_id, now)
    views = registry.describe(session, [row.principal_id for row in rows], vault=vault)
    return [
        _option(
            basis_of(row),
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
            firms.HEADS[views[row.to_subject].form or "enterprise"],
            until_at=_midnight(row.until_on) if row.until_on else None,
        )
        for row in rows
    ]


def _memberships(session: Session, subject_id: int, vault: Vault, now: datetime) -> list[CapacityOption]:
    on = business_date(now)
    rows = [
        row
        for row in delegations.live_memberships(session, now, subject_id=subject_id)
        if not registry.is_dissolved(session, row.firm_id, on)
    ]
    views = registry.describe(session, [row.firm_id for row in rows], vault=vault)
    return [
        _option(
            basis_of(row),
            "enterprise",
            views[row.firm_id],
            ROLE_NAMES[row.role],
            scopes=frozenset(row.scopes),
            until_at=row.until_at,
        )
        for row in rows
    ]


def _worked_on(
    session: Session, subject_id: int, kind: str, vault: Vault, now: datetime
) -> list[CapacityOption]:
    """Whom the organisation one works for has been asked to act for, and let one work on."""
    on = business_date(now)
    work = [
        (assignment, mandate)
        for assignment, mandate in delegations.live_work(session, subject_id, now)
        if mandate.kind == kind and not _is_over(session, mandate, on)
    ]
    numbers = {number for _, mandate in work for number in (mandate.principal_id, mandate.holder_id)}
    views = registry.describe(session, numbers, vault=vault)
    return [_work(assignment, mandate, views) for assignment, mandate in work]


def _work(assignment: Assignment, mandate: Mandate, views: dict[int, SubjectView]) -> CapacityOption:
    return _option(
        basis_of(assignment),
        "enterprise" if mandate.kind == "agency" else "person",
        views[mandate.principal_id],
        views[mandate.holder_id].name,
        scopes=frozenset(mandate.scopes),
        until_at=min(assignment.until_at, mandate.until_at),
    )


def _is_over(session: Session, mandate: Mandate, on: date) -> bool:
    """Dissolution ends mandates when it is reported; one dated ahead ends them on its day."""
    return registry.is_dissolved(session, mandate.holder_id, on) or (
        mandate.kind == "agency" and registry.is_dissolved(session, mandate.principal_id, on)
    )


def _seats(session: Session, subject_id: int, now: datetime) -> list[CapacityOption]:
    return [
        CapacityOption(
            basis=seats.basis_of(taken.seat.id),
            capacity="seat",
            acting_for=subject_id,
            name=taken.seat.title,
            note=taken.seat.department,
            seat=taken.seat,
            scopes=None,
            until_at=taken.until_at,
        )
        for taken in seats.seats_of(session, subject_id, now)
        if taken.seat.institution is None
    ]


def _institution_seats(
    session: Session, subject_id: int, vault: Vault, now: datetime
) -> list[CapacityOption]:
    """Posts of banks that are not dissolved; the affairs are the bank's."""
    on = business_date(now)
    rows = [
        (taken, taken.seat.institution)
        for taken in seats.seats_of(session, subject_id, now)
        if taken.seat.institution is not None
        and not registry.is_dissolved(session, taken.seat.institution, on)
    ]
    views = registry.describe(session, {number for _, number in rows}, vault=vault)
    return [
        CapacityOption(
            basis=seats.basis_of(taken.seat.id),
            capacity="seat",
            acting_for=views[number].subject_id,
            name=views[number].name,
            note=taken.seat.title,
            seat=taken.seat,
            scopes=OF_INSTITUTION_SEATS,
            until_at=taken.until_at,
        )
        for taken, number in rows
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
