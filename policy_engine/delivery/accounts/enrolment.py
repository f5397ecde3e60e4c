"""Who may register an account for whom: everybody their own, a counter for who stands there, a proxy never."""

import uuid
from datetime import datetime

from sqlalchemy.orm import Session

from kernel import audit
from kernel.errors import Forbidden, NotFound
from kernel.i18n import gettext as _
from kernel.web.principal import Principal
from policy_engine.delivery.accounts.models import PayeeAccount
from policy_engine.delivery.accounts.service import add_account
from policy_engine.delivery.claims.standing import require_relation
from policy_engine.delivery.offers import repository as offer_rows
from policy_engine.delivery.ports import Ports


def enrol_account(
    session: Session,
    ports: Ports,
    *,
    principal: Principal,
    bank: str,
    number: str,
    offer_id: uuid.UUID | None = None,
    now: datetime,
) -> PayeeAccount:
    """Register an account in its owner's registered name; verify it with the bank before it is used.

    ``offer_id`` names for whom a counter does it. Raises ``Forbidden`` for proxies: they never redirect money.
    """
    owner_id, source = _owner(session, ports, principal, offer_id, now)
    account = add_account(
        session,
        ports.vault,
        subject_id=owner_id,
        bank=bank,
        number=number,
        holder=ports.people.name_of(session, owner_id),
        source="counter" if source == "counter" else "declared",
        now=now,
    )
    audit.record(
        session,
        actor=principal,
        action="account.enrol",
        object_kind="payee_account",
        object_id=account.id,
        detail={"source": source},
        now=now,
    )
    return account


def _owner(
    session: Session, ports: Ports, principal: Principal, offer_id: uuid.UUID | None, now: datetime
) -> tuple[int, str]:
    if principal.capacity == "person":
        raise Forbidden(_("代办人不能登记或更改收款账户，请由本人办理。"))
    if principal.capacity == "enterprise":
        return principal.acting_for, "enterprise"
    if principal.capacity == "self":
        return principal.subject_id, "self"
    offer = offer_rows.get_offer(session, offer_id) if offer_id is not None else None
    if offer is None:
        raise NotFound(_("没有找到您要的内容。"))
    return offer.subject_id, require_relation(
        session, ports, principal, offer.subject_id, offer.division, now
    )
