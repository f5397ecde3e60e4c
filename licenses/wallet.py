"""亮证: a holder's licences, and the code that shows one of them for a minute, once."""

import uuid
from collections.abc import Collection
from datetime import timedelta

import msgspec
from sqlalchemy.orm import Session

from identity.registry import service as registry
from kernel.clock import business_date
from kernel.errors import Gone, NotFound
from kernel.house import House
from kernel.ids import new_id, new_token
from licenses import repository
from licenses.catalogue import licence_type
from licenses.models import Licence, LicenceUse
from licenses.schemas import FieldView, LicenceView, ShownToken, UseView, Verification
from licenses.states import STATE_LABELS, LicenceState
from licenses.trust import authority_named
from licenses.verification import check_licence
from licenses.writing import content, number

SHOWN_SECONDS = 60
RENEW_SECONDS = 30
TOKEN_BITS = 160


class _Shown(msgspec.Struct, frozen=True):
    licence_id: uuid.UUID
    presenter_id: int


def wallet(session: Session, house: House, holder_ids: Collection[int]) -> list[LicenceView]:
    """The current licences of these holders (oneself, one's children, one's firm); the caller knows who may look."""
    licences = repository.of_holders(session, holder_ids)
    names = registry.describe(session, {each.holder_id for each in licences}, vault=house.vault)
    return [_view(house, each, names[each.holder_id].name) for each in licences]


def licence_of(
    session: Session, house: House, holder_ids: Collection[int], licence_id: uuid.UUID
) -> LicenceView:
    """One licence; somebody else's is ``NotFound``, like one that never was."""
    licence = _owned(session, holder_ids, licence_id)
    name = registry.describe(session, [licence.holder_id], vault=house.vault)[licence.holder_id].name
    return _view(house, licence, name)


def uses_of(session: Session, holder_ids: Collection[int], licence_id: uuid.UUID) -> list[UseView]:
    """Every use of a licence's data, newest first."""
    licence = _owned(session, holder_ids, licence_id)
    fields = {field.id: field.name for field in licence_type(licence.type_id).fields}
    return [
        UseView(
            use.kind,
            use.verifier,
            use.purpose,
            [fields.get(name, name) for name in use.fields.split(",") if name],
            use.used_at,
        )
        for use in repository.uses(session, licence.id)
    ]


def show(
    session: Session, house: House, holder_ids: Collection[int], licence_id: uuid.UUID, presenter_id: int
) -> ShownToken:
    """A code of 160 bits that one scan within a minute uses up; only its HMAC is kept."""
    licence = _owned(session, holder_ids, licence_id)
    token = new_token(TOKEN_BITS)
    shown = msgspec.json.encode(_Shown(licence.id, presenter_id))
    house.ephemeral.put(_key(house, token), shown, SHOWN_SECONDS)
    now = house.clock.now()
    return ShownToken(token, now + timedelta(seconds=SHOWN_SECONDS), now + timedelta(seconds=RENEW_SECONDS))


def scan(session: Session, house: House, token: str, *, verifier: str, purpose: str) -> Verification:
    """What the scanner may see: validity, the holder's masked name, and the type's shown fields.

    Of many scans of one code exactly one succeeds; it leaves its use record in the same transaction. The others, and a
    code that is too old or made up, get ``Gone``.
    """
    taken = house.ephemeral.take(_key(house, token))
    if taken is None:
        raise Gone("这个码已用过或已过期，请对方刷新后重新出示。")
    licence = repository.by_id(session, msgspec.json.decode(taken, type=_Shown).licence_id)
    if licence is None:
        raise Gone("这个码已失效，请对方刷新后重新出示。")
    kind = licence_type(licence.type_id)
    session.add(
        LicenceUse(
            id=new_id(),
            licence_id=licence.id,
            kind="show",
            verifier=verifier,
            purpose=purpose,
            fields=",".join(kind.shown_fields),
            used_at=house.clock.now(),
        )
    )
    session.flush()
    return check_licence(session, house, licence, disclosed=kind.shown_fields)


def _owned(session: Session, holder_ids: Collection[int], licence_id: uuid.UUID) -> Licence:
    licence = repository.by_id(session, licence_id)
    if licence is None or licence.holder_id not in holder_ids:
        raise NotFound("没有这份证照。")
    return licence


def _key(house: House, token: str) -> str:
    return "licence-show:" + house.vault.hash_token(token).hex()


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
        is_demonstration=kind.code_standing != "official",
        fields=[
            FieldView(f.id, f.name, f.label_en, fields.get(f.id), f.is_sensitive)
            for f in kind.fields_of(licence.schema_version)
            if f.id in fields
        ],
    )
