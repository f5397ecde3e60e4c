"""Issuing licences and changing their state. Each is a fact: the change of attributes commits with it."""

import uuid
from datetime import date
from typing import Any, Final

import msgspec
from sqlalchemy.orm import Session

from identity.registry import service as registry
from kernel.audit import record
from kernel.clock import business_date
from kernel.errors import Forbidden, InvalidInput, NotFound
from kernel.house import House
from kernel.ids import new_digits, new_id
from kernel.notices import notify
from kernel.outbox import enqueue
from kernel.web.principal import Principal
from licenses import credential, keys, repository
from licenses.catalogue import LicenceType, licence_type
from licenses.identifier import LicenceIdentifier, parse_identifier
from licenses.models import Licence, LicenceOperation
from licenses.schemas import Content
from licenses.states import OPERATION_LABELS, LicenceState, Operation, after

ISSUING_DUTY: Final = "licence.issue"
FACTS_TOPIC = "licence.facts"


def issue(
    session: Session,
    house: House,
    *,
    type_id: str,
    holder_id: int,
    fields: dict[str, Any],
    actor: Principal | str,
    source_event: str | None = None,
) -> Licence:
    """A new licence, or the next version of the one the holder has; twice for one ``source_event`` is once.

    Raises ``InvalidInput`` for fields that do not fit the type, ``Forbidden`` for a seat that may not issue.
    """
    _check_may_issue(actor)
    kind = licence_type(type_id)
    kind.check_fields(fields)
    if source_event and (known := repository.by_source_event(session, source_event)):
        return known
    former = repository.current_of(session, holder_id, type_id)
    if former is not None and _holds(house, former, fields):
        return former
    licence = _write(session, house, kind, holder_id, fields, former, source_event)
    _log(session, house, licence, Operation.ISSUE, "", business_date(house.clock.now()), actor)
    _state_facts(session, house, kind, licence, fields)
    notify(
        session,
        subject_id=holder_id,
        kind="licence",
        title=f"您有新的电子证照：{kind.name}",
        body=f"{kind.authority}为您签发了{kind.name}，可在卡包中出示。",
        link=f"/tong/wallet/{licence.id}" if kind.holder == "person" else f"/rongtong/licences/{licence.id}",
        now=house.clock.now(),
    )
    return licence


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
    _check_may_issue(actor)
    if not reason.strip() or len(reason) > 200:
        raise InvalidInput("请写明理由（200字以内）。")
    licence = repository.by_id(session, licence_id, for_update=True)
    if licence is None:
        raise NotFound("没有这份证照。")
    today = business_date(house.clock.now())
    if effective_on is not None and not licence.issued_on <= effective_on <= today:
        raise InvalidInput("生效日期应在颁发之日和今天之间。")
    kind = licence_type(licence.type_id)
    licence.state = after(LicenceState(licence.state), operation).value
    _log(session, house, licence, operation, reason.strip(), effective_on or today, actor)
    fields = content(house, licence).fields if licence.state == LicenceState.VALID else None
    _state_facts(session, house, kind, licence, fields)
    notify(
        session,
        subject_id=licence.holder_id,
        kind="licence",
        title=f"{kind.name}已办理{OPERATION_LABELS[operation]}",
        body=f"理由：{reason.strip()}。如有异议，可向{kind.authority}提出。",
        now=house.clock.now(),
    )
    return licence


def content(house: House, licence: Licence) -> Content:
    """Open what is sealed in a licence; the caller has checked who asks."""
    text = house.vault.open(licence.content_sealed, context=f"licence/content/{licence.id}")
    return msgspec.json.decode(text, type=Content)


def seal_payload(licence: Licence, sd_jwt: str) -> bytes:
    """What the SM2 seal covers: the identifier and the credential."""
    return f"{licence.identifier}\n{sd_jwt}".encode()


def _check_may_issue(actor: Principal | str) -> None:
    if not isinstance(actor, str) and not actor.has_duty(ISSUING_DUTY):
        raise Forbidden("您的席位没有签发或变更证照的职责。")


def _holds(house: House, former: Licence, fields: dict[str, Any]) -> bool:
    """Whether the holder already has exactly this licence, valid: a department telling us again changes nothing."""
    return former.state == LicenceState.VALID and content(house, former).fields == fields


