"""Addresses besides the phone count once their holder has shown that they are theirs; the phone is told of each change."""

import re
from datetime import datetime
from typing import Final, Literal

from sqlalchemy.orm import Session

from identity.contacts import repository
from identity.contacts.models import ContactAddress
from identity.trail import note
from kernel.crypto import Vault
from kernel.errors import Conflict, FieldError, InvalidInput, NotFound
from kernel.i18n import N_
from kernel.notices.service import notify, set_preference
from kernel.wording import Wording, worded

Channel = Literal["email", "wechat"]
CHANNELS: Final[tuple[Channel, ...]] = ("email", "wechat")
LABELS: Final[dict[Channel, str]] = {"email": N_("电子邮箱"), "wechat": N_("微信")}
#: A couple and a parent who has no account of their own to read with.
MOST_PEOPLE = 3
#: RFC 5321 §4.5.3.1: local part 64, the whole path 254; without quoted local parts and address literals, which no one has.
_EMAIL = re.compile(
    r"(?=.{6,254}\Z)[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}",
    re.ASCII,
)
_LONGEST_LOCAL_PART = 64


def normalise_email(text: str) -> str:
    """As it is written to; the domain in small letters. Raises ``InvalidInput``."""
    given = text.strip()
    local, _at, domain = given.rpartition("@")
    if not _EMAIL.fullmatch(given) or len(local) > _LONGEST_LOCAL_PART:
        error = FieldError("email", N_("邮箱应写作 name@example.com"))
        raise InvalidInput("填写的内容有误，请按提示修改。", errors=[error])
    return f"{local}@{domain.lower()}"


def address_of(session: Session, subject_id: int, channel: str, *, vault: Vault) -> str | None:
    row = repository.get(session, subject_id, channel)
    return None if row is None else _open(row, vault)


def addresses_of(session: Session, subject_id: int, *, vault: Vault) -> dict[str, tuple[str, datetime]]:
    """Every confirmed address of a person by channel, with when it was confirmed."""
    rows = repository.of_subject(session, subject_id)
    return {row.channel: (_open(row, vault), row.confirmed_at) for row in rows}


def confirm(
    session: Session, subject_id: int, channel: Channel, address: str, *, vault: Vault, now: datetime
) -> None:
    """The address was shown to be the person's, takes the place of a former one, and is written to from now on.

    Raises ``Conflict`` where too many others are reached at it.
    """
    index = vault.blind_index(address, purpose=f"contact_address/{channel}")
    if repository.others_behind(session, channel, index, subject_id) >= MOST_PEOPLE:
        raise Conflict("这个地址已经有三个人在用了，请换一个。")
    repository.delete(session, subject_id, channel)
    row = ContactAddress(
        subject_id=subject_id,
        channel=channel,
        address_sealed=vault.seal(address, context=_place(subject_id, channel)),
        address_index=index,
        confirmed_at=now,
    )
    repository.add(session, row)
    set_preference(session, subject_id, channel, is_enabled=True)
    note(session, "contact.confirm", "subject", subject_id, now=now, by=subject_id, channel=channel)
    _tell(
        session,
        subject_id,
        worded("账户绑定了%(channel)s，有新消息时也会提醒到那里", channel=worded(LABELS[channel])),
        now,
    )


def remove(session: Session, subject_id: int, channel: Channel, *, now: datetime) -> None:
    """Raises ``NotFound`` where there is none."""
    if not repository.delete(session, subject_id, channel):
        raise NotFound("没有绑定，可能已经解除。")
    note(session, "contact.remove", "subject", subject_id, now=now, by=subject_id, channel=channel)
    _tell(session, subject_id, worded("账户解除了%(channel)s绑定", channel=worded(LABELS[channel])), now)


def masked_email(address: str) -> str:
    """Recognisable to its owner only: ``z***g@example.com``."""
    local, _at, domain = address.rpartition("@")
    shown = local if len(local) == 1 else f"{local[0]}***{local[-1]}"
    return f"{shown}@{domain}"


def _open(row: ContactAddress, vault: Vault) -> str:
    return vault.open(row.address_sealed, context=_place(row.subject_id, row.channel))


def _place(subject_id: int, channel: str) -> str:
    return f"contact_address/address_sealed/{subject_id}/{channel}"


def _tell(session: Session, subject_id: int, title: Wording, now: datetime) -> None:
    notify(
        session,
        subject_id=subject_id,
        kind="account.contact",
        title=title,
        body=worded("如果不是您本人操作，请立即在“登录与安全”里解除，并拨打12345。"),
        link="/identity/security",
        now=now,
    )
