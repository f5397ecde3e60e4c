"""Who may act for a firm: its legal representative, the administrators they appoint, the agents those appoint.

Everything hangs on the one above it: whoever loses the right takes down all whom they appointed.
"""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal, cast

from sqlalchemy.orm import Session

from identity.delegation import repository
from identity.delegation.ending import end_mandates_held_by, end_membership, end_order_of_firm
from identity.delegation.models import Membership
from identity.registry import repository as registry_rows
from identity.registry import service as registry
from identity.registry.schemas import RelationshipRow
from identity.registry.turns import take_turn
from identity.trail import note
from kernel.clock import business_date
from kernel.errors import Conflict, FieldError, Forbidden, InvalidInput, NotFound
from kernel.i18n import N_
from kernel.ids import new_id
from kernel.notices.service import notify
from kernel.wording import worded

ADMINISTRATORS_AT_MOST = 5
LONGEST = timedelta(days=3 * 366)
#: What may be given to somebody who acts for a firm; to say who else may act, only to administrators.
AGENT_SCOPES = frozenset({"rongtong", "licences", "financing"})
MEMBER_SCOPES = AGENT_SCOPES | {"members"}
Role = Literal["administrator", "agent"]
Standing = Literal["representative", "administrator", "agent"]


@dataclass(frozen=True, slots=True)
class Authority:
    """By what somebody acts for a firm: ``membership_id`` is nothing for its legal representative."""

    standing: Standing
    membership_id: uuid.UUID | None
    scopes: frozenset[str]
    until_at: datetime | None


def authorities_over(session: Session, firm_id: int, subject_id: int, now: datetime) -> list[Authority]:
    """All that somebody has over a firm now, the strongest first; nothing over a dissolved one."""
    on = business_date(now)
    if registry.is_dissolved(session, firm_id, on):
        return []
    found: list[Authority] = []
    if subject_id in registry.related_to(session, "legal_representative", firm_id, on):
        found.append(Authority("representative", None, MEMBER_SCOPES, None))
    memberships = repository.live_memberships(session, now, subject_id=subject_id, firm_id=firm_id)
    found.extend(
        Authority(
            cast(Role, membership.role),
            membership.membership_id,
            frozenset(membership.scopes),
            membership.until_at,
        )
        for membership in sorted(memberships, key=lambda one: one.role != "administrator")
    )
    return found