def _write(
    session: Session,
    house: House,
    kind: LicenceType,
    holder_id: int,
    fields: dict[str, Any],
    former: Licence | None,
    source_event: str | None,
) -> Licence:
    now = house.clock.now()
    today = business_date(now)
    if former is None:
        identifier = LicenceIdentifier(kind.code, kind.issuer, f"{today:%Y%m%d}{new_digits(10)}")
    else:
        identifier = parse_identifier(former.identifier).next_version()
    until = None if kind.valid_years is None else _years_later(today, kind.valid_years)
    licence = Licence(
        id=new_id(),
        identifier=str(identifier),
        type_id=kind.id,
        holder_id=holder_id,
        state=LicenceState.VALID.value,
        issued_on=today,
        valid_until=until,
        previous_id=None if former is None else former.id,
        source_event=source_event,
        created_at=now,
        number_sealed=b"",
        content_sealed=b"",
        seal=b"",
    )
    session.add(licence)
    session.flush()  # gives the place in the status list, which the credential names
    claims = {
        "iss": f"{house.settings.base_url}/licenses",
        "iat": credential.epoch(now),
        "vct": f"urn:dongchu:licence:{kind.id}",
        "licence": licence.identifier,
        "status": {
            "status_list": {
                "idx": licence.status_index,
                "uri": f"{house.settings.base_url}/licenses/status/1",
            }
        },
        **({} if until is None else {"valid_until": until.isoformat()}),
    }
    sd_jwt = credential.issue(keys.credential_key(session, house), claims, fields)
    number = _number(session, house, kind, holder_id)
    licence.number_sealed = house.vault.seal(number, context=f"licence/number/{licence.id}")
    text = msgspec.json.encode(Content(fields, sd_jwt)).decode()
    licence.content_sealed = house.vault.seal(text, context=f"licence/content/{licence.id}")
    licence.seal = keys.seal_signer(session, house).sign(seal_payload(licence, sd_jwt))
    session.flush()
    return licence


def _number(session: Session, house: House, kind: LicenceType, holder_id: int) -> str:
    """A disability number is the citizen's number and two more digits; a firm's licence bears its credit code."""
    if not (kind.number.is_holder_identifier or kind.number.prefix_holder_identifier):
        return new_digits(16)
    identifier = registry.identifier_of(session, holder_id, vault=house.vault)
    return identifier if kind.number.is_holder_identifier else identifier + new_digits(2)


def _log(
    session: Session,
    house: House,
    licence: Licence,
    operation: Operation,
    reason: str,
    effective_on: date,
    actor: Principal | str,
) -> None:
    now = house.clock.now()
    name = actor if isinstance(actor, str) else (actor.seat.title if actor.seat else actor.name)
    session.add(
        LicenceOperation(
            id=new_id(),
            licence_id=licence.id,
            operation=operation.value,
            state=licence.state,
            reason=reason,
            effective_on=effective_on,
            recorded_at=now,
            actor=name,
        )
    )
    record(
        session,
        actor=actor,
        action=f"licence.{operation.value}",
        object_kind="licence",
        object_id=licence.id,
        detail={"type": licence.type_id, "state": licence.state, "effective_on": effective_on.isoformat()},
        now=now,
    )


def _state_facts(
    session: Session, house: House, kind: LicenceType, licence: Licence, fields: dict[str, Any] | None
) -> None:
    """Tell the engine what the licence now says; without fields it says nothing any more: known to be none."""
    if fields is None and kind.keep_facts_when_ended:
        return
    values = {attribute: (fields or {}).get(field) for attribute, field in kind.facts.items()}
    enqueue(
        session,
        FACTS_TOPIC,
        f"subject:{licence.holder_id}",
        {
            "subject_id": licence.holder_id,
            "source": kind.department,
            "event_id": f"licence:{licence.id}:{licence.state}:{credential.epoch(house.clock.now())}",
            "observed_at": house.clock.now().isoformat(),
            "values": values,
        },
        now=house.clock.now(),
    )


def _years_later(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February
        return day.replace(year=day.year + years, day=28)
