"""A new phone in the place of a lost one: asked for, cooled off, stopped by its owner or finished by proving all anew.

Name, number and a phone of one's own prove less than what the account had. So nothing happens for a time in which every
live sign-in and the old number can stop it, and what it gives in the end is the lowest level: no password, no app, no
passkey, no real name, until these are proved again.
"""

import uuid
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from identity.accounts import factors
from identity.accounts import repository as account_rows
from identity.accounts import service as accounts
from identity.accounts.assurance import Assurance
from identity.accounts.schemas import Visitor
from identity.passkeys import repository as passkey_rows
from identity.recovery import repository
from identity.recovery.models import RecoveryRequest
from identity.registry import service as registry
from identity.registry.turns import take_turn
from identity.sessions.service import end_sessions_of
from identity.trail import note
from identity.upstream import repository as upstream_rows
from kernel.crypto import Vault
from kernel.errors import NotFound
from kernel.ids import new_id
from kernel.notices.service import notify
from kernel.wording import worded

#: The owner hears of so many requests a day; and whoever was stopped may not ask again for so long.
NOTICES_A_DAY, STOPPED_DAYS = 3, 30


def account_of(session: Session, id_number: str, *, vault: Vault) -> int | None:
    """The active account of whoever has this number."""
    known = registry.find_by_identifier(session, "id_number", id_number, vault=vault)
    account = account_rows.get(session, known) if known is not None else None
    return account.subject_id if account is not None and account.state == "active" else None


def ready_request(
    session: Session, subject_id: int, phone: str, *, vault: Vault, now: datetime
) -> RecoveryRequest | None:
    """This phone's request whose time has come."""
    wanted = accounts.phone_index(vault, phone)
    for row in repository.waiting_of(session, subject_id, now):
        if row.phone_index == wanted and row.ready_at <= now:
            return row
    return None


def ask(
    session: Session,
    subject_id: int,
    phone: str,
    visitor: Visitor,
    *,
    assurance: Assurance,
    vault: Vault,
    now: datetime,
) -> None:
    """Begin the time of waiting and tell the owner; the same phone asking again changes nothing."""
    take_turn(session, subject_id)
    wanted = accounts.phone_index(vault, phone)
    if any(row.phone_index == wanted for row in repository.waiting_of(session, subject_id, now)):
        return
    if repository.was_stopped(session, subject_id, wanted, now - timedelta(days=STOPPED_DAYS)):
        return
    told = repository.asked_since(session, subject_id, now - timedelta(days=1))
    recovery_id, ready_at = new_id(), now + timedelta(hours=assurance.recovery_hours)
    repository.add(
        session,
        RecoveryRequest(
            recovery_id=recovery_id,
            subject_id=subject_id,
            phone_sealed=vault.seal(phone, context=_phone_place(recovery_id)),
            phone_index=wanted,
            address_sealed=vault.seal(visitor.address, context=_address_place(recovery_id)),
            device=visitor.device[:120],
            state=repository.WAITING,
            asked_at=now,
            ready_at=ready_at,
            until_at=ready_at + timedelta(days=assurance.recovery_open_days),
            ended_at=None,
        ),
    )
    note(session, "recovery.ask", "subject", subject_id, now=now, recovery=str(recovery_id))
    if told < NOTICES_A_DAY:
        notify(
            session,
            subject_id=subject_id,
            kind="account.recovery",
            title=worded("有人申请更换您的登录手机号"),
            body=worded(
                "如果不是您本人，请打开“登录与安全”点“停止”，或拨打12345。没有人停止的，到期后新手机号生效。"
            ),
            link="/identity/security",
            now=now,
        )


def stop(session: Session, subject_id: int, recovery_id: uuid.UUID, *, now: datetime) -> None:
    """By anybody who is signed in to the account. Raises ``NotFound``."""
    rows = {row.recovery_id for row in repository.waiting_of(session, subject_id, now)}
    if recovery_id not in rows or not repository.end(session, recovery_id, "stopped", now):
        raise NotFound("没有等待中的申请，可能已经停止或完成。")
    note(
        session,
        "recovery.stop",
        "subject",
        subject_id,
        now=now,
        by=subject_id,
        recovery=str(recovery_id),
    )


def finish(
    session: Session, request: RecoveryRequest, phone: str, *, vault: Vault, now: datetime
) -> str | None:
    """The new phone counts and nothing else does; every sign-in ends. The former number, to be told.

    Raises ``NotFound`` when it was stopped meanwhile.
    """
    subject_id = request.subject_id
    take_turn(session, subject_id)
    if not repository.end(session, request.recovery_id, "finished", now):
        raise NotFound("没有等待中的申请，可能已经停止或完成。")
    account = accounts.required(session, subject_id)
    former = accounts.phone_of(account, vault=vault)
    accounts.set_phone(session, subject_id, phone, vault=vault, now=now)
    account.password_hash, account.real_name_at, account.in_person_at = None, None, None
    if factors.has_totp(session, subject_id):
        factors.remove_totp(session, subject_id, by=subject_id, now=now)
    passkey_rows.delete_of(session, subject_id)
    for link in upstream_rows.of_subject(session, subject_id):
        upstream_rows.delete_own(session, subject_id, link.link_id)
    repository.end_others(session, subject_id, "lapsed", now)
    end_sessions_of(session, subject_id, reason="recovered", now=now)
    note(session, "recovery.finish", "subject", subject_id, now=now, recovery=str(request.recovery_id))
    notify(
        session,
        subject_id=subject_id,
        kind="account.changed",
        title=worded("登录手机号已更换"),
        body=worded(
            "所有设备都已退出，密码、动态码应用和通行密钥都已清除，请重新设置。重要的事要先重新核验身份。"
        ),
        link="/identity/security",
        now=now,
    )
    return former


def release(session: Session, subject_id: int, *, by: int, now: datetime) -> int:
    """An official has seen the person and their papers: waiting requests need wait no longer; how many."""
    waiting = repository.waiting_of(session, subject_id, now)
    for row in waiting:
        row.ready_at = min(row.ready_at, now)
    if waiting:
        note(session, "recovery.release", "subject", subject_id, now=now, by=by)
    return len(waiting)


def phone_of(request: RecoveryRequest, *, vault: Vault) -> str:
    """The number asked for, for its owner's eyes, masked."""
    return vault.open(request.phone_sealed, context=_phone_place(request.recovery_id))


def _phone_place(recovery_id: uuid.UUID) -> str:
    return f"recovery_request/phone_sealed/{recovery_id}"


def _address_place(recovery_id: uuid.UUID) -> str:
    return f"recovery_request/address_sealed/{recovery_id}"
