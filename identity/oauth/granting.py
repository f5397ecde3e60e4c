"""From a person's decision to the row that their tokens hang on, and from that row to a narrower one for a service."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidRequestError
from sqlalchemy.orm import Session

from identity.capacity.standing import hold_right, hold_sign_in
from identity.clients.models import OAuthClient
from identity.clients.scopes import WHO
from identity.grants import repository as grant_rows
from identity.grants.models import OAuthGrant
from identity.oauth.requests import EndUser
from identity.oauth.rfc9396_details import Detail
from kernel.errors import InvalidInput, Unauthenticated
from kernel.ids import new_id


@dataclass(frozen=True, slots=True)
class Allowed:
    """What was asked for and agreed to, beside who and for whom."""

    scope: str
    details: Sequence[Detail] | None = None
    claims: dict[str, Any] | None = None


def open_grant(
    session: Session, end_user: EndUser, client: OAuthClient, allowed: Allowed, *, now: datetime
) -> OAuthGrant:
    """What this sign-in, in the chosen capacity, lets this client do; no longer than what it rests on.

    Raises ``InvalidInput`` or ``Unauthenticated`` where that has ended a moment ago.
    """
    option, sign_in = end_user.option, end_user.sign_in
    if option is None:
        raise InvalidRequestError("No capacity was chosen.")
    if not hold_right(session, option, sign_in.subject_id, now):
        raise InvalidInput("这个身份已经不能使用，请重新选择。")
    if not hold_sign_in(session, sign_in.sid, client.client_id):
        raise Unauthenticated("请先登录，再继续办理。")
    asked = allowed.scope.split()
    if option.scopes is not None:
        asked = [one for one in asked if one in option.scopes or one in WHO]
    ends = [sign_in.expires_at, *([option.until_at] if option.until_at else [])]
    return grant_rows.add(
        session,
        OAuthGrant(
            grant_id=new_id(),
            epoch=1,
            sid=sign_in.sid,
            client_id=client.client_id,
            subject_id=sign_in.subject_id,
            capacity=option.capacity,
            acting_for=option.acting_for,
            seat_id=option.seat.id if option.seat else None,
            basis=option.basis,
            scope=" ".join(asked),
            authorization_details=list(allowed.details) if allowed.details else None,
            claims=allowed.claims,
            acr=sign_in.acr,
            methods=list(sign_in.methods),
            auth_at=sign_in.auth_at,
            created_at=now,
            expires_at=min(ends),
            ended_at=None,
            end_reason=None,
        ),
    )


def open_child(
    session: Session,
    parent: OAuthGrant,
    client: OAuthClient,
    allowed: Allowed,
    *,
    audience: str,
    expires_at: datetime,
    now: datetime,
) -> OAuthGrant:
    """The same person in the same capacity, in the hands of ``client`` too; it ends when ``parent`` does.

    Raises ``InvalidGrantError`` where the parent has ended, or its tokens were revoked, a moment ago.
    """
    if not grant_rows.hold(session, parent):
        raise InvalidGrantError("The sign-in has ended.")
    act: dict[str, Any] = {"sub": client.client_id}
    if parent.act:
        act["act"] = parent.act
    return grant_rows.add(
        session,
        OAuthGrant(
            grant_id=new_id(),
            epoch=1,
            parent_id=parent.grant_id,
            act=act,
            audience=audience,
            sid=parent.sid,
            client_id=client.client_id,
            subject_id=parent.subject_id,
            capacity=parent.capacity,
            acting_for=parent.acting_for,
            seat_id=parent.seat_id,
            basis=parent.basis,
            scope=allowed.scope,
            authorization_details=list(allowed.details) if allowed.details else None,
            acr=parent.acr,
            methods=parent.methods,
            auth_at=parent.auth_at,
            created_at=now,
            expires_at=expires_at,
            ended_at=None,
            end_reason=None,
        ),
    )


def stands(grant: OAuthGrant | None, now: datetime) -> bool:
    """Whether tokens may hang on it now."""
    return grant is not None and grant.ended_at is None and grant.expires_at > now
