"""One person acts for another: a relative who was asked (亲情代办), or a guardian whom an authority appointed.

Scoped, dated, revocable, and the principal is told. What a proxy may never do, whatever the scope: redirect money.
"""

import uuid
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy.orm import Session

from identity.delegation import repository
from identity.delegation.ending import end_proxy
from identity.delegation.models import Proxy
from identity.registry import service as registry
from identity.trail import note
from kernel.clock import business_date
from kernel.crypto import Vault
from kernel.errors import FieldError, Forbidden, InvalidInput, NotFound
from kernel.i18n import N_
from kernel.ids import new_id
from kernel.notices.service import notify
from kernel.wording import worded

LONGEST = timedelta(days=366)
#: A guardianship is looked at again after so long, whatever the paper says.
LONGEST_GUARDIANSHIP = timedelta(days=5 * 366)
#: What one person may let another do for them; money is never redirected whatever the scope.
PROXY_SCOPES = frozenset({"tong", "licences"})
GivenBy = Literal["phone", "counter", "paper"]
DOCUMENT_LONGEST = 80


def grant_proxy(
    session: Session,
    *,
    principal_id: int,
    agent_id: int,
    relation: str,
    scopes: Collection[str],
    until_at: datetime,
    given_by: GivenBy,
    vault: Vault,
    now: datetime,
    document: str | None = None,
    recorded_by: int | None = None,
) -> uuid.UUID:
    """Let ``agent_id`` act for ``principal_id``; ``relation`` is what the agent calls them (母亲).

    By phone the principal did it themselves; at a counter or on paper ``recorded_by`` entered the ``document``.
    """
    if not now < until_at <= now + LONGEST:
        raise _refusal("until", N_("代办期限应在今后一年以内"))
    if given_by != "phone" and (recorded_by is None or not document):
        raise _refusal("document", N_("请填写授权书的归档编号"))
    proxy = Proxy(
        proxy_id=new_id(),
        principal_id=principal_id,
        agent_id=agent_id,
        relation=relation,
        scopes=sorted(scopes),
        given_by=given_by,
        kind="kin",
        document=document,
        recorded_by=recorded_by,
        from_at=now,
        until_at=until_at,
        revoked_at=None,
    )
    agent = _keep(session, proxy, vault, now)
    notify(
        session,
        subject_id=principal_id,
        kind="proxy.granted",
        title=worded("有人可以为您代办了"),
        body=worded(
            "%(agent)s可以为您办事，到期日%(until)s。代办人不能更改收款账户。您可随时取消。",
            agent=agent,
            until=business_date(until_at),
        ),
        link="/tong/me/kin",
        now=now,
    )
    return proxy.proxy_id


def appoint_guardian(
    session: Session,
    *,
    ward_id: int,
    guardian_id: int,
    document: str,
    scopes: Collection[str],
    until_at: datetime,
    recorded_by: int,
    vault: Vault,
    now: datetime,
) -> uuid.UUID:
    """Enter a guardian appointed by a court, a village committee or civil affairs (民法典 Art. 31-32), by its paper."""
    if not now < until_at <= now + LONGEST_GUARDIANSHIP:
        raise _refusal("until", N_("监护期限应在今后五年以内，到期凭文书续期"))
    if not document or len(document) > DOCUMENT_LONGEST:
        raise _refusal("document", N_("请填写指定监护文书的编号"))
    proxy = Proxy(
        proxy_id=new_id(),
        principal_id=ward_id,
        agent_id=guardian_id,
        relation=N_("被监护人"),
        scopes=sorted(scopes),
        given_by="paper",
        kind="guardian",
        document=document,
        recorded_by=recorded_by,
        from_at=now,
        until_at=until_at,
        revoked_at=None,
    )
    guardian = _keep(session, proxy, vault, now)
    notify(
        session,
        subject_id=ward_id,
        kind="guardian.appointed",
        title=worded("已为您登记监护人"),
        body=worded(
            "%(guardian)s已登记为您的监护人，到期日%(until)s。监护人不能更改收款账户。有异议请到街道窗口或拨打12345。",
            guardian=guardian,
            until=business_date(until_at),
        ),
        link="/tong/me/kin",
        now=now,
    )
    return proxy.proxy_id


def revoke_proxy(session: Session, *, proxy_id: uuid.UUID, by_subject: int, now: datetime) -> None:
    """End it, from either side; a guardianship ends only at the counter that has the paper for it."""
    proxy = repository.get_proxy(session, proxy_id)
    if proxy is None or by_subject not in (proxy.principal_id, proxy.agent_id):
        raise NotFound("没有找到这项代办委托。")
    if proxy.kind == "guardian":
        raise Forbidden("监护关系要凭撤销或变更文书，到街道窗口办理。")
    _revoke(session, proxy, by_subject, None, now)


def revoke_at_counter(
    session: Session, *, proxy_id: uuid.UUID, document: str, recorded_by: int, now: datetime
) -> None:
    """An official ends a proxy or a guardianship, by a paper on file."""
    proxy = repository.get_proxy(session, proxy_id)
    if proxy is None:
        raise NotFound("没有找到这项代办委托。")
    if not document or len(document) > DOCUMENT_LONGEST:
        raise _refusal("document", N_("请填写撤销文书的归档编号"))
    _revoke(session, proxy, recorded_by, document, now)


def _keep(session: Session, proxy: Proxy, vault: Vault, now: datetime) -> str:
    """Store it once it is sound; the agent's name."""
    if proxy.principal_id == proxy.agent_id:
        raise _refusal("agent", N_("不能委托自己"))
    if not proxy.scopes or not PROXY_SCOPES.issuperset(proxy.scopes):
        raise _refusal("scopes", N_("代办范围只能是 tong 和 licences"))
    if proxy.document is not None and len(proxy.document) > DOCUMENT_LONGEST:
        raise _refusal("document", N_("归档编号请控制在80字以内"))
    names = registry.describe(session, [proxy.principal_id, proxy.agent_id], vault=vault)
    if proxy.principal_id not in names or proxy.agent_id not in names:
        raise NotFound("登记中没有委托人或代办人。")
    if any(names[one].kind != "person" for one in (proxy.principal_id, proxy.agent_id)):
        raise _refusal("agent", N_("代办只能在个人之间"))
    comes_of_age = registry.comes_of_age_on(session, proxy.agent_id, vault=vault)
    if comes_of_age is not None and comes_of_age > business_date(now):
        raise _refusal("agent", N_("未满18周岁的人不能代办"))
    repository.add(session, proxy)
    note(
        session,
        "proxy.grant",
        "proxy",
        proxy.proxy_id,
        now=now,
        by=proxy.recorded_by or proxy.principal_id,
        principal=proxy.principal_id,
        agent=proxy.agent_id,
        kind=proxy.kind,
        given_by=proxy.given_by,
        document=proxy.document,
    )
    return names[proxy.agent_id].name


def _revoke(session: Session, proxy: Proxy, by: int, document: str | None, now: datetime) -> None:
    if proxy.revoked_at is not None:
        return
    end_proxy(session, proxy, reason="proxy_revoked", now=now)
    note(session, "proxy.revoke", "proxy", proxy.proxy_id, now=now, by=by, document=document)
    notify(
        session,
        subject_id=proxy.principal_id,
        kind="proxy.revoked",
        title=worded("代办委托已取消"),
        body=worded("从现在起，对方不能再为您办事。"),
        now=now,
    )


def _refusal(where: str, what: str) -> InvalidInput:
    return InvalidInput("填写的内容有误，请按提示修改。", errors=[FieldError(where, what)])
