"""Who may act for a firm: its legal representative, the administrators they appoint, the agents those appoint.

Everything hangs on the one above it: whoever loses the right takes down all whom they appointed.
"""

import uuid
from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Literal

from sqlalchemy.orm import Session

from identity.delegation import repository
from identity.delegation.models import Membership
from identity.grants import service as grants
from identity.registry import repository as registry_rows
from identity.registry import service as registry
from identity.registry.schemas import RelationshipRow
from identity.trail import note
from kernel.clock import business_date
from kernel.errors import Conflict, FieldError, Forbidden, InvalidInput, NotFound
from kernel.i18n import N_
from kernel.ids import new_id

ADMINISTRATORS_AT_MOST = 5
LONGEST = timedelta(days=3 * 366)
MEMBER_SCOPES = frozenset({"rongtong", "licences"})
Role = Literal["administrator", "agent"]


def register_member(
    session: Session,
    *,
    firm_id: int,
    subject_id: int,
    role: Role,
    appointed_by: int,
    scopes: Collection[str],
    until_at: datetime,
    now: datetime,
) -> uuid.UUID:
    """Appoint somebody. A legal representative appoints both roles, an administrator only agents, within their scopes.

    Raises ``Forbidden`` when ``appointed_by`` may not, ``Conflict`` at the sixth administrator.
    """
    on = business_date(now)
    if not scopes or not MEMBER_SCOPES.issuperset(scopes):
        raise InvalidInput(
            "填写的内容有误，请按提示修改。",
            errors=[FieldError("scopes", N_("授权范围只能是 rongtong 和 licences"))],
        )
    if not now < until_at <= now + LONGEST:
        raise InvalidInput(
            "填写的内容有误，请按提示修改。", errors=[FieldError("until", N_("授权期限应在今后三年以内"))]
        )
    if registry.is_dissolved(session, firm_id, on):
        raise Conflict("这家企业已经注销，不能再授权。")
    parent, ceiling, latest = _authority(session, firm_id, appointed_by, role, now)
    if not ceiling.issuperset(scopes):
        raise Forbidden("授权范围不能超出授权人自己的范围。")
    if role == "administrator" and _administrators(session, firm_id, now) >= ADMINISTRATORS_AT_MOST:
        raise Conflict("每家企业最多5名管理员，请先撤销一名。")
    membership_id = new_id()
    repository.add(
        session,
        Membership(
            membership_id=membership_id,
            firm_id=firm_id,
            subject_id=subject_id,
            role=role,
            scopes=sorted(scopes),
            appointed_by=parent,
            from_at=now,
            until_at=min(until_at, latest) if latest else until_at,
            revoked_at=None,
        ),
    )
    note(
        session,
        "membership.grant",
        "membership",
        membership_id,
        now=now,
        by=appointed_by,
        firm=firm_id,
        role=role,
    )
    return membership_id


def revoke_membership(session: Session, *, membership_id: uuid.UUID, by_subject: int, now: datetime) -> None:
    """End a membership and all that hang on it. The legal representative, its appointer, or its holder may."""
    membership = repository.get_membership(session, membership_id)
    if membership is None or not _may_revoke(session, membership, by_subject, now):
        raise NotFound("没有找到这项企业授权。")
    note(session, "membership.revoke", "membership", membership_id, now=now, by=by_subject)
    _cut(session, membership, now)


def members_of(session: Session, firm_id: int, now: datetime) -> list[Membership]:
    """The live memberships of a firm."""
    return list(repository.live_memberships(session, now, firm_id=firm_id))


def change_legal_representative(
    session: Session, *, firm_id: int, new_subject_id: int, source: str, on: date, now: datetime
) -> None:
    """The register names another: everything granted for the firm ends, claims and money go on untouched."""
    registry_rows.end_relationships(session, kind="legal_representative", to_subject=firm_id, on=on)
    registry.load_relationships(
        session,
        [
            RelationshipRow(
                kind="legal_representative",
                from_subject=new_subject_id,
                to_subject=firm_id,
                source=source,
                from_on=on,
                until_on=None,
            )
        ],
    )
    repository.revoke_all_of_firm(session, firm_id, now)
    grants.end_for_enterprise(session, firm_id, reason="representative_changed", now=now)
    note(session, "representative.change", "subject", firm_id, now=now, to=new_subject_id, source=source)


def dissolve_enterprise(session: Session, *, firm_id: int, on: date, now: datetime) -> None:
    """The register strikes the firm off: nobody acts for it any more."""
    firm = registry_rows.get(session, firm_id)
    if firm is None or firm.kind != "firm":
        raise NotFound("登记中没有这家企业。")
    firm.dissolved_on = on
    repository.revoke_all_of_firm(session, firm_id, now)
    grants.end_for_enterprise(session, firm_id, reason="enterprise_dissolved", now=now)
    note(session, "enterprise.dissolve", "subject", firm_id, now=now)


def basis_of(membership_id: uuid.UUID) -> str:
    return f"membership:{membership_id}"


def _authority(
    session: Session, firm_id: int, subject_id: int, role: Role, now: datetime
) -> tuple[uuid.UUID | None, frozenset[str], datetime | None]:
    """On what the appointment hangs, its widest scope, and its latest end."""
    if subject_id in registry.related_to(session, "legal_representative", firm_id, business_date(now)):
        return None, MEMBER_SCOPES, None
    for membership in repository.live_memberships(session, now, subject_id=subject_id, firm_id=firm_id):
        if membership.role == "administrator" and role == "agent":
            return membership.membership_id, frozenset(membership.scopes), membership.until_at
    raise Forbidden("只有法定代表人可以任命管理员，法定代表人或管理员可以任命经办人。")


def _administrators(session: Session, firm_id: int, now: datetime) -> int:
    live = repository.live_memberships(session, now, firm_id=firm_id)
    return sum(membership.role == "administrator" for membership in live)


def _may_revoke(session: Session, membership: Membership, by_subject: int, now: datetime) -> bool:
    if by_subject == membership.subject_id:
        return True
    if by_subject in registry.related_to(
        session, "legal_representative", membership.firm_id, business_date(now)
    ):
        return True
    parent = repository.get_membership(session, membership.appointed_by) if membership.appointed_by else None
    return parent is not None and parent.subject_id == by_subject and parent.revoked_at is None


def _cut(session: Session, membership: Membership, now: datetime) -> None:
    membership.revoked_at = membership.revoked_at or now
    session.flush()
    grants.end_on_basis(session, basis_of(membership.membership_id), reason="membership_revoked", now=now)
    for below in repository.appointed_under(session, membership.membership_id):
        _cut(session, below, now)
