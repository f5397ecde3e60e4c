"""How rights end: with everything that hangs on them, and every live token with them.

Whatever somebody granted ends when the right by which they granted it ends; claims and money go on untouched.
"""

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from identity.delegation import repository
from identity.delegation.models import Assignment, Mandate, Membership, Proxy, SeatAuthorisation
from identity.grants import service as grants
from identity.registry.turns import take_turn


def basis_of(right: Membership | Proxy | Assignment) -> str:
    """How grants name the right they rest on."""
    if isinstance(right, Membership):
        return f"membership:{right.membership_id}"
    if isinstance(right, Proxy):
        return f"proxy:{right.proxy_id}"
    return f"assignment:{right.assignment_id}"


def end_membership(session: Session, membership: Membership, *, reason: str, now: datetime) -> None:
    """A member goes, and with them whom they appointed, what they granted, and the work they did or gave out."""
    if not _end(session, membership, now):
        return
    grants.end_on_basis(session, basis_of(membership), reason=reason, now=now)
    for below in repository.appointed_under(session, membership.membership_id):
        end_membership(session, below, reason=reason, now=now)
    _end_resting_on(session, membership.membership_id, reason=reason, now=now)


def end_mandate(session: Session, mandate: Mandate, *, reason: str, now: datetime) -> None:
    """The organisation and all its people may no longer act for the principal."""
    if _end(session, mandate, now):
        for assignment in repository.unrevoked_assignments(
            session, Assignment.mandate_id == mandate.mandate_id
        ):
            end_assignment(session, assignment, reason=reason, now=now)


def end_assignment(session: Session, assignment: Assignment, *, reason: str, now: datetime) -> None:
    if _end(session, assignment, now):
        grants.end_on_basis(session, basis_of(assignment), reason=reason, now=now)


def end_proxy(session: Session, proxy: Proxy, *, reason: str, now: datetime) -> None:
    if _end(session, proxy, now):
        grants.end_on_basis(session, basis_of(proxy), reason=reason, now=now)


def end_seat_authorisation(session: Session, authorisation: SeatAuthorisation, *, now: datetime) -> None:
    _end(session, authorisation, now)


def end_order_of_firm(session: Session, firm_id: int, *, reason: str, now: datetime) -> None:
    """Everything that was granted in a firm's name: its members, its agencies, its people's work for others."""
    for membership in repository.unrevoked_memberships(session, firm_id):
        end_membership(session, membership, reason=reason, now=now)
    for mandate in repository.unrevoked_mandates(session, Mandate.principal_id == firm_id):
        end_mandate(session, mandate, reason=reason, now=now)
    held = sa.select(Mandate.mandate_id).where(Mandate.holder_id == firm_id)
    for assignment in repository.unrevoked_assignments(session, Assignment.mandate_id.in_(held)):
        end_assignment(session, assignment, reason=reason, now=now)
    grants.end_for_enterprise(session, firm_id, reason=reason, now=now)


def end_mandates_held_by(session: Session, firm_id: int, *, reason: str, now: datetime) -> None:
    """An organisation that is no more acts for nobody."""
    for mandate in repository.unrevoked_mandates(session, Mandate.holder_id == firm_id):
        end_mandate(session, mandate, reason=reason, now=now)


def end_with_person(session: Session, subject_id: int, *, reason: str, now: datetime) -> None:
    """Somebody has died: nobody acts for them, and they act for nobody (民法典 Art. 173)."""
    take_turn(session, subject_id)
    for proxy in repository.unrevoked_proxies_about(session, subject_id):
        end_proxy(session, proxy, reason=reason, now=now)
    for mandate in repository.unrevoked_mandates(session, Mandate.principal_id == subject_id):
        end_mandate(session, mandate, reason=reason, now=now)
    for authorisation in repository.live_seat_authorisations(session, now, principal_id=subject_id):
        end_seat_authorisation(session, authorisation, now=now)
    for membership in repository.live_memberships(session, now, subject_id=subject_id):
        end_membership(session, membership, reason=reason, now=now)
    for assignment in repository.unrevoked_assignments(session, Assignment.subject_id == subject_id):
        end_assignment(session, assignment, reason=reason, now=now)
    grants.end_for_person(session, subject_id, reason=reason, now=now)
    grants.end_of_subject(session, subject_id, reason=reason, now=now)


def _end_resting_on(session: Session, membership_id: uuid.UUID, *, reason: str, now: datetime) -> None:
    for mandate in repository.unrevoked_mandates(session, Mandate.granted_under == membership_id):
        end_mandate(session, mandate, reason=reason, now=now)
    resting = sa.or_(Assignment.rests_on == membership_id, Assignment.assigned_under == membership_id)
    for assignment in repository.unrevoked_assignments(session, resting):
        end_assignment(session, assignment, reason=reason, now=now)


def _end(
    session: Session,
    right: Membership | Mandate | Assignment | Proxy | SeatAuthorisation,
    now: datetime,
) -> bool:
    """Whether it was not over already."""
    if right.revoked_at is not None:
        return False
    right.revoked_at = now
    session.flush()
    return True
