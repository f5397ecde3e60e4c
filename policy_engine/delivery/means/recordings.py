"""The file of a recording: how somebody who cannot sign agreed, or took it back. Bounded, hashed, sealed, heard by few.

A recording carries a voice and a face (个人信息保护法 Art. 28: biometric information is sensitive). It is sealed like every
other document at rest, opened for the seats that work on the claim and for the member whose words they are, and every
hearing is on record. Its kind is told by its first bytes: what a browser says of a file is a guess by its name.
"""

import base64
import hashlib
import uuid
from datetime import datetime
from typing import Final, Literal

import msgspec
from sqlalchemy.orm import Session

from kernel import audit
from kernel.crypto import Vault, sm3
from kernel.errors import FieldError, InvalidInput, NotFound, TooLarge
from kernel.i18n import gettext as _
from kernel.ids import new_id
from kernel.web.principal import Principal
from policy_engine.delivery.means import repository
from policy_engine.delivery.means.models import MeansConsent, MeansRecording

LARGEST: Final = 20 * 1024 * 1024
SMALLEST: Final = 256
LONGEST_NAME: Final = 120
Said = Literal["given", "withdrawn"]


class SealedRecording(msgspec.Struct, frozen=True):
    """Checked, hashed and sealed for the place it will have; made outside any transaction."""

    id: uuid.UUID
    name: str
    media_type: str
    size: int
    sha256: bytes
    sm3: bytes
    sealed: bytes


def seal_recording(name: str, content: bytes, vault: Vault) -> SealedRecording:
    """Raises ``TooLarge``, or ``InvalidInput`` for what is no recording."""
    if len(content) > LARGEST:
        raise TooLarge(_("录音录像不能超过 %(most)d MB，请压缩或只录表示同意的一段。", most=LARGEST // 2**20))
    media_type = media_type_of(content)
    if media_type is None or len(content) < SMALLEST:
        what = _("这不是录音录像文件；请上传 MP3、M4A、WAV、OGG、MP4 或 WebM。")
        raise InvalidInput(what, errors=[FieldError("recording", what)])
    number = new_id()
    return SealedRecording(
        id=number,
        name=file_name(name),
        media_type=media_type,
        size=len(content),
        sha256=hashlib.sha256(content).digest(),
        sm3=sm3(content),
        sealed=vault.seal(base64.b64encode(content).decode(), context=_place(number)),
    )


def media_type_of(content: bytes) -> str | None:
    """By the first bytes: ISO 14496-12 boxes, RIFF, Ogg pages, EBML, ID3 tags or MPEG frames."""
    if content[4:8] == b"ftyp":
        return "audio/mp4" if content[8:12] in (b"M4A ", b"M4B ") else "video/mp4"
    if content[:4] == b"RIFF" and content[8:12] == b"WAVE":
        return "audio/wav"
    if content[:4] == b"OggS":
        return "audio/ogg"
    if content[:4] == b"\x1a\x45\xdf\xa3":
        return "video/webm"
    is_frame = len(content) > 1 and content[0] == 0xFF and content[1] & 0xE6 == 0xE2  # layer III
    return "audio/mpeg" if content[:3] == b"ID3" or is_frame else None


def keep(
    session: Session,
    consent: MeansConsent,
    file: SealedRecording,
    said: Said,
    *,
    by_id: int,
    now: datetime,
) -> None:
    session.add(
        MeansRecording(
            id=file.id,
            check_id=consent.check_id,
            consent_id=consent.id,
            said=said,
            name=file.name,
            media_type=file.media_type,
            size=file.size,
            sha256=file.sha256,
            sm3=file.sm3,
            content_sealed=file.sealed,
            uploaded_by_id=by_id,
            uploaded_at=now,
        )
    )
    session.flush()


def listen(
    session: Session,
    check_id: uuid.UUID,
    recording_id: uuid.UUID,
    principal: Principal,
    *,
    vault: Vault,
    now: datetime,
) -> tuple[str, bytes]:
    """Media type and bytes, for a seat that the caller found to work on the claim, or for the member who speaks.

    Raises ``NotFound`` for everybody else, other members of the household among them.
    """
    row = repository.recording(session, recording_id, with_content=True)
    consent = None if row is None else session.get(MeansConsent, row.consent_id)
    is_own = consent is not None and consent.subject_id == principal.subject_id
    if row is None or row.check_id != check_id or not (principal.seat is not None or is_own):
        raise NotFound(_("没有找到您要的内容。"))
    audit.record(
        session,
        actor=principal,
        action="means.recording_heard",
        object_kind="means_check",
        object_id=check_id,
        detail={"recording": str(recording_id)},
        now=now,
    )
    return row.media_type, base64.b64decode(vault.open(row.content_sealed, context=_place(row.id)))


def file_name(text: str) -> str:
    """What a file may be called here: no way to a folder, nothing unprintable, not too long."""
    plain = "".join(one for one in text.replace("\\", "/").rsplit("/", 1)[-1] if one.isprintable()).strip()
    return plain[-LONGEST_NAME:] or "recording"


def _place(number: uuid.UUID) -> str:
    return f"means_recording/content_sealed/{number}"
