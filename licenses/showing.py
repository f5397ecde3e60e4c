"""亮证: a code that shows a licence once within a minute, and the verifier's name that its holder may have to agree to."""

import uuid
from collections.abc import Collection
from datetime import timedelta

import msgspec
from sqlalchemy.orm import Session

from kernel.errors import Conflict, Forbidden, Gone
from kernel.house import House
from kernel.i18n import ENGLISH, current_locale
from kernel.ids import new_token
from licenses import repository
from licenses.catalogue import licence_type
from licenses.models import Licence
from licenses.schemas import AskView, ShownToken, Verification, Verifier, Waiting
from licenses.uses import record_use
from licenses.verification import check_licence
from licenses.wallet import owned

SHOWN_SECONDS = 60
RENEW_SECONDS = 30
ASK_SECONDS = 120
TOKEN_BITS = 160


class _Shown(msgspec.Struct, frozen=True):
    licence_id: uuid.UUID
    presenter_id: int


class _Asked(msgspec.Struct, frozen=True):
    licence_id: uuid.UUID
    presenter_id: int
    verifier: Verifier
    cause: str
    is_granted: bool | None = None


def show(
    session: Session, house: House, holder_ids: Collection[int], licence_id: uuid.UUID, presenter_id: int
) -> ShownToken:
    """A code of 160 bits that one scan within a minute uses up; only its HMAC is kept. Raises ``Conflict`` for a licence
    that is only referred to here."""
    licence = owned(session, holder_ids, licence_id)
    if licence_type(licence.type_id).is_reference:
        raise Conflict("这份证照由上级机关签发，请用签发机关的应用出示。")
    token = new_token(TOKEN_BITS)
    shown = msgspec.json.encode(_Shown(licence.id, presenter_id))
    house.ephemeral.put(_key(house, "show", token), shown, SHOWN_SECONDS)
    now = house.clock.now()
    return ShownToken(token, now + timedelta(seconds=SHOWN_SECONDS), now + timedelta(seconds=RENEW_SECONDS))


def scan(
    session: Session, house: House, token: str, *, verifier: Verifier, cause: str
) -> Verification | Waiting:
    """What this verifier may see: validity, the holder's masked name, and the fields for its purpose.

    Of many scans of one code exactly one succeeds; it leaves its use record in the same transaction. The others, and a
    code that is too old or made up, get ``Gone``. Where the type wants the holder to agree first, the answer waits.
    """
    taken = house.ephemeral.take(_key(house, "show", token))
    if taken is None:
        raise Gone("这个码已用过或已过期，请对方刷新后重新出示。")
    shown = msgspec.json.decode(taken, type=_Shown)
    licence = _standing(session, shown.licence_id)
    if not licence_type(licence.type_id).asks_holder:
        return _reveal(session, house, licence, verifier, cause)
    handle = new_token(TOKEN_BITS)
    asked = _Asked(licence.id, shown.presenter_id, verifier, cause)
    key = _key(house, "ask", handle)
    house.ephemeral.put(key, msgspec.json.encode(asked), ASK_SECONDS)
    house.ephemeral.put(_pointer(licence.id, shown.presenter_id), key.encode(), ASK_SECONDS)
    return Waiting(handle)


def asked_of(session: Session, house: House, presenter_id: int, licence_id: uuid.UUID) -> AskView | None:
    """Who wants to see the licence that is being shown, if its holder has still to agree."""
    key = house.ephemeral.get(_pointer(licence_id, presenter_id))
    waiting = None if key is None else house.ephemeral.get(key.decode())
    if key is None or waiting is None:
        return None
    asked = msgspec.json.decode(waiting, type=_Asked)
    licence = _standing(session, asked.licence_id)
    kind = licence_type(licence.type_id)
    names = {
        field.id: field.label_en if current_locale() == ENGLISH else field.name
        for field in kind.fields_of(licence.schema_version)
    }
    fields = [names[one] for one in kind.disclosures[asked.verifier.purpose] if one in names]
    return AskView(key.decode(), asked.verifier.name, asked.verifier.is_known, asked.cause, fields)


def answer(house: House, presenter_id: int, licence_id: uuid.UUID, ask: str, *, is_granted: bool) -> None:
    """The holder agrees or does not; once. Raises ``Gone`` for a question that is no longer open."""
    pointer = _pointer(licence_id, presenter_id)
    if house.ephemeral.get(pointer) != ask.encode():
        raise Gone("这次查验已经结束，请让对方重新扫码。")
    taken = house.ephemeral.take(ask)
    house.ephemeral.delete(pointer)
    if taken is None:
        raise Gone("这次查验已经结束，请让对方重新扫码。")
    asked = msgspec.structs.replace(msgspec.json.decode(taken, type=_Asked), is_granted=is_granted)
    house.ephemeral.put(f"{ask}:answer", msgspec.json.encode(asked), SHOWN_SECONDS)


def is_answered(house: House, handle: str) -> bool:
    """Whether the holder has said yes or no. Raises ``Gone`` when the question has lapsed."""
    key = _key(house, "ask", handle)
    if house.ephemeral.get(f"{key}:answer") is not None:
        return True
    if house.ephemeral.get(key) is None:
        raise Gone("对方没有及时答复，请重新扫码。")
    return False


def collect(session: Session, house: House, handle: str) -> Verification:
    """What the holder agreed to, once; the use is recorded in the same transaction. Raises ``Forbidden`` after a no,
    ``Gone`` when there is nothing (any more) to collect."""
    taken = house.ephemeral.take(f"{_key(house, 'ask', handle)}:answer")
    if taken is None:
        raise Gone("这次查验已经结束，请重新扫码。")
    asked = msgspec.json.decode(taken, type=_Asked)
    if not asked.is_granted:
        raise Forbidden("对方没有同意出示。")
    return _reveal(session, house, _standing(session, asked.licence_id), asked.verifier, asked.cause)


def _standing(session: Session, licence_id: uuid.UUID) -> Licence:
    licence = repository.by_id(session, licence_id)
    if licence is None:
        raise Gone("这个码已失效，请对方刷新后重新出示。")
    return licence


def _reveal(session: Session, house: House, licence: Licence, verifier: Verifier, cause: str) -> Verification:
    shown = licence_type(licence.type_id).disclosures[verifier.purpose]
    record_use(session, house, licence, kind="show", verifier=verifier, purpose=cause, fields=shown)
    return check_licence(session, house, licence, disclosed=shown)


def _key(house: House, what: str, token: str) -> str:
    return f"licence-{what}:" + house.vault.hash_token(token).hex()


def _pointer(licence_id: uuid.UUID, presenter_id: int) -> str:
    return f"licence-asked:{licence_id}:{presenter_id}"
