"""卡包: a holder's licences, what they say, when they end, and who used them for what."""

import uuid
from collections.abc import Collection
from datetime import date

from sqlalchemy.orm import Session

from identity.registry import service as registry
from kernel.clock import business_date
from kernel.errors import NotFound
from kernel.house import House
from kernel.i18n import ENGLISH, current_locale
from licenses import repository
from licenses.catalogue import LicenceField, licence_type
from licenses.log.evidence import EvidenceFile, evidence_of
from licenses.log.sources import ACT, USE, act_content, columns, use_content
from licenses.models import Licence, LicenceOperation, LicenceUse
from licenses.schemas import ActView, FieldView, LicenceView, UseView
from licenses.states import OPERATION_LABELS, STATE_LABELS, LicenceState, Operation
from licenses.telling import REMIND_DAYS
from licenses.trust import authority_named
from licenses.type_metadata import COMMON_CLAIMS, CommonClaim
from licenses.writing import content, number


def wallet(session: Session, house: House, holder_ids: Collection[int]) -> list[LicenceView]:
    """The current licences of these holders (oneself, one's children, one's firm); the caller knows who may look."""
    licences = repository.of_holders(session, holder_ids)
    names = registry.describe(session, {each.holder_id for each in licences}, vault=house.vault)
    return [_view(house, each, names[each.holder_id].name) for each in licences]


def licence_of(
    session: Session, house: House, holder_ids: Collection[int], licence_id: uuid.UUID
) -> LicenceView:
    """One licence; somebody else's is ``NotFound``, like one that never was."""
    licence = owned(session, holder_ids, licence_id)
    name = registry.describe(session, [licence.holder_id], vault=house.vault)[licence.holder_id].name
    return _view(house, licence, name)


def uses_of(session: Session, holder_ids: Collection[int], licence_id: uuid.UUID) -> list[UseView]:
    """Every use of a licence's data, newest first."""
    licence = owned(session, holder_ids, licence_id)
    known = licence_type(licence.type_id).fields_of(licence.schema_version)
    fields = {field.id: _said(field) for field in (*known, *COMMON_CLAIMS)}
    return [
        UseView(
            use.id,
            use.kind,
            use.verifier,
            use.is_verifier_known,
            use.purpose,
            use.basis,
            [fields.get(name, name) for name in use.fields.split(",") if name],
            use.used_at,
        )
        for use in repository.uses(session, licence.id)
    ]


def acts_on(session: Session, holder_ids: Collection[int], licence_id: uuid.UUID) -> list[ActView]:
    """What was done to a licence, newest first."""
    licence = owned(session, holder_ids, licence_id)
    return [
        ActView(
            act.id,
            act.operation,
            OPERATION_LABELS[Operation(act.operation)],
            act.reason,
            act.effective_on,
            act.recorded_at,
        )
        for act in reversed(repository.operations(session, licence.id))
    ]


def evidence_for(
    session: Session, holder_ids: Collection[int], licence_id: uuid.UUID, record_id: uuid.UUID
) -> EvidenceFile:
    """What shows that a use of a licence, or an act on it, is in the transparency log. Raises ``NotFound``, also for the
    second before it is."""
    licence = owned(session, holder_ids, licence_id)
    use = session.get(LicenceUse, record_id)
    if use is not None and use.licence_id == licence.id:
        return evidence_of(session, USE, use.id, use_content(use))
    act = session.get(LicenceOperation, record_id)
    if act is None or act.licence_id != licence.id:
        raise NotFound("没有这条记录。")
    return evidence_of(session, ACT, act.id, act_content(columns(act), columns(licence)))


def owned(session: Session, holder_ids: Collection[int], licence_id: uuid.UUID) -> Licence:
    """The row of one of their licences. Raises ``NotFound`` for any other."""
    licence = repository.by_id(session, licence_id)
    if licence is None or licence.holder_id not in holder_ids:
        raise NotFound("没有这份证照。")
    return licence


def _view(house: House, licence: Licence, holder_name: str) -> LicenceView:
    kind = licence_type(licence.type_id)
    authority = authority_named(licence.issuer)
    fields = content(house, licence).fields
    today = business_date(house.clock.now())
    is_expired = licence.valid_until is not None and licence.valid_until < today
    state = LicenceState.EXPIRED if is_expired and licence.state == "01" else LicenceState(licence.state)
    return LicenceView(
        id=licence.id,
        identifier=licence.identifier,
        type_id=kind.id,
        name=kind.name,
        label_en=kind.label_en,
        number=number(house, licence),
        authority=authority.name,
        authority_en=authority.label_en,
        holder_id=licence.holder_id,
        holder_name=holder_name,
        state=state.value,
        state_label=STATE_LABELS[state],
        issued_on=licence.issued_on,
        valid_until=licence.valid_until,
        is_valid=state is LicenceState.VALID,
        days_left=_days_left(licence, state, today),
        may_be_shown=state is LicenceState.VALID and not kind.is_reference,
        is_demonstration=kind.code_standing != "official",
        fields=[
            FieldView(f.id, f.name, f.label_en, fields.get(f.id), f.is_sensitive, f.type)
            for f in kind.fields_of(licence.schema_version)
            if f.id in fields
        ],
    )


def _days_left(licence: Licence, state: LicenceState, today: date) -> int | None:
    """Days until the last, once it is near enough to say so."""
    if licence.valid_until is None or state is not LicenceState.VALID:
        return None
    days = (licence.valid_until - today).days
    return days if days <= max(REMIND_DAYS) else None


def _said(field: LicenceField | CommonClaim) -> str:
    return field.label_en if current_locale() == ENGLISH else field.name
