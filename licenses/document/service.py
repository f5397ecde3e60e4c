"""Making a copy for one use, and checking one that somebody hands in."""

import uuid
from collections.abc import Collection, Mapping
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy.orm import Session

from identity.registry import service as registry
from kernel.errors import Conflict, InvalidInput
from kernel.house import House
from kernel.i18n import N_
from licenses import credential, keys
from licenses.catalogue import licence_type
from licenses.document.drawing import page_content
from licenses.document.formats import credential_in, is_ofd
from licenses.models import Licence
from licenses.schemas import Verification, Verifier
from licenses.trust import authority_named
from licenses.uses import record_use
from licenses.verification import check_licence, verify_credential
from licenses.wallet import owned
from licenses.writing import content

LARGEST = 1_000_000
LONGEST_DAYS = 180
MEDIA_TYPE = "application/pdf"
_CHINA = ZoneInfo("Asia/Shanghai")
_OFD = N_(
    "这是 OFD 文件。本系统不签发 OFD，也没有可靠的办法核验其中的电子印章，所以不能说它是真是假。"
    "请用签发机关提供的阅读器查验，或者请对方出示本市的加注件（PDF）或证照二维码。"
)


def make_for_holder(
    session: Session,
    house: House,
    holder_ids: Collection[int],
    licence_id: uuid.UUID,
    *,
    user: str,
    purpose: str,
    days: int = 30,
) -> bytes:
    """A copy that the holder gives to ``user`` for one purpose, good for some days. It is a use and recorded as one.

    Raises ``Conflict`` for a licence that is not valid now.
    """
    licence = owned(session, holder_ids, licence_id)
    if not 2 <= len(user) <= 60 or not 2 <= len(purpose) <= 60 or not 1 <= days <= LONGEST_DAYS:
        raise InvalidInput(f"请填写使用单位和用途（各2至60字），有效期为1至{LONGEST_DAYS}天。")
    if licence_type(licence.type_id).is_reference or check_licence(session, house, licence).result != "valid":
        raise Conflict("这份证照现在不能制作加注件。")
    fields = content(house, licence).fields
    verifier = Verifier(user, is_known=False, purpose="anyone")
    record_use(session, house, licence, kind="document", verifier=verifier, purpose=purpose, fields=fields)
    return draw(session, house, licence, fields, user=user, purpose=purpose, days=days)


def draw(
    session: Session,
    house: House,
    licence: Licence,
    fields: Mapping[str, Any],
    *,
    user: str,
    purpose: str,
    days: int,
) -> bytes:
    """The signed PDF with these fields; the caller has recorded the use."""
    from licenses.document.signing import Carried, signed_pdf  # slow to import

    now = house.clock.now()
    kind, authority = licence_type(licence.type_id), authority_named(licence.issuer)
    carried = Carried(
        credential=credential.select(content(house, licence).sd_jwt, fields),
        purpose=purpose,
        user=user,
        made_at=now,
        good_until=now + timedelta(days=days),
    )
    holder = registry.describe(session, [licence.holder_id], vault=house.vault)[licence.holder_id]
    names = {field.id: field.name for field in kind.fields_of(licence.schema_version)}
    until = "长期" if licence.valid_until is None else _day(licence.valid_until)
    lines = [
        ("持有人", holder.name),
        ("持有人证件号", holder.masked_identifier),
        ("证照标识", licence.identifier),
        ("颁发日期", _day(licence.issued_on)),
        ("有效期至", until),
        *((names[one], str(value)) for one, value in fields.items()),
    ]
    ends = carried.good_until.astimezone(_CHINA)
    page = page_content(
        title=kind.name,
        authority=authority.name,
        lines=lines,
        watermark=(f"仅供{user}用于", purpose, f"有效至 {_day(ends)}"),
        address=f"{house.settings.base_url}/licenses/verify",
        note=f"加注件 制作于 {_day(now.astimezone(_CHINA))}。扫码上传本文件可查验真伪和当前状态。",
    )
    private, certificate = keys.document_key(session, house)
    return signed_pdf(page, carried, private=private, certificate=certificate, title=kind.name)


def verify_document(session: Session, house: House, data: bytes) -> Verification:
    """A file somebody hands in: our signature over all of it, then the licence's own state as of now.

    A PDF that we made, or a credential as text. An OFD is ``undetermined``: nothing here can judge its seal.
    """
    from licenses.document.signing import read_pdf  # slow to import

    if len(data) > LARGEST:
        raise InvalidInput("文件过大，请确认上传的是本系统制作的加注件。")
    now = house.clock.now()
    if is_ofd(data):
        return Verification("undetermined", [_OFD], now)
    if (text := credential_in(data)) is not None:
        return verify_credential(session, house, text)
    carried = read_pdf(data, keys.document_certificates(session))
    if carried is None:
        return Verification("not_valid", ["这个文件不是本市签发的，或内容被改动过。"], now)
    answer = verify_credential(session, house, carried.credential)
    made_for = f"{carried.user}：{carried.purpose}"
    if answer.result == "valid" and carried.good_until < now:
        reasons = ["这份加注件已过有效期，请持有人重新制作。"]
        return msgspec.structs.replace(
            answer, result="not_valid", reasons=reasons, fields=[], made_for=made_for
        )
    return msgspec.structs.replace(answer, made_for=made_for)


def _day(day: date) -> str:
    return f"{day:%Y}年{day.month}月{day.day}日"
