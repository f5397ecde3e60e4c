"""Create accounts, find them, and recognise their owners."""

import re
from datetime import datetime

from sqlalchemy.orm import Session

from identity.accounts import history, repository
from identity.accounts.models import Account
from identity.accounts.passwords import PasswordPool, check_new_password
from identity.accounts.schemas import AccountChoice, Visitor
from identity.accounts.throttle import LoginThrottle
from identity.grants import service as grants
from identity.registry import service as registry
from identity.registry.identifiers import mask_name
from identity.sessions.service import end_sessions_of
from identity.trail import note
from kernel.crypto import Vault
from kernel.database import Database
from kernel.errors import Conflict, FieldError, InvalidInput, NotFound, Unauthenticated
from kernel.i18n import N_
from kernel.web.principal import Principal

#: One text for every way of being wrong, so that nobody learns which accounts exist.
WRONG_LOGIN = N_("登录名或密码不对，请检查后再试。")
LONGEST_NAME = 40
_LOGIN_NAME = re.compile(r"[a-z][a-z0-9._-]{2,39}")
#: 13x to 19x are given out; 100 never was, and is what fictional people have.
_PHONE = re.compile(r"1(?:00|[3-9][0-9])[0-9]{8}")


def create_account(
    session: Session,
    *,
    subject_id: int,
    login_name: str | None,
    password: str | None,
    phone: str | None,
    passwords: PasswordPool,
    vault: Vault,
    now: datetime,
    is_real_name: bool = False,
    password_hash: str | None = None,
) -> None:
    """Give a registered person a way in. Raises ``InvalidInput`` or ``Conflict`` with the field to mend.

    ``is_real_name``: an authority vouches that this account is this person's. Whoever hashed the password before, outside
    the transaction, gives ``password_hash`` instead.
    """
    name = _checked_login_name(login_name) if login_name else None
    if password is not None:
        check_new_password(password, login_name=name or "")
    if repository.get(session, subject_id) or (name and repository.by_login_name(session, name)):
        raise Conflict("这个人已有账户，或者登录名已被使用。")
    number = normalise_phone(phone) if phone else None
    repository.add(
        session,
        Account(
            subject_id=subject_id,
            login_name=name,
            phone_sealed=vault.seal(number, context=_phone_place(subject_id)) if number else None,
            phone_index=phone_index(vault, number) if number else None,
            password_hash=password_hash or (passwords.hash(password) if password is not None else None),
            state="active",
            real_name_at=now if is_real_name else None,
            created_at=now,
        ),
    )


def _claimed(
    session: Session, login: str, visitor: Visitor, *, vault: Vault, now: datetime
) -> repository.Claimed | None:
    """By login name, or by a phone number that only one account has; with where its owner has been lately."""
    name, phone = login.strip().lower(), None
    try:
        phone = phone_index(vault, normalise_phone(login))
    except InvalidInput:
        if len(name) > LONGEST_NAME:
            return None
    return history.claimed(session, visitor, name=name, phone_index=phone, vault=vault, now=now)


def accounts_of_phone(session: Session, phone: str, *, vault: Vault) -> list[AccountChoice]:
    """Whose accounts a phone opens, for whoever has just proved to hold it."""
    rows = repository.by_phone_index(session, phone_index(vault, phone))
    open_to = [row.subject_id for row in rows if row.state == "active"]
    people = registry.describe(session, open_to, vault=vault)
    return [
        AccountChoice(subject_id=number, masked_name=mask_name(people[number].name)) for number in open_to
    ]


