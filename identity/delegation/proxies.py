"""亲情代办: one person lets another act for them: scoped, at most a year, revocable, and told about it."""

import uuid
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy.orm import Session

from identity.delegation import repository
from identity.delegation.models import Proxy
from identity.grants import service as grants
from identity.registry import service as registry
from identity.trail import note
from kernel.crypto import Vault
from kernel.errors import FieldError, InvalidInput, NotFound
from kernel.i18n import N_
from kernel.ids import new_id
from kernel.notices.service import notify

LONGEST = timedelta(days=366)
#: What one person may let another do for them; money is never redirected whatever the scope.
PROXY_SCOPES = frozenset({"tong", "licences"})


def grant_proxy(
    session: Session,
    *,
    principal_id: int,
    agent_id: int,
    relation: str,
    scopes: Collection[str],
    until_at: datetime,
    given_by: Literal["phone", "counter", "paper"],
    vault: Vault,
    now: datetime,
) -> uuid.UUID:
    """Let ``agent_id`` act for ``principal_id``; ``relation`` is what the agent calls them (母亲)."""
    if principal_id == agent_id:
        raise _refusal("agent", N_("不能委托自己"))
    if not scopes or not PROXY_SCOPES.issuperset(scopes):
        raise _refusal("scopes", N_("代办范围只能是 tong 和 licences"))
    if not now < until_at <= now + LONGEST:
        raise _refusal("until", N_("代办期限应在今后一年以内"))
    names = registry.describe(session, [principal_id, agent_id], vault=vault)
    if principal_id not in names or agent_id not in names:
        raise NotFound("登记中没有委托人或代办人。")
    proxy_id = new_id()
    repository.add(
        session,
        Proxy(
            proxy_id=proxy_id,
            principal_id=principal_id,
            agent_id=agent_id,
            relation=relation,
            scopes=sorted(scopes),
            given_by=given_by,
            from_at=now,
            until_at=until_at,
            revoked_at=None,
        ),
    )
    note(
        session,
        "proxy.grant",
        "proxy",
        proxy_id,
        now=now,
        principal=principal_id,
        agent=agent_id,
        given_by=given_by,
    )
    notify(
        session,
        subject_id=principal_id,
        kind="proxy.granted",
        title="有人可以为您代办了",
        body=f"{names[agent_id].name}可以为您办事，到期日{until_at:%Y-%m-%d}。代办人不能更改收款账户。您可随时取消。",
        now=now,
    )
    return proxy_id


def revoke_proxy(session: Session, *, proxy_id: uuid.UUID, by_subject: int, now: datetime) -> None:
    """End it, from either side; the agent's live tokens for this person die at once."""
    proxy = repository.get_proxy(session, proxy_id)
    if proxy is None or by_subject not in (proxy.principal_id, proxy.agent_id):
        raise NotFound("没有找到这项代办委托。")
    if proxy.revoked_at is None:
        proxy.revoked_at = now
        grants.end_on_basis(session, basis_of(proxy_id), reason="proxy_revoked", now=now)
        note(session, "proxy.revoke", "proxy", proxy_id, now=now, by=by_subject)
        notify(
            session,
            subject_id=proxy.principal_id,
            kind="proxy.revoked",
            title="代办委托已取消",
            body="从现在起，对方不能再为您办事。",
            now=now,
        )


def basis_of(proxy_id: uuid.UUID) -> str:
    return f"proxy:{proxy_id}"


def _refusal(where: str, what: str) -> InvalidInput:
    return InvalidInput("填写的内容有误，请按提示修改。", errors=[FieldError(where, what)])
