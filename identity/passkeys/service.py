"""Have passkeys, name them, give them up, and sign in by them."""

import secrets
import uuid
from datetime import datetime

from sqlalchemy.orm import Session

from identity.passkeys import repository
from identity.passkeys.ceremonies import WRONG_PASSKEY, Ceremonies, NewPasskey, Purpose
from identity.passkeys.models import Passkey
from identity.registry.turns import take_turn
from identity.trail import note
from kernel.database import Database
from kernel.errors import Conflict, FieldError, InvalidInput, NotFound, Unauthenticated
from kernel.i18n import N_
from kernel.ids import new_id
from kernel.notices.service import notify
from kernel.wording import Wording, worded

MOST = 10
LONGEST_NAME = 40


def usable_of(session: Session, subject_id: int) -> list[Passkey]:
    """The person's passkeys that count."""
    return [one for one in repository.of_subject(session, subject_id) if one.barred_at is None]


def handle_of(session: Session, subject_id: int) -> bytes:
    """What authenticators are told to know the person by: the one they know already, or 64 bytes of chance (§14.6.1)."""
    known = repository.of_subject(session, subject_id)
    return known[0].user_handle if known else secrets.token_bytes(64)


def add_passkey(
    session: Session, subject_id: int, handle: bytes, made: NewPasskey, *, name: str, now: datetime
) -> None:
    """It counts from now on; the owner is told. Raises ``Conflict``."""
    take_turn(session, subject_id)
    known = repository.of_subject(session, subject_id)
    if len(known) >= MOST:
        raise Conflict(N_("通行密钥最多10个，请先移除不用的。"))
    if repository.by_credential(session, made.credential_id) is not None:
        raise Conflict(N_("这个通行密钥已经绑定过了。"))
    repository.add(
        session,
        Passkey(
            passkey_id=new_id(),
            subject_id=subject_id,
            user_handle=known[0].user_handle if known else handle,
            credential_id=made.credential_id,
            public_key=made.public_key,
            sign_count=made.sign_count,
            transports=made.transports,
            is_synced=made.is_synced,
            name=_checked_name(name),
            created_at=now,
            used_at=None,
            barred_at=None,
        ),
    )
    note(session, "factor.add", "subject", subject_id, now=now, by=subject_id, kind="passkey")
    _tell(session, subject_id, worded("账户添加了通行密钥"), now)


def rename_passkey(session: Session, subject_id: int, passkey_id: uuid.UUID, name: str) -> None:
    _own(session, subject_id, passkey_id).name = _checked_name(name)


def remove_passkey(session: Session, subject_id: int, passkey_id: uuid.UUID, *, now: datetime) -> None:
    repository.delete(session, _own(session, subject_id, passkey_id))
    note(session, "factor.remove", "subject", subject_id, now=now, by=subject_id, kind="passkey")
    _tell(session, subject_id, worded("账户移除了通行密钥"), now)


def prove_passkey(
    database: Database,
    ceremonies: Ceremonies,
    answer: str,
    purpose: Purpose,
    *,
    browser: str,
    now: datetime,
    only: int | None = None,
) -> tuple[int, str]:
    """Whose passkey signed this, and by which method (RFC 8176); ``only`` that person's will do.

    Raises ``Unauthenticated``. A counter that does not grow means that somebody has a copy: the key is barred, its
    owner told, and the right answer refused all the same.
    """
    credential_id, handle = ceremonies.read_credential(answer)
    with database.read() as session:
        passkey = repository.by_credential(session, credential_id)
    if passkey is None or (only is not None and passkey.subject_id != only):
        raise Unauthenticated(WRONG_PASSKEY)
    if handle != passkey.user_handle and (only is None or handle is not None):
        raise Unauthenticated(WRONG_PASSKEY)
    signed = ceremonies.signed(answer, passkey, purpose, browser=browser)
    with database.write() as session:
        counts = repository.count_on(session, passkey.passkey_id, signed.sign_count, now)
        if not counts:
            _bar(session, passkey.passkey_id, now)
    if not counts:
        raise Unauthenticated(WRONG_PASSKEY)
    return passkey.subject_id, "swk" if passkey.is_synced else "hwk"


def _bar(session: Session, passkey_id: uuid.UUID, now: datetime) -> None:
    row = repository.get(session, passkey_id)
    if row is None or row.barred_at is not None:
        return
    row.barred_at = now
    note(session, "factor.bar", "subject", row.subject_id, now=now, kind="passkey", why="counter")
    _tell(session, row.subject_id, worded("有一个通行密钥疑似被复制，已停用"), now)


def _own(session: Session, subject_id: int, passkey_id: uuid.UUID) -> Passkey:
    row = repository.get(session, passkey_id)
    if row is None or row.subject_id != subject_id:
        raise NotFound(N_("没有找到这个通行密钥，可能已经移除。"))
    return row


def _checked_name(name: str) -> str:
    clean = " ".join(name.split())
    if not clean or len(clean) > LONGEST_NAME or not clean.isprintable():
        raise InvalidInput(
            "填写的内容有误，请按提示修改。",
            errors=[FieldError("name", N_("名称应为1至40个可显示的字符"))],
        )
    return clean


def _tell(session: Session, subject_id: int, title: Wording, now: datetime) -> None:
    notify(
        session,
        subject_id=subject_id,
        kind="account.factor",
        title=title,
        body=worded("如果不是您本人操作，请立即在“登录与安全”里退出不认识的设备，并拨打12345。"),
        link="/identity/security",
        now=now,
    )
