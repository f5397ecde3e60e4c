"""Who this browser is to one portal: a random cookie, and a row that holds everything else on our side.

The row is found by the cookie's HMAC; tokens in it lie sealed; it carries ``sid``, the sign-in it belongs to. Each
portal has its own cookie name, ``__Host-`` bound under https (RFC 6265bis §4.1.3.2).
"""

import logging
import uuid
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Literal

import msgspec
import sqlalchemy as sa
from litestar.datastructures import Cookie
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.crypto import Vault
from kernel.database import Base, UtcDateTime
from kernel.house import House
from kernel.ids import new_id, new_token

ABSOLUTE = timedelta(hours=12)
IDLE = timedelta(hours=2)
SEEN_EVERY = timedelta(minutes=5)
LEASE = timedelta(seconds=10)

_log = logging.getLogger("dongchu.web")


class WebSession(Base):
    """One browser in one portal. ``busy_until`` is a lease: one request at a time renews the tokens."""

    __tablename__ = "web_session"

    session_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    cookie_hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32), unique=True)
    portal: Mapped[str] = mapped_column(sa.String(20))
    sid: Mapped[uuid.UUID] = mapped_column(index=True)
    payload_sealed: Mapped[bytes] = mapped_column(sa.LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    busy_until: Mapped[datetime | None] = mapped_column(UtcDateTime)


# Built once: every page of every portal runs it.
_NEW = sa.insert(WebSession)
_BY_COOKIE = sa.select(WebSession).where(WebSession.cookie_hash == sa.bindparam("cookie"))


class LiveSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session that stands, opened; ``payload`` is what its portal keeps there (tokens)."""

    session_id: uuid.UUID
    sid: uuid.UUID
    seen_at: datetime
    payload: dict[str, str]


class SessionStore:
    """The sessions of one portal."""

    def __init__(
        self, house: House, portal: str, *, absolute: timedelta = ABSOLUTE, idle: timedelta = IDLE
    ) -> None:
        self._vault: Vault = house.vault
        self._is_https = house.settings.is_https
        self._portal = portal
        self._absolute, self._idle = absolute, idle
        if not self._is_https and not house.settings.is_loopback:
            _log.warning("%s: cookies go over plain http to %s", portal, house.settings.base_url)

    @property
    def cookie_name(self) -> str:
        return self.name_of("session")

    def name_of(self, purpose: str) -> str:
        """A cookie name of this portal; under https a browser takes it only from this very host."""
        return f"{'__Host-' if self._is_https else ''}dongchu_{self._portal}_{purpose}"

    def cookie(
        self,
        value: str,
        *,
        purpose: str = "session",
        max_age: int | None = None,
        samesite: Literal["lax", "strict"] = "lax",
    ) -> Cookie:
        """Set a cookie of this portal, unreadable for scripts."""
        return Cookie(
            key=self.name_of(purpose),
            value=value,
            path="/" if self._is_https else f"/{self._portal}",
            secure=self._is_https,
            httponly=True,
            samesite=samesite,
            max_age=max_age,
        )

    def no_cookie(self, purpose: str = "session") -> Cookie:
        """Take the cookie away."""
        return self.cookie("", purpose=purpose, max_age=0)

    def open(self, session: Session, *, sid: uuid.UUID, payload: dict[str, str], now: datetime) -> str:
        """Begin a session; the cookie's value, always a new one (no session fixation)."""
        value, session_id = new_token(), new_id()
        row = {
            "session_id": session_id,
            "cookie_hash": self._hash(value),
            "portal": self._portal,
            "sid": sid,
            "payload_sealed": self._seal(session_id, payload),
            "created_at": now,
            "seen_at": now,
            "expires_at": now + self._absolute,
            "busy_until": None,
        }
        session.connection().execute(_NEW, row)
        return value

    def load(self, session: Session, cookie: str | None, now: datetime) -> LiveSession | None:
        """The session of this cookie, unless it timed out (absolutely or idle) or belongs to another portal."""
        if not cookie or not cookie.isascii() or len(cookie) > 128:
            return None
        row = session.scalar(_BY_COOKIE, {"cookie": self._hash(cookie)})
        if (
            row is None
            or row.portal != self._portal
            or row.expires_at <= now
            or row.seen_at <= now - self._idle
        ):
            return None
        return self._opened(row)

    def reload(self, session: Session, session_id: uuid.UUID) -> LiveSession | None:
        row = session.get(WebSession, session_id)
        return self._opened(row) if row else None

    def is_due(self, live: LiveSession, now: datetime) -> bool:
        """Whether it is time to note that the person is still there (seldom, because it is a write)."""
        return live.seen_at <= now - SEEN_EVERY

    def touch(self, session: Session, session_id: uuid.UUID, now: datetime) -> None:
        session.execute(sa.update(WebSession).where(WebSession.session_id == session_id).values(seen_at=now))

    def lease(self, session: Session, session_id: uuid.UUID, now: datetime) -> bool:
        """Whether the caller, alone, may now renew the tokens."""
        result = session.execute(
            sa.update(WebSession)
            .where(
                WebSession.session_id == session_id,
                sa.or_(WebSession.busy_until.is_(None), WebSession.busy_until <= now),
            )
            .values(busy_until=now + LEASE)
            .returning(WebSession.session_id)
        )
        return result.first() is not None

    def renew(
        self, session: Session, session_id: uuid.UUID, payload: dict[str, str], now: datetime
    ) -> LiveSession | None:
        """Put new tokens in and give the lease back."""
        row = session.get(WebSession, session_id)
        if row is None:
            return None
        row.payload_sealed = self._seal(session_id, payload)
        row.seen_at, row.busy_until = now, None
        session.flush()
        return self._opened(row)

    def end(self, session: Session, session_id: uuid.UUID) -> None:
        session.execute(sa.delete(WebSession).where(WebSession.session_id == session_id))

    def _hash(self, cookie: str) -> bytes:
        return self._vault.hash_token(f"web_session/{cookie}")

    def _seal(self, session_id: uuid.UUID, payload: dict[str, str]) -> bytes:
        return self._vault.seal(msgspec.json.encode(payload).decode(), context=_place(session_id))

    def _opened(self, row: WebSession) -> LiveSession:
        text = self._vault.open(row.payload_sealed, context=_place(row.session_id))
        return LiveSession(
            session_id=row.session_id,
            sid=row.sid,
            seen_at=row.seen_at,
            payload=msgspec.json.decode(text, type=dict[str, str]),
        )


def purge_sessions(session: Session, *, now: datetime, limit: int = 500) -> int:
    """Delete some sessions that are over; how many. Run until it answers 0."""
    doomed = sa.select(WebSession.session_id).where(WebSession.expires_at <= now).limit(limit)
    result = session.execute(
        sa.delete(WebSession).where(WebSession.session_id.in_(doomed)).returning(WebSession.session_id)
    )
    return len(result.all())


def _place(session_id: uuid.UUID) -> str:
    return f"web_session/payload_sealed/{session_id}"


def latest_portal(session: Session, sid: uuid.UUID, portals: Collection[str]) -> str | None:
    """Which of these portals a sign-in was last seen in."""
    return session.scalar(
        sa.select(WebSession.portal)
        .where(WebSession.sid == sid, WebSession.portal.in_(list(portals)))
        .order_by(WebSession.seen_at.desc(), WebSession.created_at.desc())
        .limit(1)
    )