def prove_password(
    database: Database,
    *,
    login: str,
    password: str,
    visitor: Visitor,
    passwords: PasswordPool,
    throttle: LoginThrottle,
    vault: Vault,
    now: datetime,
) -> int:
    """The person whose login and password these are; failed attempts are kept, here, and successes by whoever goes on.

    The slow hash runs outside any transaction. Raises ``Unauthenticated`` with the same text whatever was wrong.
    """
    with database.read_once() as session:
        account = _claimed(session, login, visitor, vault=vault, now=now)
    is_known_place = account is not None and account.known.place
    device = visitor.key if account is not None and account.known.device else ""
    throttle.admit(login, visitor.address, is_known_place=is_known_place, known_device=device)
    stored = account.password_hash if account else None
    is_right = passwords.is_right(stored, password[:512], is_known_place=is_known_place)
    if account is not None and is_right and account.state == "active":
        throttle.succeeded(login, visitor.address, known_device=device)
        return account.subject_id
    with database.write() as session:
        history.remember(
            session,
            account.subject_id if account else None,
            visitor,
            method="pwd",
            is_success=False,
            vault=vault,
            now=now,
        )
    throttle.failed(visitor.address)
    raise Unauthenticated(WRONG_LOGIN)


def hash_new_password(password: str, *, login_name: str, passwords: PasswordPool) -> str:
    """What is kept of a new password; slow, so outside any transaction. Raises ``InvalidInput``."""
    check_new_password(password, login_name=login_name)
    return passwords.hash(password)


def set_password(session: Session, subject_id: int, password_hash: str, *, now: datetime) -> None:
    """Replace the password, or have one for the first time."""
    required(session, subject_id).password_hash = password_hash
    note(session, "password.change", "subject", subject_id, now=now, by=subject_id)


def set_phone(session: Session, subject_id: int, phone: str, *, vault: Vault, now: datetime) -> None:
    """The number that opens this account from now on; whoever calls has proved that the person holds it."""
    account = required(session, subject_id)
    number = normalise_phone(phone)
    account.phone_sealed = vault.seal(number, context=_phone_place(subject_id))
    account.phone_index = phone_index(vault, number)
    note(session, "phone.change", "subject", subject_id, now=now)


def phone_of(account: Account, *, vault: Vault) -> str | None:
    """The whole number, for sending to it only."""
    if account.phone_sealed is None:
        return None
    return vault.open(account.phone_sealed, context=_phone_place(account.subject_id))


def lock_account(session: Session, subject_id: int, *, now: datetime, by: Principal) -> None:
    """Officials bar the way in (``identity.locking``); live tokens die at once."""
    required(session, subject_id).state = "locked"
    end_sessions_of(session, subject_id, reason="account_locked", now=now)
    grants.end_of_subject(session, subject_id, reason="account_locked", now=now)
    note(session, "account.lock", "subject", subject_id, now=now, by=by)


def unlock_account(session: Session, subject_id: int, *, now: datetime, by: Principal) -> None:
    required(session, subject_id).state = "active"
    note(session, "account.unlock", "subject", subject_id, now=now, by=by)


def required(session: Session, subject_id: int) -> Account:
    """The account. Raises ``NotFound``."""
    account = repository.get(session, subject_id)
    if account is None:
        raise NotFound("没有这个账户。")
    return account


def normalise_phone(text: str) -> str:
    """Eleven digits of a mainland mobile number. Raises ``InvalidInput``."""
    compact = re.sub(r"[\s-]", "", text).removeprefix("+86")
    if not _PHONE.fullmatch(compact):
        raise InvalidInput(
            "填写的内容有误，请按提示修改。", errors=[FieldError("phone", N_("手机号应为11位数字"))]
        )
    return compact


def _checked_login_name(login_name: str) -> str:
    name = login_name.strip().lower()
    if not _LOGIN_NAME.fullmatch(name):
        what = N_("登录名应以字母开头，由3至40个小写字母、数字、点、横线或下划线组成")
        raise InvalidInput("填写的内容有误，请按提示修改。", errors=[FieldError("login_name", what)])
    return name


def phone_index(vault: Vault, number: str) -> bytes:
    """By which accounts with this phone are found."""
    return vault.blind_index(number, purpose="account/phone")


def _phone_place(subject_id: int) -> str:
    return f"account/phone_sealed/{subject_id}"
