"""The history of sign-ins: what its owner reads, and by which a place or browser is known."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from identity.accounts import repository
from identity.accounts.schemas import LoginView, Visitor
from identity.accounts.throttle import network_of
from kernel.crypto import Vault
from kernel.i18n import N_
from kernel.ids import new_id

KNOWN_PLACE_DAYS = 30
#: Ways of signing in, as their owner reads them.
METHODS = {
    "sms": N_("短信验证码"),
    "pwd": N_("密码"),
    "otp": N_("动态码应用"),
    "hwk": N_("通行密钥"),
    "swk": N_("通行密钥"),
    "qr": N_("扫码登录"),
    "prov": N_("湖北省统一身份认证"),
    "netid": N_("国家网络身份认证（网号）"),
    "face": N_("刷脸，由公安核验"),
    "reg": N_("注册"),
    "recover": N_("换新手机号"),
}


def known_place(
    session: Session, subject_id: int, visitor: Visitor, *, vault: Vault, now: datetime
) -> repository.KnownPlace:
    """Whether the account's owner has lately signed in from this network or in this browser, and whether in this very
    browser, wherever it is now.
    """
    return repository.known_place(
        session,
        subject_id,
        address_index=_address_index(vault, visitor.address),
        device_index=_device_index(vault, visitor.key),
        since=now - timedelta(days=KNOWN_PLACE_DAYS),
    )


def arriving(
    session: Session, subject_id: int, visitor: Visitor, *, vault: Vault
) -> tuple[repository.Arriving, bool] | None:
    """The account, and whether it was used before but never in this browser. The very first sign-in is no news."""
    found = repository.arriving(session, subject_id, _device_index(vault, visitor.key))
    return (found, bool(found.has_ever and not found.has_here)) if found else None


def claimed(
    session: Session, visitor: Visitor, *, name: str, phone_index: bytes | None, vault: Vault, now: datetime
) -> repository.Claimed | None:
    """The account of a login name or phone, with what ``known_place`` says of it: one read, whoever is meant."""
    return repository.claimed(
        session,
        login_name=name,
        phone_index=phone_index,
        address_index=_address_index(vault, visitor.address),
        device_index=_device_index(vault, visitor.key),
        since=now - timedelta(days=KNOWN_PLACE_DAYS),
    )


def remember(
    session: Session,
    subject_id: int | None,
    visitor: Visitor,
    *,
    method: str,
    is_success: bool,
    vault: Vault,
    now: datetime,
) -> None:
    """Keep one attempt; ``None`` where no account was meant, so that it takes as long as any other."""
    event_id = new_id()
    repository.add_event(
        session,
        {
            "event_id": event_id,
            "subject_id": subject_id,
            "at": now,
            "is_success": is_success,
            "address_sealed": vault.seal(visitor.address, context=f"login_event/address_sealed/{event_id}"),
            "address_index": _address_index(vault, visitor.address),
            "device": visitor.device[:120],
            "device_index": _device_index(vault, visitor.key),
            "method": method,
        },
    )


def login_history(session: Session, subject_id: int, *, vault: Vault, limit: int = 20) -> list[LoginView]:
    """The newest first."""
    return [
        LoginView(
            at=row.at,
            is_success=row.is_success,
            address=vault.open(row.address_sealed, context=f"login_event/address_sealed/{row.event_id}"),
            device=row.device,
            method=row.method,
        )
        for row in repository.events_of(session, subject_id, limit)
    ]


def _address_index(vault: Vault, address: str) -> bytes:
    return vault.blind_index(network_of(address), purpose="login_event/address")


def _device_index(vault: Vault, key: str) -> bytes | None:
    return vault.blind_index(key, purpose="login_event/device") if key else None
