"""What a firm lets banks read for one demand: asked item by item, given by consent at the identity service, ended at once.

awaiting → authorised → revoked | expired | used up (a reading each, where it is for once). The consent is an itemised
authorisation of RFC 9396 (``identity/oauth/detail_types/financing_data.yaml``); its grant is kept as evidence and ends with it.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy.orm import Session

from identity.grants import repository as grant_rows
from identity.grants import service as grants
from kernel.audit import record
from kernel.clock import SHANGHAI
from kernel.errors import Conflict, FieldError, Forbidden, InvalidInput, NotFound
from kernel.i18n import gettext as _
from kernel.ids import new_id
from kernel.web.principal import Principal
from portals.financing.demands import repository, service
from portals.financing.demands.models import Access, Application, Authorisation, Demand
from portals.financing.demands.notices import tell_bank
from portals.financing.demands.schemas import Actor
from portals.financing.demands.states import OPEN, ApplicationState
from portals.financing.profile.items import data_items

TYPE = "financing_data"
#: A delegation may leave a firm's financing out; whoever consents must have it.
SCOPE = "financing"
DAYS = (30, 90, 180)
#: A question that nobody answered is asked anew.
ASKED_FOR = timedelta(hours=1)
#: Ends of the grant by which its giver takes it back, or never gave it. Signing out is none; nor is a change of staff,
#: because the authorisation is the firm's.
_UNDONE = frozenset({"consent_withdrawn", "client_withdrawn", "code_replayed", "enterprise_dissolved"})
Refusal = Literal["none", "revoked", "expired", "other_bank", "used", "closed"]


def ask(
    session: Session,
    demand: Demand,
    *,
    items: Sequence[str],
    bank_codes: Sequence[str],
    days: int,
    is_once: bool,
    now: datetime,
) -> Authorisation:
    """Write down what is going to be asked. Raises ``InvalidInput`` for unknown items or without the needed ones."""
    known = data_items()
    unknown = [one for one in items if one not in known]
    lacking = [one.title for one in known.values() if one.needed and one.code not in items]
    errors = []
    if unknown:
        errors.append(FieldError("items", _("没有这样的数据项：%(items)s", items="、".join(unknown))))
    if lacking:
        errors.append(FieldError("items", _("银行受理至少需要：%(items)s", items="、".join(lacking))))
    if days not in DAYS:
        errors.append(FieldError("days", _("有效期请选 30、90 或 180 天")))
    if not bank_codes:
        errors.append(FieldError("banks", _("没有可以授权的银行")))
    if errors:
        raise InvalidInput(_("数据授权有 %(count)d 处需要修改。", count=len(errors)), errors=errors)
    row = Authorisation(
        id=new_id(),
        firm_id=demand.firm_id,
        demand_id=demand.id,
        state="awaiting",
        items=[one for one in known if one in items],
        bank_codes=list(dict.fromkeys(bank_codes)),
        purpose=demand.purpose,
        is_once=is_once,
        asked_at=now,
        expires_at=now + timedelta(days=days),
    )
    session.add(row)
    session.flush()
    return row


def detail_of(row: Authorisation, demand: Demand) -> dict[str, Any]:
    """The question as the identity service shows it (RFC 9396)."""
    return {
        "type": TYPE,
        "authorisation": str(row.id),
        "number": demand.number,
        "items": list(row.items),
        "banks": list(row.bank_codes),
        "purpose": row.purpose,
        "frequency": "once" if row.is_once else "until_expiry",
        "until": row.expires_at.astimezone(SHANGHAI).date().isoformat(),
    }


def give(session: Session, answer: Principal, *, now: datetime) -> Authorisation:
    """Take the consent that ``answer`` (the token that came of it) carries. The demand is authorised with it.

    Raises ``Forbidden`` where the token is for another firm or says other than what was asked.
    """
    detail = next((one for one in answer.details if one.get("type") == TYPE), None)
    row = None if detail is None else _row(session, str(detail.get("authorisation", "")))
    if detail is None or row is None or row.firm_id != answer.acting_for or not _may_speak(answer):
        raise Forbidden(_("这次授权与要办的事不符，没有生效。请从融资需求页面重新授权。"))
    by = Actor.firm(answer)
    demand = service.own_demand(session, row.demand_id, by)
    session.refresh(row, with_for_update=True)
    if detail != detail_of(row, demand):
        raise Forbidden(_("这次授权与要办的事不符，没有生效。请从融资需求页面重新授权。"))
    if row.state == "authorised" and row.grant_id == answer.grant_id:
        return row
    if row.state != "awaiting" or row.asked_at + ASKED_FOR < now:
        raise Conflict(_("这次授权请求已经用过或太久没有回应。请从融资需求页面重新授权。"))
    for former in repository.authorisations_of(session, demand.id):
        if former.state == "authorised":
            _end(session, former, "replaced", now=now)
    row.state, row.given_at, row.given_by, row.grant_id = (
        "authorised",
        now,
        answer.subject_id,
        answer.grant_id,
    )
    if service.may_authorise(demand):
        service.authorised(session, demand, by=by, now=now)
    else:
        service.note(session, demand, "authorise_again", by=by, now=now)
    record(
        session,
        actor=answer,
        action="financing.authorise",
        object_kind="financing_authorisation",
        object_id=row.id,
        detail={"items": row.items, "banks": row.bank_codes, "grant": str(answer.grant_id)},
        now=now,
    )
    return row


def withdraw(session: Session, authorisation_id: uuid.UUID, *, principal: Principal, now: datetime) -> None:
    """The firm takes it back: from this commit on no bank reads anything by it. Again changes nothing."""
    row = repository.authorisation_of(session, authorisation_id, principal.acting_for)
    if row is None:
        raise NotFound(_("没有找到这项授权。"))
    by = Actor.firm(principal)
    demand = service.own_demand(session, row.demand_id, by)
    session.refresh(row, with_for_update=True)
    if row.state not in ("awaiting", "authorised"):
        return
    _end(session, row, "revoked", now=now)
    service.note(session, demand, "revoke_data", by=by, now=now)
    for application in repository.applications_of(session, demand.id):
        if ApplicationState(application.state) in OPEN:
            tell_bank(session, application, "revoke_data", now=now)
    record(
        session,
        actor=principal,
        action="financing.revoke",
        object_kind="financing_authorisation",
        object_id=row.id,
        now=now,
    )


def expire(session: Session, *, now: datetime, limit: int) -> int:
    """Close some authorisations whose time is up; how many. Reading stops at that moment in any case."""
    rows = repository.overdue_authorisations(session, now=now, limit=limit)
    for row in rows:
        _end(session, row, "expired", now=now)
    return len(rows)


def standing(
    session: Session, application: Application, *, now: datetime
) -> tuple[Authorisation | None, Refusal | None]:
    """The authorisation by which this bank may read for this application now, or why it may not."""
    if ApplicationState(application.state) not in {*OPEN, ApplicationState.DISBURSED}:
        return None, "closed"
    rows = repository.authorisations_of(session, application.demand_id)
    given = [one for one in rows if one.given_at is not None]
    if not given:
        return None, "none"
    row = given[0]
    if row.state != "authorised" or _is_undone(session, row):
        return None, "expired" if row.state == "expired" else "revoked"
    if row.expires_at <= now:
        return None, "expired"
    if application.bank_code not in row.bank_codes:
        return None, "other_bank"
    if row.is_once and repository.has_read(session, row.id, application.bank_code):
        return None, "used"
    return row, None


def note_access(
    session: Session, application: Application, *, by: Actor, items: Sequence[str] = (), now: datetime
) -> Access:
    """Record a reading, in the transaction before any data leaves. Raises ``Forbidden`` where nothing may be read.

    The application's demand is held, so that a withdrawal comes wholly before or wholly after.
    """
    repository.lock_demand(session, application.demand_id)
    row, why = standing(session, application, now=now)
    if row is None:
        raise Forbidden(refusal_text(why or "none"))
    wanted = [one for one in row.items if not items or one in items]
    access = Access(
        id=new_id(),
        authorisation_id=row.id,
        application_id=application.id,
        firm_id=application.firm_id,
        bank_code=application.bank_code,
        reader_id=by.subject_id,
        seat_id=by.seat_id,
        client_id=by.client_id,
        items=wanted,
        at=now,
    )
    session.add(access)
    session.flush()
    return access


def refusal_text(why: Refusal) -> str:
    """Why a bank may not read, as its officer reads it."""
    return {
        "none": _("企业还没有授权查看数据。"),
        "revoked": _("企业已收回数据授权，不能再查看。需要时请与企业联系，由企业重新授权。"),
        "expired": _("数据授权已过期，不能再查看。需要时请与企业联系，由企业重新授权。"),
        "other_bank": _("企业没有授权本行查看数据。"),
        "used": _("一次性授权已经用过。需要再看时，请由企业重新授权。"),
        "closed": _("这笔申请已经结束，不能再查看企业数据。"),
    }[why]


def _end(session: Session, row: Authorisation, state: str, *, now: datetime) -> None:
    row.state, row.ended_at = state, now
    if row.grant_id is not None:
        grants.end_grant(session, row.grant_id, reason="consent_withdrawn", now=now)


def _may_speak(answer: Principal) -> bool:
    return answer.capacity == "enterprise" and answer.has_scope(SCOPE)


def _is_undone(session: Session, row: Authorisation) -> bool:
    grant = None if row.grant_id is None else grant_rows.get(session, row.grant_id)
    return grant is not None and grant.ended_at is not None and grant.end_reason in _UNDONE


def _row(session: Session, text: str) -> Authorisation | None:
    try:
        return session.get(Authorisation, uuid.UUID(text))
    except ValueError:
        return None
