"""Organisations that act for others: an accountancy for many firms, an institution for those who live in it.

The principal lets the organisation act; the organisation says who of its people does the work. Either side may end
it, and whoever leaves the organisation has left the work.
"""

import uuid
from collections.abc import Collection
from datetime import datetime

from sqlalchemy.orm import Session

from identity.delegation import repository
from identity.delegation.ending import end_assignment, end_mandate
from identity.delegation.enterprises import AGENT_SCOPES, LONGEST, authorities_over, require_governor
from identity.delegation.models import Assignment, Mandate
from identity.delegation.proxies import LONGEST as LONGEST_FOR_PERSONS
from identity.delegation.proxies import PROXY_SCOPES
from identity.registry import repository as registry_rows
from identity.registry import service as registry
from identity.registry.turns import take_turn
from identity.trail import note
from kernel.clock import business_date
from kernel.errors import Conflict, FieldError, Forbidden, InvalidInput, NotFound
from kernel.i18n import N_
from kernel.ids import new_id
from kernel.notices.service import notify
from kernel.wording import worded


def grant_mandate(
    session: Session,
    *,
    firm_id: int,
    agency_id: int,
    granted_by: int,
    scopes: Collection[str],
    until_at: datetime,
    now: datetime,
) -> uuid.UUID:
    """A firm lets an agency act for it. Its legal representative or an administrator may, within their own right."""
    take_turn(session, firm_id, agency_id)
    authority = require_governor(session, firm_id, granted_by, now)
    if firm_id == agency_id:
        raise _refusal("uscc", N_("不能委托给自己"))
    if not scopes or not AGENT_SCOPES.issuperset(scopes) or not authority.scopes.issuperset(scopes):
        raise _refusal("scopes", N_("授权范围不能超出授权人自己的范围"))
    if not now < until_at <= now + LONGEST:
        raise _refusal("until", N_("授权期限应在今后三年以内"))
    _require_holder(session, agency_id, "firm", now)
    _refuse_second(session, firm_id, agency_id, now)
    return _keep(
        session,
        Mandate(
            mandate_id=new_id(),
            kind="agency",
            principal_id=firm_id,
            holder_id=agency_id,
            scopes=sorted(scopes),
            granted_under=authority.membership_id,
            from_at=now,
            until_at=min(until_at, authority.until_at) if authority.until_at else until_at,
        ),
        by=granted_by,
        now=now,
    )


def record_institution(
    session: Session,
    *,
    person_id: int,
    institution_id: int,
    scopes: Collection[str],
    document: str,
    until_at: datetime,
    recorded_by: int,
    now: datetime,
) -> uuid.UUID:
    """A person (or their guardian, on paper) lets the institution they live in act; a counter took the paper in."""
    take_turn(session, person_id, institution_id)
    if not scopes or not PROXY_SCOPES.issuperset(scopes):
        raise _refusal("scopes", N_("代办范围只能是 tong 和 licences"))
    if not now < until_at <= now + LONGEST_FOR_PERSONS:
        raise _refusal("until", N_("代办期限应在今后一年以内"))
    _require_holder(session, institution_id, "", now)
    _refuse_second(session, person_id, institution_id, now)
    mandate_id = _keep(
        session,
        Mandate(
            mandate_id=new_id(),
            kind="institution",
            principal_id=person_id,
            holder_id=institution_id,
            scopes=sorted(scopes),
            document=document,
            recorded_by=recorded_by,
            from_at=now,
            until_at=until_at,
        ),
        by=recorded_by,
        now=now,
    )
    notify(
        session,
        subject_id=person_id,
        kind="mandate.granted",
        title=worded("您所在的机构可以为您代办了"),
        body=worded("到期日%(until)s。机构不能更改收款账户。您可随时取消。", until=business_date(until_at)),
        link="/tong/me/kin",
        now=now,
    )
    return mandate_id


def end_mandate_by(session: Session, *, mandate_id: uuid.UUID, by_subject: int, now: datetime) -> None:
    """The principal takes it back, or the organisation gives it back. To strangers it does not exist."""
    mandate = _in_turn(session, mandate_id)
    if mandate is None or not _is_party(session, mandate, by_subject, now):
        raise NotFound("没有找到这项委托。")
    if mandate.revoked_at is None:
        note(session, "mandate.revoke", "mandate", mandate_id, now=now, by=by_subject)
        end_mandate(session, mandate, reason="mandate_revoked", now=now)


