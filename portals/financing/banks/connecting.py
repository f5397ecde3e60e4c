"""A bank's system is connected: a client of the issuer that proves itself by its own key, and an address for news."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from identity.clients import service as clients
from identity.clients.checking import is_safe_uri
from identity.clients.schemas import CLIENT_CREDENTIALS, ClientSettings
from kernel.crypto import Vault
from kernel.errors import FieldError, InvalidInput, NotFound
from kernel.i18n import gettext as _
from portals.financing.banks import repository
from portals.financing.banks.models import Bank
from portals.financing.banks.signing import SCOPE
from portals.financing.institutions import institution


def connect(
    session: Session,
    code: str,
    *,
    client_id: str,
    jwks: dict[str, Any] | None = None,
    jwks_uri: str | None = None,
    webhook_url: str | None = None,
    vault: Vault,
    now: datetime,
) -> Bank:
    """Connect a bank's system, or change its keys and address. Raises ``InvalidInput``, ``NotFound``."""
    bank = institution(code)
    if bank.kind != "bank":
        raise NotFound(_("没有找到这家机构。"))
    if webhook_url is not None and not is_safe_uri(webhook_url):
        what = _("通知地址应为https地址。")
        raise InvalidInput(what, errors=[FieldError("webhook_url", what)])
    settings = ClientSettings(
        name=bank.name,
        auth_method="private_key_jwt",
        jwks=jwks,
        jwks_uri=jwks_uri,
        grant_types=(CLIENT_CREDENTIALS,),
        scopes=(SCOPE,),
        requires_dpop=True,
    )
    clients.register(session, client_id, settings, vault=vault, now=now)
    known = repository.bank(session, code)
    if known is None:
        known = Bank(code=code, is_suspended=False, connected_at=now)
        session.add(known)
    known.client_id, known.webhook_url = client_id, webhook_url
    session.flush()
    return known


def resume(session: Session, code: str, *, now: datetime) -> None:
    """A suspended system may call again, with a new token."""
    known = repository.bank(session, code)
    if known is None:
        raise NotFound(_("没有找到这家机构。"))
    if known.is_suspended:
        known.is_suspended = False
        clients.resume_client(session, known.client_id, now=now)


def suspend(session: Session, code: str, *, now: datetime) -> None:
    """No call, no news; tokens die at once."""
    known = repository.bank(session, code)
    if known is None:
        raise NotFound(_("没有找到这家机构。"))
    if not known.is_suspended:
        known.is_suspended = True
        clients.suspend_client(session, known.client_id, now=now)
