"""Asking, granting, using and withdrawing: what leaves is what the consumer may ask ∩ what the holder granted."""

import uuid
from collections.abc import Collection, Sequence
from datetime import date

from sqlalchemy.orm import Session

from identity.registry import service as registry
from kernel.errors import Conflict, FieldError, Forbidden, InvalidInput, NotFound, TooManyRequests
from kernel.house import House
from kernel.i18n import ENGLISH, current_locale
from kernel.ids import new_id
from kernel.wording import worded
from licenses import credential
from licenses import repository as licences
from licenses.catalogue import LicenceType, licence_type
from licenses.models import Licence, LicenceConsumer, LicenceEntitlement, LicenceGrant
from licenses.schemas import Verifier
from licenses.sharing import repository
from licenses.sharing.schemas import AskedField, Duration, GrantView, RequestView, SharedLicence
from licenses.telling import tell
from licenses.uses import record_use
from licenses.verification import check_licence
from licenses.writing import content

ASKS_A_MINUTE = 600


def ask(
    session: Session,
    house: House,
    consumer: LicenceConsumer,
    *,
    identifier: str,
    type_id: str,
    purpose: str,
    fields: Sequence[str],
) -> RequestView:
    """Ask the holder with this number for fields; the one that is open already is answered again.

    Raises ``Forbidden`` without an entitlement for the purpose, ``InvalidInput`` for fields beyond it.
    """
    if house.ephemeral.increment(f"licence-ask-rate:{consumer.id}", 60) > ASKS_A_MINUTE:
        raise TooManyRequests("请求过于频繁，请一分钟后再试。", retry_after=60)
    entitlement = _entitlement(session, house, consumer, type_id, purpose)
    beyond = [one for one in fields if one not in entitlement.fields]
    if beyond or not fields:
        raise InvalidInput(
            "请求的字段超出了登记的用途。", errors=[FieldError("fields", one) for one in beyond]
        )
    kind = licence_type(type_id)
    scheme = "id_number" if kind.holder == "person" else "uscc"
    holder_id = registry.find_by_identifier(session, scheme, identifier, vault=house.vault)
    known = None if holder_id is None else repository.open_grant(session, entitlement.id, holder_id)
    if known is not None and _is_open(known, house.clock.today()) and set(fields) <= set(known.asked_fields):
        return _request(known, entitlement)
    grant = LicenceGrant(
        id=new_id(),
        entitlement_id=entitlement.id,
        holder_id=holder_id,
        asked_fields=list(fields),
        granted_fields=[],
        state="asked",
        asked_at=house.clock.now(),
    )
    session.add(grant)
    session.flush()
    if holder_id is not None:
        _tell(session, house, holder_id, consumer, kind, grant.id)
    return _request(grant, entitlement)


def decide(
    session: Session,
    house: House,
    holder_ids: Collection[int],
    grant_id: uuid.UUID,
    *,
    fields: Sequence[str],
    duration: Duration,
    until: date | None = None,
) -> None:
    """The holder grants these of the fields, or none: a refusal. Raises ``Conflict`` when it was answered before."""
    grant, _entitlement = _of_holder(session, holder_ids, grant_id)
    if grant.state != "asked":
        raise Conflict("这个请求已经答复过了。")
    if any(one not in grant.asked_fields for one in fields):
        raise InvalidInput("只能同意对方请求的内容。")
    today = house.clock.today()
    if duration == "until" and fields and (until is None or until < today):
        raise InvalidInput("请选择今天或以后的截止日期。", errors=[FieldError("until", "早于今天或没有填")])
    grant.state = "granted" if fields else "denied"
    grant.granted_fields = list(fields)
    grant.duration = duration if fields else None
    grant.until = until if fields and duration == "until" else None
    grant.decided_at = house.clock.now()


def withdraw(session: Session, house: House, holder_ids: Collection[int], grant_id: uuid.UUID) -> None:
    """From now on nothing leaves on this grant; what was used stays on record."""
    grant, _entitlement = _of_holder(session, holder_ids, grant_id)
    if grant.state not in ("asked", "granted"):
        raise Conflict("这项授权已经结束。")
    grant.state = "withdrawn"
    grant.ended_at = house.clock.now()


def look(session: Session, consumer: LicenceConsumer, grant_id: uuid.UUID) -> RequestView:
    """Where a request stands, for the consumer that made it."""
    found = repository.grant(session, grant_id)
    if found is None or found[1].consumer_id != consumer.id:
        raise NotFound("没有这个请求。")
    return _request(*found)


def use(session: Session, house: House, consumer: LicenceConsumer, grant_id: uuid.UUID) -> SharedLicence:
    """The data, once granted. The use is recorded in this transaction, before anything is answered.

    Raises ``Forbidden`` while there is no grant, after its withdrawal or end, and when the entitlement has ended;
    ``Conflict`` when the holder has no valid licence (any more).
    """
    found = repository.grant(session, grant_id, for_update=True)
    if found is None or found[1].consumer_id != consumer.id:
        raise NotFound("没有这个请求。")
    grant, entitlement = found
    today = house.clock.today()
    is_entitled = entitlement.since <= today and (entitlement.until is None or today <= entitlement.until)
    if grant.state != "granted" or not is_entitled or not _is_open(grant, today):
        raise Forbidden("持有人没有授权，或授权已经结束。")
    licence = valid_licence(session, house, grant.holder_id, entitlement.type_id)
    if licence is None:
        raise Conflict("持有人现在没有有效的这种证照。")
    if grant.duration == "once" and not repository.use_up(session, grant.id):
        raise Forbidden("持有人没有授权，或授权已经结束。")
    allowed = [one for one in grant.granted_fields if one in entitlement.fields]
    return release(session, house, consumer, entitlement, licence, allowed, kind="grant", grant_id=grant.id)


