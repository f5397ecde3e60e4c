"""Second factors that a person holds: an authenticator app, enrolled by showing that it works."""

from datetime import datetime

from sqlalchemy.orm import Session

from identity.accounts import repository, rfc6238
from identity.accounts.models import TotpFactor
from identity.trail import note
from kernel.crypto import Vault
from kernel.errors import Conflict, FieldError, InvalidInput, NotFound, Unauthenticated
from kernel.i18n import N_
from kernel.notices.service import notify
from kernel.wording import Wording, worded

WRONG_CODE = N_("动态码不对或已经用过，请等下一个动态码出现后再填。")


def has_totp(session: Session, subject_id: int) -> bool:
    factor = repository.totp_of(session, subject_id)
    return factor is not None and factor.confirmed_at is not None


def start_totp(session: Session, subject_id: int, *, vault: Vault, now: datetime) -> str:
    """A new secret to put into an app; it counts from its confirmation on. Raises ``Conflict`` if there is one."""
    known = repository.totp_of(session, subject_id)
    if known is not None and known.confirmed_at is not None:
        raise Conflict("您已经绑定了动态码应用，要换一个请先解除。")
    if known is not None:
        return vault.open(known.secret_sealed, context=_place(subject_id))
    secret = rfc6238.new_secret()
    factor = TotpFactor(
        subject_id=subject_id,
        secret_sealed=vault.seal(secret, context=_place(subject_id)),
        created_at=now,
        confirmed_at=None,
        last_step=0,
    )
    repository.add(session, factor)
    return secret


def confirm_totp(session: Session, subject_id: int, code: str, *, vault: Vault, now: datetime) -> None:
    """The app shows the right code, so it counts from now on. Raises ``InvalidInput``."""
    factor = repository.totp_of(session, subject_id)
    if factor is None or factor.confirmed_at is not None:
        raise NotFound("没有等待确认的动态码应用。")
    if not _use(session, factor, code, vault, now):
        raise InvalidInput("填写的内容有误，请按提示修改。", errors=[FieldError("code", WRONG_CODE)])
    factor.confirmed_at = now
    note(session, "factor.add", "subject", subject_id, now=now, by=subject_id, kind="totp")
    _tell(session, subject_id, worded("账户绑定了动态码应用"), now)


def check_totp(session: Session, subject_id: int, code: str, *, vault: Vault, now: datetime) -> None:
    """Use one code up. Raises ``Unauthenticated``."""
    factor = repository.totp_of(session, subject_id)
    if factor is None or factor.confirmed_at is None or not _use(session, factor, code, vault, now):
        raise Unauthenticated(WRONG_CODE)


def remove_totp(session: Session, subject_id: int, *, by: int, now: datetime) -> None:
    """The app counts no more: its owner gave it up, or an official saw the person at a counter."""
    factor = repository.totp_of(session, subject_id)
    if factor is None:
        raise NotFound("没有绑定动态码应用。")
    repository.delete(session, factor)
    note(session, "factor.remove", "subject", subject_id, now=now, by=by, kind="totp")
    _tell(session, subject_id, worded("账户解除了动态码应用"), now)


def _use(session: Session, factor: TotpFactor, code: str, vault: Vault, now: datetime) -> bool:
    secret = vault.open(factor.secret_sealed, context=_place(factor.subject_id))
    step = rfc6238.matching_step(secret, code.strip(), now=now, after=factor.last_step)
    return step is not None and repository.use_totp_step(session, factor.subject_id, step)


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


def _place(subject_id: int) -> str:
    return f"totp_factor/secret_sealed/{subject_id}"
