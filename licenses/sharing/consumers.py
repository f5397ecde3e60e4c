"""Who may ask: departments' systems and mini-apps, each with a secret and a list of what it may ask for and why."""

import uuid
from collections.abc import Sequence
from datetime import date
from typing import Literal

from sqlalchemy.orm import Session

from kernel.audit import record
from kernel.errors import FieldError, InvalidInput, NotFound, Unauthenticated
from kernel.house import House
from kernel.ids import new_digits, new_id, new_token
from kernel.web.principal import Principal
from licenses.catalogue import licence_type
from licenses.models import LicenceConsumer, LicenceEntitlement
from licenses.sharing import repository


def register(
    session: Session,
    house: House,
    *,
    name: str,
    kind: Literal["department", "mini-app"],
    actor: Principal | str,
) -> tuple[LicenceConsumer, str]:
    """A new consumer and its secret, which is told once and kept as a hash."""
    if not 2 <= len(name.strip()) <= 100:
        raise InvalidInput("请填写用证方的名称（2至100字）。")
    secret = new_token()
    consumer = LicenceConsumer(
        id=new_id(),
        access_id=f"lc{new_digits(12)}",
        secret_hash=house.vault.hash_token(secret),
        name=name.strip(),
        kind=kind,
        created_at=house.clock.now(),
    )
    session.add(consumer)
    session.flush()
    _note(session, house, "licence.consumer_registered", consumer.id, actor, {"kind": kind})
    return consumer, secret


def entitle(
    session: Session,
    house: House,
    consumer: LicenceConsumer,
    *,
    type_id: str,
    purpose: str,
    basis: str,
    fields: Sequence[str],
    since: date,
    until: date | None = None,
    actor: Principal | str,
) -> LicenceEntitlement:
    """From ``since`` on it may ask for these fields, for this purpose, on this legal basis."""
    kind = licence_type(type_id)
    unknown = [one for one in fields if one not in {field.id for field in kind.fields}]
    if unknown or not fields:
        raise InvalidInput(
            "请列出这种证照的字段，不多不少。", errors=[FieldError("fields", one) for one in unknown]
        )
    if kind.sharing == "none":
        raise InvalidInput("这种证照不予共享。")
    if not 2 <= len(purpose) <= 200 or not 2 <= len(basis) <= 200:
        raise InvalidInput("请写明用途和法律依据（各2至200字）。")
    entitlement = LicenceEntitlement(
        id=new_id(),
        consumer_id=consumer.id,
        type_id=type_id,
        purpose=purpose,
        basis=basis,
        fields=list(fields),
        since=since,
        until=until,
    )
    session.add(entitlement)
    session.flush()
    _note(session, house, "licence.consumer_entitled", entitlement.id, actor, {"type": type_id})
    return entitlement


def end(session: Session, house: House, access_id: str, *, actor: Principal | str) -> None:
    """From now on it gets nothing, whatever was granted."""
    consumer = registered(session, access_id)
    consumer.ended_at = house.clock.now()
    _note(session, house, "licence.consumer_ended", consumer.id, actor, {})


def registered(session: Session, access_id: str) -> LicenceConsumer:
    """Raises ``NotFound``."""
    consumer = repository.consumer_by_access_id(session, access_id)
    if consumer is None:
        raise NotFound("没有这个用证方。")
    return consumer


def authenticate(session: Session, house: House, access_id: str, secret: str) -> LicenceConsumer:
    """Who calls. Raises ``Unauthenticated``, the same for an unknown name, a wrong secret and one that has ended."""
    consumer = repository.consumer_by_access_id(session, access_id[:40])
    given = house.vault.hash_token(secret[:200])
    if consumer is None or consumer.ended_at is not None or consumer.secret_hash != given:
        raise Unauthenticated("用证方的身份没有通过验证。")
    return consumer


def _note(
    session: Session,
    house: House,
    action: str,
    object_id: uuid.UUID,
    actor: Principal | str,
    detail: dict[str, str],
) -> None:
    record(
        session,
        actor=actor,
        action=action,
        object_kind="licence_consumer",
        object_id=object_id,
        detail=detail,
        now=house.clock.now(),
    )
