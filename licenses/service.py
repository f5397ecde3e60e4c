"""Issuing licences and changing their state. Each is a fact: the change of attributes commits with it."""

import uuid
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from kernel.errors import Conflict, InvalidInput, NotFound
from kernel.house import House
from kernel.i18n import gettext as _
from kernel.web.principal import Principal
from kernel.wording import worded
from licenses import repository
from licenses.catalogue import LicenceType, licence_type
from licenses.models import Licence
from licenses.recording import log_operation, state_facts
from licenses.states import OPERATION_LABELS, LicenceState, Operation, after
from licenses.status_list import tell_changed
from licenses.telling import REMIND_DAYS, announce, tell
from licenses.trust import authority_named, require_may_issue
from licenses.writing import Writer, content, number, number_of

_LIVING = (LicenceState.VALID, LicenceState.EXPIRED)


def issue(
    session: Session,
    house: House,
    *,
    type_id: str,
    holder_id: int,
    fields: dict[str, Any],
    actor: Principal | str,
    source_event: str | None = None,
    issuer: str | None = None,
    valid_until: date | None = None,
) -> Licence:
    """A new licence, or the next version of the one the holder has; twice for one ``source_event`` is once.

    Of a type that one may hold several of, each issue is a new one. Raises ``InvalidInput`` for fields that do not fit
    the type, ``Forbidden`` for who may not issue, ``Conflict`` while the holder's licence is withheld.
    """
    kind = licence_type(type_id)
    require_may_issue(actor, kind, issuer or kind.issuer, house.clock.today())
    kind.check_fields(fields)
    if source_event and (known := repository.by_source_event(session, source_event)):
        return known
    former = None if kind.is_plural else repository.current_of(session, holder_id, type_id)
    if former is not None and _holds(house, former, fields):
        return former
    return _succeed(
        session,
        house,
        kind,
        former,
        holder_id=holder_id,
        fields=fields,
        actor=actor,
        issuer=issuer or kind.issuer,
        source_event=source_event,
        valid_until=valid_until,
    )


def renew(
    session: Session, house: House, licence_id: uuid.UUID, *, actor: Principal | str, reason: str = ""
) -> Licence:
    """延续: the same fields for another term, as the next version. Raises ``Conflict`` when it is not in force."""
    former, kind = _for_succession(session, licence_id, _LIVING, Operation.RENEW)
    fields = content(house, former).fields
    return _succeed(
        session,
        house,
        kind,
        former,
        holder_id=former.holder_id,
        fields=fields,
        actor=actor,
        issuer=former.issuer,
        operation=Operation.RENEW,
        reason=reason,
    )


def change(
    session: Session,
    house: House,
    licence_id: uuid.UUID,
    fields: dict[str, Any],
    *,
    actor: Principal | str,
    reason: str = "",
) -> Licence:
    """变更: other fields for the rest of the term, as the next version."""
    former, kind = _for_succession(session, licence_id, (LicenceState.VALID,), Operation.CHANGE)
    kind.check_fields(fields)
    return _succeed(
        session,
        house,
        kind,
        former,
        holder_id=former.holder_id,
        fields=fields,
        actor=actor,
        issuer=former.issuer,
        operation=Operation.CHANGE,
        reason=reason,
        valid_until=former.valid_until,
    )


def transfer_in(
    session: Session, house: House, licence_id: uuid.UUID, issuer: str, *, actor: Principal | str
) -> Licence:
    """转入: another authority takes over a licence that was transferred out 转出; the old one stays, linked."""
    former, kind = _for_succession(
        session, licence_id, (LicenceState.TRANSFERRED_OUT,), Operation.TRANSFER_IN
    )
    if issuer == former.issuer:
        raise InvalidInput("转入的机构和转出的机构相同；如果不再转出，请取消转出。")
    return _succeed(
        session,
        house,
        kind,
        former,
        holder_id=former.holder_id,
        fields=content(house, former).fields,
        actor=actor,
        issuer=issuer,
        operation=Operation.TRANSFER_IN,
        valid_until=former.valid_until,
    )


def operate(
    session: Session,
    house: House,
    licence_id: uuid.UUID,
    operation: Operation,
    *,
    reason: str,
    actor: Principal | str,
    effective_on: date | None = None,
) -> Licence:
    """Withhold, return, revoke, cancel …; 撤销 may take effect in the past. The next verification sees it."""
    if not reason.strip() or len(reason) > 200:
        raise InvalidInput("请写明理由（200字以内）。")
    licence = _required(session, licence_id)
    kind = licence_type(licence.type_id)
    today = house.clock.today()
    require_may_issue(actor, kind, licence.issuer, today)
    if effective_on is not None and not licence.issued_on <= effective_on <= today:
        raise InvalidInput("生效日期应在颁发之日和今天之间。")
    if effective_on not in (None, today) and operation is not Operation.REVOKE:
        raise InvalidInput("只有撤销可以追溯到以前的日期生效。")
    _require_newest(licence)
    licence.state = after(LicenceState(licence.state), operation).value
    tell_changed(session, {licence.id: licence.status_index})
    act = log_operation(session, house, licence, operation, reason.strip(), effective_on or today, actor)
    is_valid = licence.state == LicenceState.VALID
    state_facts(session, house, kind, licence, act, content(house, licence).fields if is_valid else None)
    tell(
        session,
        house,
        kind,
        licence.holder_id,
        title=worded(
            "%(licence)s已办理%(operation)s",
            licence=kind.named,
            operation=worded(OPERATION_LABELS[operation]),
        ),
        body=worded(
            "理由：%(reason)s。如有异议，可向%(authority)s提出。",
            reason=reason.strip(),
            authority=authority_named(licence.issuer).named,
        ),
        path=f"/{licence.id}",
    )
    return licence


