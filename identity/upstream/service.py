"""Whose account an identity elsewhere opens: decided by the verified number alone, never by a name, phone or address.

The province tells name and number, vouched for by the state; the network identity tells nobody's name, but answers
whether it is of the person with a given name and number. Both are proofs of the real name.
"""

import uuid
from datetime import datetime

from sqlalchemy.orm import Session

from connectors.identity_providers.client import LABELS, ProvenSubject, ProviderId
from identity.accounts import repository as account_rows
from identity.accounts import service as accounts
from identity.accounts.passwords import PasswordPool
from identity.registry import service as registry
from identity.trail import note
from identity.upstream import repository
from identity.upstream.models import UpstreamLink
from kernel.crypto import Vault
from kernel.errors import Conflict, Forbidden, NotFound
from kernel.i18n import N_
from kernel.ids import new_id
from kernel.notices.service import notify
from kernel.wording import worded

#: How a sign-in through each is called among its methods.
METHODS: dict[ProviderId, str] = {"province": "prov", "network": "netid"}
NOT_THEIRS = N_("对方核实的身份和这个账户不是同一个人，没有登录。请换一种方式，或到窗口办理。")


def account_of(session: Session, provider: ProviderId, proven: ProvenSubject, *, vault: Vault) -> int | None:
    """The account that was linked, or whose verified number the provider tells; ``None`` where there is none yet.

    Raises ``Forbidden`` when a known identity elsewhere now stands for another number.
    """
    link = repository.by_external(session, provider, _index(vault, proven))
    known = None
    if proven.id_number:
        known = registry.find_by_identifier(session, "id_number", proven.id_number, vault=vault)
    if link is None:
        has_account = known is not None and account_rows.get(session, known) is not None
        return known if has_account else None
    if proven.id_number and known != link.subject_id:
        raise Forbidden(NOT_THEIRS)
    return link.subject_id


def link_account(
    session: Session,
    provider: ProviderId,
    proven: ProvenSubject,
    subject_id: int,
    *,
    vault: Vault,
    now: datetime,
) -> None:
    """The identity opens this account from now on, which its owner is told; the real name counts as proved.

    The caller has made sure that both are one person. Raises ``Conflict`` where it opens another account.
    """
    link = repository.by_external(session, provider, _index(vault, proven))
    if link is not None and link.subject_id != subject_id:
        raise Conflict(NOT_THEIRS)
    account = accounts.required(session, subject_id)
    if account.real_name_at is None:
        account.real_name_at = now
        note(session, "account.real_name", "subject", subject_id, now=now, source=provider)
    if link is not None:
        link.used_at = now
        return
    repository.add(
        session,
        UpstreamLink(
            link_id=new_id(),
            provider=provider,
            external_index=_index(vault, proven),
            subject_id=subject_id,
            linked_at=now,
            used_at=now,
        ),
    )
    note(session, "upstream.link", "subject", subject_id, now=now, by=subject_id, provider=provider)
    notify(
        session,
        subject_id=subject_id,
        kind="account.factor",
        title=worded("账户可以用%(provider)s登录了", provider=worded(LABELS[provider])),
        body=worded("如果不是您本人操作，请立即在“登录与安全”里解除关联，并拨打12345。"),
        link="/identity/security",
        now=now,
    )


def open_account(
    session: Session, name: str, id_number: str, *, passwords: PasswordPool, vault: Vault, now: datetime
) -> int:
    """A new account for a person whom the provider verified. Raises ``Conflict`` where one was made meanwhile."""
    subject_id = registry.ensure(
        session,
        kind="person",
        name=name,
        identifier_kind="id_number",
        identifier=id_number,
        vault=vault,
        now=now,
    )
    accounts.create_account(
        session,
        subject_id=subject_id,
        login_name=None,
        password=None,
        phone=None,
        passwords=passwords,
        vault=vault,
        now=now,
        is_real_name=True,
    )
    note(session, "account.register", "subject", subject_id, now=now, by=subject_id)
    return subject_id


def unlink(session: Session, subject_id: int, link_id: uuid.UUID, *, now: datetime) -> None:
    if not repository.delete_own(session, subject_id, link_id):
        raise NotFound("没有找到这项关联，可能已经解除。")
    note(session, "upstream.unlink", "subject", subject_id, now=now, by=subject_id)


def _index(vault: Vault, proven: ProvenSubject) -> bytes:
    return vault.blind_index(f"{proven.issuer}|{proven.subject}", purpose="upstream_link/external")