def require_governor(session: Session, firm_id: int, subject_id: int, now: datetime) -> Authority:
    """The right of a legal representative or administrator. Raises ``Forbidden``."""
    for authority in authorities_over(session, firm_id, subject_id, now):
        if authority.standing != "agent":
            return authority
    raise Forbidden("只有法定代表人和管理员可以办理这件事。")


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

    Raises ``Forbidden`` when ``appointed_by`` may not, ``Conflict`` at the sixth administrator and the second time.
    """
    take_turn(session, firm_id)
    _check(session, firm_id, role, scopes, until_at, now)
    authority = _appointing(session, firm_id, appointed_by, role, now)
    if not authority.scopes.issuperset(scopes):
        raise Forbidden("授权范围不能超出授权人自己的范围。")
    if subject_id == appointed_by:
        raise InvalidInput("不能任命自己。", errors=[FieldError("id_number", N_("不能任命自己"))])
    present = repository.live_memberships(session, now, firm_id=firm_id)
    if any(one.subject_id == subject_id and one.role == role for one in present):
        raise Conflict("对方已经是这家企业的成员。要改范围或期限，请先撤销，再重新任命。")
    if role == "administrator" and sum(one.role == role for one in present) >= ADMINISTRATORS_AT_MOST:
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
            appointed_by=authority.membership_id,
            from_at=now,
            until_at=min(until_at, authority.until_at) if authority.until_at else until_at,
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
        acting_for=firm_id,
        to=subject_id,
        role=role,
    )
    notify(
        session,
        subject_id=subject_id,
        kind="membership.granted",
        title=worded("有企业请您代为办事"),
        body=worded(
            "您现在可以在东楚融通为这家企业办事。如果您不认识这家企业，请在“我的企业”里退出，并拨打12345。"
        ),
        link="/tong/me/enterprises",
        now=now,
    )
    return membership_id


def revoke_membership(session: Session, *, membership_id: uuid.UUID, by_subject: int, now: datetime) -> None:
    """End a membership and all that hang on it. The legal representative, its appointer, or its holder may."""
    membership = repository.get_membership(session, membership_id)
    if membership is None or not may_revoke(session, membership, by_subject, now):
        raise NotFound("没有找到这项企业授权。")
    take_turn(session, membership.firm_id)
    session.refresh(membership)
    if membership.revoked_at is not None:
        return
    note(
        session,
        "membership.revoke",
        "membership",
        membership_id,
        now=now,
        by=by_subject,
        acting_for=membership.firm_id,
    )
    end_membership(session, membership, reason="membership_revoked", now=now)
    if by_subject != membership.subject_id:
        notify(
            session,
            subject_id=membership.subject_id,
            kind="membership.revoked",
            title=worded("一项企业授权已撤销"),
            body=worded("从现在起，您不能再为这家企业办事。有疑问请联系企业。"),
            link="/tong/me/enterprises",
            now=now,
        )


def may_revoke(session: Session, membership: Membership, by_subject: int, now: datetime) -> bool:
    if by_subject == membership.subject_id:
        return True
    if by_subject in registry.related_to(
        session, "legal_representative", membership.firm_id, business_date(now)
    ):
        return True
    parent = repository.get_membership(session, membership.appointed_by) if membership.appointed_by else None
    return (
        parent is not None
        and parent.subject_id == by_subject
        and parent.revoked_at is None
        and parent.until_at > now
    )


def members_of(session: Session, firm_id: int, now: datetime) -> list[Membership]:
    """The live memberships of a firm."""
    return list(repository.live_memberships(session, now, firm_id=firm_id))


def change_legal_representative(
    session: Session, *, firm_id: int, new_subject_id: int, source: str, on: date, now: datetime
) -> None:
    """The register names another: everything granted for the firm ends, claims and money go on untouched."""
    take_turn(session, firm_id)
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
    end_order_of_firm(session, firm_id, reason="representative_changed", now=now)
    note(session, "representative.change", "subject", firm_id, now=now, to=new_subject_id, source=source)


def dissolve_enterprise(session: Session, *, firm_id: int, on: date, now: datetime) -> None:
    """The register strikes the firm off: nobody acts for it any more, and its branches go with it."""
    take_turn(session, firm_id)
    firm = registry_rows.get(session, firm_id)
    if firm is None or firm.kind != "firm":
        raise NotFound("登记中没有这家企业。")
    if firm.dissolved_on is not None and firm.dissolved_on <= on:
        return
    firm.dissolved_on = on
    session.flush()
    end_order_of_firm(session, firm_id, reason="enterprise_dissolved", now=now)
    end_mandates_held_by(session, firm_id, reason="enterprise_dissolved", now=now)
    note(session, "enterprise.dissolve", "subject", firm_id, now=now)
    for branch_id in registry.related_from(session, "head_office", firm_id, on):
        dissolve_enterprise(session, firm_id=branch_id, on=on, now=now)


def _check(
    session: Session, firm_id: int, role: Role, scopes: Collection[str], until_at: datetime, now: datetime
) -> None:
    errors = []
    if not scopes or not MEMBER_SCOPES.issuperset(scopes):
        errors.append(FieldError("scopes", N_("授权范围只能是 rongtong、licences、financing 和 members")))
    elif role == "agent" and not AGENT_SCOPES.issuperset(scopes):
        errors.append(FieldError("scopes", N_("经办人不能管理成员，范围中不能有 members")))
    if not now < until_at <= now + LONGEST:
        errors.append(FieldError("until", N_("授权期限应在今后三年以内")))
    if errors:
        raise InvalidInput("填写的内容有误，请按提示修改。", errors=errors)
    if registry.is_dissolved(session, firm_id, business_date(now)):
        raise Conflict("这家企业已经注销，不能再授权。")


def _appointing(session: Session, firm_id: int, subject_id: int, role: Role, now: datetime) -> Authority:
    """On what the appointment hangs, its widest scope, and its latest end."""
    for authority in authorities_over(session, firm_id, subject_id, now):
        if authority.standing == "representative" or (
            authority.standing == "administrator" and role == "agent"
        ):
            return authority
    raise Forbidden("只有法定代表人可以任命管理员，法定代表人或管理员可以任命经办人。")