def expire_due(session: Session, house: House, *, limit: int = 200) -> int:
    """05 过期失效 for those whose last day has passed; how many. Their facts ended that day by themselves."""
    today = house.clock.today()
    due = repository.overdue(session, today, limit)
    for licence in due:
        licence.state = after(LicenceState.VALID, Operation.EXPIRE).value
        log_operation(session, house, licence, Operation.EXPIRE, "", licence.valid_until or today, "worker")
    session.flush()
    return len(due)


def remind_due(session: Session, house: House, *, limit: int = 200) -> int:
    """Tell holders of licences that end soon, sixty days before and again in the last week; how many were told."""
    today = house.clock.today()
    due = repository.ending_soon(session, today, REMIND_DAYS, limit)
    for licence in due:
        days = ((licence.valid_until or today) - today).days
        licence.reminded_days = next(one for one in reversed(REMIND_DAYS) if days <= one)
        kind = licence_type(licence.type_id)
        tell(
            session,
            house,
            kind,
            licence.holder_id,
            title=worded("%(licence)s还有%(days)s天到期", licence=kind.named, days=days),
            body=worded(
                "请在到期前向%(authority)s申请延续。到期后不能再出示。",
                authority=authority_named(licence.issuer).named,
            ),
            path=f"/{licence.id}",
        )
    session.flush()
    return len(due)


def _holds(house: House, former: Licence, fields: dict[str, Any]) -> bool:
    """Whether the holder already has exactly this licence, valid: a department telling us again changes nothing."""
    if former.state != LicenceState.VALID or content(house, former).fields != fields:
        return False
    return former.valid_until is None or former.valid_until >= house.clock.today()


def _succeed(
    session: Session,
    house: House,
    kind: LicenceType,
    former: Licence | None,
    *,
    holder_id: int,
    fields: dict[str, Any],
    actor: Principal | str,
    issuer: str,
    operation: Operation | None = None,
    reason: str = "",
    source_event: str | None = None,
    valid_until: date | None = None,
) -> Licence:
    """Write it, supersede what it follows, and tell the engine and the holder. What has ended is followed by nothing:
    after 撤销, 注销 or 吊销 a licence begins anew."""
    require_may_issue(actor, kind, issuer, house.clock.today())
    if former is not None and former.state == LicenceState.WITHHELD:
        raise Conflict(_("这份证照正在暂扣，请先发还再办理。"))
    if former is not None and operation is None and LicenceState(former.state) not in _LIVING:
        former = None
    own = number_of(session, house, kind, holder_id) if former is None else number(house, former)
    writer = Writer.open(session, house)
    row = writer.row(
        kind,
        issuer=issuer,
        holder_id=holder_id,
        number=own,
        fields=fields,
        status_index=repository.reserve(session, 1)[0],
        former=former,
        source_event=source_event,
        valid_until=valid_until,
    )
    if former is not None:
        former.superseded_at = writer.now
        tell_changed(session, {former.id: former.status_index})
    licence = Licence(**row)
    session.add(licence)
    session.flush()
    done = operation or (Operation.ISSUE if former is None else _kind_of_succession(house, former, fields))
    act = log_operation(session, house, licence, done, reason.strip(), licence.issued_on, actor)
    state_facts(session, house, kind, licence, act, fields)
    announce(session, house, [licence])
    return licence


def _kind_of_succession(house: House, former: Licence, fields: dict[str, Any]) -> Operation:
    return Operation.RENEW if content(house, former).fields == fields else Operation.CHANGE


def _for_succession(
    session: Session, licence_id: uuid.UUID, states: tuple[LicenceState, ...], operation: Operation
) -> tuple[Licence, LicenceType]:
    licence = _required(session, licence_id)
    _require_newest(licence)
    if LicenceState(licence.state) not in states:
        label = _(OPERATION_LABELS[operation])
        raise Conflict(_("这份证照现在的状态不能办理“%(operation)s”。", operation=label))
    return licence, licence_type(licence.type_id)


def _required(session: Session, licence_id: uuid.UUID) -> Licence:
    licence = repository.by_id(session, licence_id, for_update=True)
    if licence is None:
        raise NotFound("没有这份证照。")
    return licence


def _require_newest(licence: Licence) -> None:
    if licence.superseded_at is not None:
        raise Conflict("这份证照已换发新版本，请在新版本上办理。")
