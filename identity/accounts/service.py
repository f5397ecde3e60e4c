"""Create accounts, recognise their owners, and keep the history of sign-ins."""

import re
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from identity.accounts import repository
from identity.accounts.models import Account, LoginEvent
from identity.accounts.passwords import PasswordPool, check_new_password
from identity.accounts.schemas import LoginView
from identity.accounts.throttle import LoginThrottle, network_of
from identity.grants import service as grants
from identity.trail import note
from kernel.crypto import Vault
from kernel.database import Database
from kernel.errors import Conflict, FieldError, InvalidInput, NotFound, Unauthenticated
from kernel.i18n import N_
from kernel.ids import new_id

KNOWN_PLACE_DAYS = 30
#: One text for every way of being wrong, so that nobody learns which accounts exist.
WRONG_LOGIN = N_("登录名或密码不对，请检查后再试。")
_LOGIN_NAME = re.compile(r"[a-z][a-z0-9._-]{2,39}")
_PHONE = re.compile(r"1[3-9][0-9]{9}")


def create_account(
    session: Session,
    *,
    subject_id: int,
    login_name: str,
    password: str,
    phone: str | None,
    passwords: PasswordPool,
    vault: Vault,
    now: datetime,
) -> None:
    """Give a registered person a way in. Raises ``InvalidInput`` or ``Conflict`` with the field to mend."""
    name = login_name.strip().lower()
    if not _LOGIN_NAME.fullmatch(name):
        what = N_("登录名应以字母开头，由3至40个小写字母、数字、点、横线或下划线组成")
        raise InvalidInput("填写的内容有误，请按提示修改。", errors=[FieldError("login_name", what)])
    check_new_password(password, login_name=name)
    if repository.get(session, subject_id) or repository.by_login_name(session, name):
        raise Conflict("这个人已有账户，或者登录名已被使用。")
    number = normalise_phone(phone) if phone else None
    repository.add(
        session,
        Account(
            subject_id=subject_id,
            login_name=name,
            phone_sealed=vault.seal(number, context=f"account/phone_sealed/{subject_id}") if number else None,
            phone_index=_phone_index(vault, number) if number else None,
            password_hash=passwords.hash(password),
            state="active",
            created_at=now,
        ),
    )


def find_account(session: Session, login: str, *, vault: Vault) -> Account | None:
    """By login name, or by a phone number that only one account has."""
    text = login.strip()
    try:
        number = normalise_phone(text)
    except InvalidInput:
        return repository.by_login_name(session, text.lower()) if len(text) <= 40 else None
    found = repository.by_phone_index(session, _phone_index(vault, number))
    return found[0] if len(found) == 1 else None


def prove_password(
    database: Database,
    *,
    login: str,
    password: str,
    address: str,
    device: str,
    passwords: PasswordPool,
    throttle: LoginThrottle,
    vault: Vault,
    now: datetime,
) -> int:
    """The person whose login and password these are; every attempt at an account is kept.

    The slow hash runs outside any transaction. Raises ``Unauthenticated`` with the same text whatever was wrong.
    """
    place = _address_index(vault, address)
    with database.read() as session:
        account = find_account(session, login, vault=vault)
        since = now - timedelta(days=KNOWN_PLACE_DAYS)
        is_known_place = account is not None and repository.has_signed_in_from(
            session, account.subject_id, place, since
        )
    throttle.admit(login, address, is_known_place=is_known_place)
    is_right = passwords.is_right(account.password_hash if account else None, password[:512])
    if account is not None:
        with database.write() as session:
            _remember(session, account.subject_id, is_right, address, device, vault, now)
    if account is None or not is_right or account.state != "active":
        throttle.failed(address)
        raise Unauthenticated(WRONG_LOGIN)
    throttle.succeeded(login, address)
    return account.subject_id


def lock_account(session: Session, subject_id: int, *, now: datetime) -> None:
    """An administrator bars the way in; live tokens die at once."""
    account = repository.get(session, subject_id)
    if account is None:
        raise NotFound("没有这个账户。")
    account.state = "locked"
    grants.end_of_subject(session, subject_id, reason="account_locked", now=now)
    note(session, "account.lock", "subject", subject_id, now=now)


def login_history(session: Session, subject_id: int, *, vault: Vault, limit: int = 20) -> list[LoginView]:
    """The newest first."""
    return [
        LoginView(
            at=row.at,
            is_success=row.is_success,
            address=vault.open(row.address_sealed, context=f"login_event/address_sealed/{row.event_id}"),
            device=row.device,
        )
        for row in repository.events_of(session, subject_id, limit)
    ]


def normalise_phone(text: str) -> str:
    """Eleven digits of a mainland mobile number. Raises ``InvalidInput``."""
    compact = re.sub(r"[\s-]", "", text).removeprefix("+86")
    if not _PHONE.fullmatch(compact):
        raise InvalidInput(
            "填写的内容有误，请按提示修改。", errors=[FieldError("phone", N_("手机号应为11位数字"))]
        )
    return compact


def _remember(
    session: Session,
    subject_id: int,
    is_success: bool,
    address: str,
    device: str,
    vault: Vault,
    now: datetime,
) -> None:
    event_id = new_id()
    repository.add(
        session,
        LoginEvent(
            event_id=event_id,
            subject_id=subject_id,
            at=now,
            is_success=is_success,
            address_sealed=vault.seal(address, context=f"login_event/address_sealed/{event_id}"),
            address_index=_address_index(vault, address),
            device=device[:120],
        ),
    )


def _phone_index(vault: Vault, number: str) -> bytes:
    return vault.blind_index(number, purpose="account/phone")


def _address_index(vault: Vault, address: str) -> bytes:
    return vault.blind_index(network_of(address), purpose="login_event/address")