def valid_licence(session: Session, house: House, holder_id: int | None, type_id: str) -> Licence | None:
    """The holder's newest licence of a type that verifies now."""
    if holder_id is None:
        return None
    held = licences.of_holders(session, [holder_id], type_id=type_id)
    return next((one for one in held if check_licence(session, house, one).result == "valid"), None)


def release(
    session: Session,
    house: House,
    consumer: LicenceConsumer,
    entitlement: LicenceEntitlement,
    licence: Licence,
    allowed: Sequence[str],
    *,
    kind: str,
    cause: str = "",
    grant_id: uuid.UUID | None = None,
) -> SharedLicence:
    """Record the use, then open exactly the allowed fields."""
    stored = content(house, licence)
    fields = {one: stored.fields[one] for one in allowed if one in stored.fields}
    record_use(
        session,
        house,
        licence,
        kind=kind,
        verifier=Verifier(consumer.name, is_known=True, purpose="counter"),
        purpose=cause or entitlement.purpose,
        basis=entitlement.basis,
        fields=fields,
        grant_id=grant_id,
    )
    return SharedLicence(
        identifier=licence.identifier,
        type_id=licence.type_id,
        state=licence.state,
        issued_on=licence.issued_on,
        valid_until=licence.valid_until,
        fields=fields,
        credential=credential.select(stored.sd_jwt, fields),
    )


def grants_of(session: Session, house: House, holder_ids: Collection[int]) -> list[GrantView]:
    """Requests and grants as their holder sees them, the open questions first."""
    pairs = repository.of_holders(session, holder_ids)
    names = registry.describe(session, {one.holder_id or 0 for one, _e in pairs}, vault=house.vault)
    consumers = repository.consumers(session, {entitlement.consumer_id for _g, entitlement in pairs})
    today = house.clock.today()
    return [
        _grant_view(grant, entitlement, consumers[entitlement.consumer_id], names, today)
        for grant, entitlement in pairs
    ]


def _grant_view(
    grant: LicenceGrant,
    entitlement: LicenceEntitlement,
    consumer: LicenceConsumer,
    names: dict[int, registry.SubjectView],
    today: date,
) -> GrantView:
    kind, is_english = licence_type(entitlement.type_id), current_locale() == ENGLISH
    known = {field.id: field for field in kind.fields}
    holder = names.get(grant.holder_id or 0)
    return GrantView(
        id=grant.id,
        holder_id=grant.holder_id or 0,
        holder_name="" if holder is None else holder.name,
        consumer=consumer.name,
        licence_name=kind.label_en if is_english else kind.name,
        purpose=entitlement.purpose,
        basis=entitlement.basis,
        state=grant.state,  # type: ignore[arg-type]
        fields=[
            AskedField(one, known[one].label_en if is_english else known[one].name, known[one].is_sensitive)
            for one in grant.asked_fields
            if one in known
        ],
        granted_fields=grant.granted_fields,
        duration=grant.duration,  # type: ignore[arg-type]
        until=grant.until,
        asked_at=grant.asked_at,
        may_be_used=grant.state == "granted" and _is_open(grant, today) and consumer.ended_at is None,
    )


def _entitlement(
    session: Session, house: House, consumer: LicenceConsumer, type_id: str, purpose: str
) -> LicenceEntitlement:
    held = repository.entitlements(session, consumer.id, licence_type(type_id).id, house.clock.today())
    found = next((one for one in held if one.purpose == purpose), None)
    if found is None:
        raise Forbidden("没有为这个用途登记使用这种证照的权限。")
    return found


def _is_open(grant: LicenceGrant, today: date) -> bool:
    return grant.state == "asked" or grant.until is None or today <= grant.until


def _of_holder(
    session: Session, holder_ids: Collection[int], grant_id: uuid.UUID
) -> tuple[LicenceGrant, LicenceEntitlement]:
    found = repository.grant(session, grant_id, for_update=True)
    if found is None or found[0].holder_id not in holder_ids:
        raise NotFound("没有这个请求。")
    return found


def _request(grant: LicenceGrant, entitlement: LicenceEntitlement) -> RequestView:
    return RequestView(
        grant.id,
        grant.state,  # type: ignore[arg-type]
        entitlement.type_id,
        entitlement.purpose,
        grant.asked_fields,
        grant.granted_fields,
        grant.until,
    )


def _tell(
    session: Session,
    house: House,
    holder_id: int,
    consumer: LicenceConsumer,
    kind: LicenceType,
    grant_id: uuid.UUID,
) -> None:
    tell(
        session,
        house,
        kind,
        holder_id,
        title=worded("%(consumer)s请求使用%(licence)s", consumer=consumer.name, licence=kind.named),
        body=worded("请核对用途和内容，再决定是否同意。不同意不影响您通过其他方式办理。"),
        path=f"/requests/{grant_id}",
    )