def assign(
    session: Session, *, mandate_id: uuid.UUID, subject_id: int, assigned_by: int, now: datetime
) -> uuid.UUID:
    """Let one of the organisation's own people work on a mandate. Its legal representative or administrators may."""
    mandate = _in_turn(session, mandate_id)
    if mandate is None or mandate.revoked_at is not None or mandate.until_at <= now:
        raise NotFound("没有找到这项委托。")
    try:
        governor = require_governor(session, mandate.holder_id, assigned_by, now)
    except Forbidden:
        raise NotFound("没有找到这项委托。") from None
    theirs = authorities_over(session, mandate.holder_id, subject_id, now)
    if not theirs:
        raise _refusal("subject", N_("只能指派本机构的成员"))
    if any(one.subject_id == subject_id for one in repository.live_assignments(session, [mandate_id], now)):
        raise Conflict("这名成员已经在办理这项委托。")
    worker = theirs[0]
    ends = [end for end in (mandate.until_at, governor.until_at, worker.until_at) if end is not None]
    assignment_id = new_id()
    repository.add(
        session,
        Assignment(
            assignment_id=assignment_id,
            mandate_id=mandate_id,
            subject_id=subject_id,
            rests_on=worker.membership_id,
            assigned_under=governor.membership_id,
            from_at=now,
            until_at=min(ends),
        ),
    )
    note(
        session,
        "mandate.assign",
        "mandate_assignment",
        assignment_id,
        now=now,
        by=assigned_by,
        acting_for=mandate.holder_id,
        to=subject_id,
    )
    return assignment_id


def withdraw_assignment(
    session: Session, *, assignment_id: uuid.UUID, by_subject: int, now: datetime
) -> None:
    """The organisation takes somebody off the work, or they leave it themselves."""
    assignment = repository.get_assignment(session, assignment_id)
    mandate = repository.get_mandate(session, assignment.mandate_id) if assignment else None
    if (
        assignment is None
        or mandate is None
        or not (by_subject == assignment.subject_id or _governs(session, mandate.holder_id, by_subject, now))
    ):
        raise NotFound("没有找到这项指派。")
    note(session, "mandate.withdraw", "mandate_assignment", assignment_id, now=now, by=by_subject)
    end_assignment(session, assignment, reason="assignment_withdrawn", now=now)


def _in_turn(session: Session, mandate_id: uuid.UUID) -> Mandate | None:
    """As it stands once those who changed something about either side before are done."""
    mandate = repository.get_mandate(session, mandate_id)
    if mandate is not None:
        take_turn(session, mandate.principal_id, mandate.holder_id)
        session.refresh(mandate)
    return mandate


def _keep(session: Session, mandate: Mandate, *, by: int, now: datetime) -> uuid.UUID:
    repository.add(session, mandate)
    note(
        session,
        "mandate.grant",
        "mandate",
        mandate.mandate_id,
        now=now,
        by=by,
        principal=mandate.principal_id,
        holder=mandate.holder_id,
    )
    return mandate.mandate_id


def _is_party(session: Session, mandate: Mandate, by_subject: int, now: datetime) -> bool:
    return (
        by_subject == mandate.principal_id
        or (mandate.kind == "agency" and _governs(session, mandate.principal_id, by_subject, now))
        or _governs(session, mandate.holder_id, by_subject, now)
    )


def _governs(session: Session, firm_id: int, subject_id: int, now: datetime) -> bool:
    return any(one.standing != "agent" for one in authorities_over(session, firm_id, subject_id, now))


def _require_holder(session: Session, holder_id: int, kind: str, now: datetime) -> None:
    holder = registry_rows.get(session, holder_id)
    kinds = (kind,) if kind else ("firm", "institution")
    if holder is None or holder.kind not in kinds:
        raise _refusal("uscc", N_("登记中没有这家机构"))
    if registry.is_dissolved(session, holder_id, business_date(now)):
        raise Conflict("这家机构已经注销，不能再委托。")


def _refuse_second(session: Session, principal_id: int, holder_id: int, now: datetime) -> None:
    if repository.live_mandates(session, now, principal_id=principal_id, holder_id=holder_id):
        raise Conflict("已经委托了这家机构。要改范围或期限，请先取消，再重新委托。")


def _refusal(where: str, what: str) -> InvalidInput:
    return InvalidInput("填写的内容有误，请按提示修改。", errors=[FieldError(where, what)])
