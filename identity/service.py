"""The doors of identity for everybody above it: create people's ways in, seats, delegations and clients.

Each takes the caller's write session and commits nothing.
"""

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Literal

from sqlalchemy.orm import Session

from identity.accounts import service as accounts
from identity.accounts.passwords import PasswordPool
from identity.clients import service as clients
from identity.delegation import enterprises, proxies
from identity.oauth.rfc9068_access_token import TokenResolver
from identity.seats import service as seats
from kernel.house import House
from kernel.web.bearer import ResolveToken
from kernel.web.principal import Duty

_PASSWORDS = PasswordPool()


def token_resolver(house: House) -> ResolveToken:
    """What an app's ``Doorkeeper`` or ``RelyingParty`` asks about tokens; one per app is enough."""
    return TokenResolver(house)


def create_account(
    session: Session,
    *,
    house: House,
    subject_id: int,
    login_name: str,
    password: str,
    phone: str | None = None,
    is_real_name: bool = False,
) -> None:
    """A way in for a registered person; ``is_real_name`` when a register vouches that it is theirs.

    Raises ``InvalidInput`` or ``Conflict``.
    """
    accounts.create_account(
        session,
        subject_id=subject_id,
        login_name=login_name,
        password=password,
        phone=phone,
        is_real_name=is_real_name,
        passwords=_PASSWORDS,
        vault=house.vault,
        now=house.clock.now(),
    )


def create_seat(
    session: Session,
    *,
    division_code: str,
    division_name: str,
    department: str,
    title: str,
    duties: Collection[Duty],
    department_en: str = "",
    title_en: str = "",
    institution_id: int | None = None,
) -> int:
    """A post in a department of a division (both made when new), or in that of a bank; its number."""
    seats.ensure_division(session, code=division_code, name=division_name)
    return seats.create_seat(
        session,
        division_code=division_code,
        department=department,
        title=title,
        department_en=department_en,
        title_en=title_en,
        duties=duties,
        institution_id=institution_id,
    )


def assign_seat(session: Session, *, house: House, seat_id: int, subject_id: int) -> None:
    """Seat a person who has an account; whoever sat there is out at once."""
    seats.assign_seat(session, seat_id=seat_id, subject_id=subject_id, now=house.clock.now())


def grant_proxy(
    session: Session,
    *,
    house: House,
    principal_id: int,
    agent_id: int,
    relation: str,
    until_at: datetime,
    scopes: Collection[str] = ("tong", "licences"),
    given_by: Literal["phone", "counter", "paper"] = "phone",
) -> uuid.UUID:
    """亲情代办: ``agent_id`` may act for ``principal_id``, whom they call ``relation`` (母亲), until a year from now."""
    return proxies.grant_proxy(
        session,
        principal_id=principal_id,
        agent_id=agent_id,
        relation=relation,
        scopes=scopes,
        until_at=until_at,
        given_by=given_by,
        vault=house.vault,
        now=house.clock.now(),
    )


def register_enterprise_member(
    session: Session,
    *,
    house: House,
    firm_id: int,
    subject_id: int,
    role: enterprises.Role,
    appointed_by: int,
    until_at: datetime,
    scopes: Collection[str] | None = None,
) -> uuid.UUID:
    """An administrator or agent of a firm, appointed by its legal representative or an administrator.

    Without ``scopes`` all that the role may have.
    """
    if scopes is None:
        scopes = enterprises.MEMBER_SCOPES if role == "administrator" else enterprises.AGENT_SCOPES
    return enterprises.register_member(
        session,
        firm_id=firm_id,
        subject_id=subject_id,
        role=role,
        appointed_by=appointed_by,
        scopes=scopes,
        until_at=until_at,
        now=house.clock.now(),
    )


def register_client(
    session: Session,
    *,
    house: House,
    client_id: str,
    redirect_uris: Sequence[str],
    secret: str | None,
    name: str = "",
    scopes: Collection[str] = ("openid", "profile"),
    post_logout_redirect_uris: Sequence[str] = (),
    may_introspect: bool = False,
) -> None:
    """A third party's client; ``secret=None`` makes it public."""
    clients.register_client(
        session,
        client_id=client_id,
        name=name or client_id,
        redirect_uris=redirect_uris,
        secret=secret,
        scopes=scopes,
        post_logout_redirect_uris=post_logout_redirect_uris,
        may_introspect=may_introspect,
        vault=house.vault,
        now=house.clock.now(),
    )
