"""What pages and the API do with licences, each in one transaction."""

import uuid
from collections.abc import Mapping
from datetime import date, datetime

import msgspec

from identity.registry import service as registry
from identity.registry.schemas import SubjectView
from kernel.errors import FieldError, InvalidInput, NotFound
from kernel.i18n import gettext as _
from kernel.web.principal import Principal
from licenses import repository as licence_rows
from licenses import service as licences
from licenses.catalogue import LicenceType, licence_type, licence_types
from licenses.models import Licence
from licenses.states import OPERATION_LABELS, STATE_LABELS, LicenceState, Operation, possible
from licenses.trust import authority_named
from portals.services import Services
from portals.zhengtong.licences import repository

PAGE = 50
#: What a clock does by itself, and what only another authority does.
_NOT_BY_HAND = frozenset({Operation.EXPIRE})
_SUCCESSIONS = frozenset({Operation.ISSUE, Operation.RENEW, Operation.CHANGE, Operation.TRANSFER_IN})
_BY_STATE = frozenset(one.value for one in Operation if one not in _SUCCESSIONS | _NOT_BY_HAND)


class LicenceTypeLine(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    authority: str
    holder: str
    count: int
    is_demonstration: bool


class LicenceLine(msgspec.Struct, frozen=True, kw_only=True):
    """A licence in the list; ``position`` pages on."""

    id: uuid.UUID
    position: int
    identifier: str
    holder_name: str
    state: str
    state_label: str
    issued_on: date
    valid_until: date | None


class OperationLine(msgspec.Struct, frozen=True, kw_only=True):
    label: str
    reason: str
    effective_on: date
    recorded_at: datetime
    actor: str


class LicenceChoice(msgspec.Struct, frozen=True, kw_only=True):
    """An operation that is possible now."""

    operation: str
    label: str


class LicenceFile(msgspec.Struct, frozen=True, kw_only=True):
    """A licence with its history and what may be done now; the content stays with its holder."""

    line: LicenceLine
    type_id: str
    name: str
    authority: str
    masked_identifier: str
    operations: tuple[OperationLine, ...]
    choices: tuple[LicenceChoice, ...]


def types(services: Services) -> list[LicenceTypeLine]:
    with services.house.database.read() as session:
        counts = repository.counts(session)
    return [
        LicenceTypeLine(
            id=one.id,
            name=said_name(one),
            authority=said_authority(one.issuer),
            holder=one.holder,
            count=counts.get(one.id, 0),
            is_demonstration=one.code_standing != "official",
        )
        for one in licence_types().values()
    ]


def listed(services: Services, type_id: str, before: int | None) -> list[LicenceLine]:
    """A page of a type, the newest first."""
    house = services.house
    licence_type(type_id)
    with house.database.read() as session:
        rows = repository.of_type(session, type_id, before=before, limit=PAGE)
        names = registry.describe(session, {row.holder_id for row in rows}, vault=house.vault)
        return [_line(row, names.get(row.holder_id), house.clock.today()) for row in rows]


def file_of(services: Services, licence_id: uuid.UUID) -> LicenceFile:
    house = services.house
    with house.database.read() as session:
        row = licence_rows.by_id(session, licence_id)
        if row is None:
            raise NotFound(_("没有找到您要的内容。"))
        holder = registry.describe(session, [row.holder_id], vault=house.vault).get(row.holder_id)
        done = licence_rows.operations(session, row.id)
        is_current = licence_rows.successor_of(session, row.id) is None
    kind = licence_type(row.type_id)
    open_to = possible(LicenceState(row.state)) if is_current else []
    if is_current and row.state in (LicenceState.VALID, LicenceState.EXPIRED):
        open_to = [Operation.RENEW, *open_to]
    return LicenceFile(
        line=_line(row, holder, house.clock.today()),
        type_id=kind.id,
        name=said_name(kind),
        authority=said_authority(row.issuer),
        masked_identifier=holder.masked_identifier if holder is not None else "",
        operations=tuple(
            OperationLine(
                label=_(OPERATION_LABELS[Operation(one.operation)]),
                reason=one.reason,
                effective_on=one.effective_on,
                recorded_at=one.recorded_at,
                actor=one.actor,
            )
            for one in done
        ),
        choices=tuple(
            LicenceChoice(operation=one.value, label=_(OPERATION_LABELS[one]))
            for one in open_to
            if one not in _NOT_BY_HAND
        ),
    )


def issue(
    services: Services, principal: Principal, type_id: str, identifier: str, fields: Mapping[str, str | int]
) -> uuid.UUID:
    """Issue to the holder with this number. Raises ``InvalidInput`` for nobody, or for fields that do not fit."""
    house = services.house
    kind = licence_type(type_id)
    with house.database.write() as session:
        scheme = "id_number" if kind.holder == "person" else "uscc"
        holder_id = registry.find_by_identifier(session, scheme, identifier, vault=house.vault)
        if holder_id is None:
            what = _("没有查到这个号码的持有人，请核对后再试。")
            raise InvalidInput(what, errors=[FieldError("identifier", what)])
        licence = licences.issue(
            session,
            house,
            type_id=type_id,
            holder_id=holder_id,
            fields=typed_fields(kind, fields),
            actor=principal,
        )
        return licence.id


def operate(
    services: Services,
    principal: Principal,
    licence_id: uuid.UUID,
    operation: str,
    reason: str,
    effective_on: date | None = None,
) -> None:
    """Renew, withhold, return, revoke, cancel …; the next verification sees it."""
    house = services.house
    with house.database.write() as session:
        if operation == Operation.RENEW:
            licences.renew(session, house, licence_id, actor=principal, reason=reason)
        elif operation in _BY_STATE:
            act, day = Operation(operation), effective_on
            licences.operate(
                session, house, licence_id, act, reason=reason, actor=principal, effective_on=day
            )
        else:
            raise InvalidInput(_("请选择一种办理方式。"))


def typed_fields(kind: LicenceType, sent: Mapping[str, str | int]) -> dict[str, str | int]:
    """Texts of a form in the types of the licence; what is no number stays a text, and the type refuses it."""
    found: dict[str, str | int] = {}
    numbers = {field.id for field in kind.fields if field.type == "integer"}
    for name, value in sent.items():
        is_number = name in numbers and isinstance(value, str) and value.isascii() and value.isdigit()
        found[name] = int(value) if is_number and len(str(value)) < 16 else value
    return found


def said_name(kind: LicenceType) -> str:
    return kind.named.said


def said_authority(code: str) -> str:
    authority = authority_named(code)
    return authority.named.said


def _line(row: Licence, holder: SubjectView | None, today: date) -> LicenceLine:
    is_expired = row.valid_until is not None and row.valid_until < today
    state = (
        LicenceState.EXPIRED if is_expired and row.state == LicenceState.VALID else LicenceState(row.state)
    )
    return LicenceLine(
        id=row.id,
        position=row.status_index,
        identifier=row.identifier,
        holder_name=holder.name if holder is not None else "",
        state=state.value,
        state_label=_(STATE_LABELS[state]),
        issued_on=row.issued_on,
        valid_until=row.valid_until,
    )
