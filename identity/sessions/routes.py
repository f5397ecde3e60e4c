"""The security page: where one is signed in, who may act for one, which clients were let in; and ending each."""

import uuid
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any, cast
from urllib.parse import urlsplit

from litestar import Response, get, post
from litestar.params import FromPath, RawBody
from litestar.types import ControllerRouterHandler
from sqlalchemy.orm import Session

from connectors.identity_providers.client import LABELS, ProviderId
from identity.accounts import factors
from identity.accounts import service as accounts
from identity.accounts.history import METHODS, login_history
from identity.browser import HOME, PORTAL_PAGES, Browser, device_named, read_form, redirect
from identity.contacts import repository as contacts
from identity.contacts import service as contact_service
from identity.delegation import repository as delegations
from identity.delegation.proxies import revoke_proxy
from identity.oauth.consents import consents_of
from identity.passkeys import service as passkeys
from identity.recovery import repository as recovery_rows
from identity.recovery import service as recovery
from identity.registry import service as registry
from identity.sessions import repository
from identity.sessions.service import address_of, end_own_session, end_sessions_of, live_session
from identity.upstream import repository as upstream
from kernel.errors import Unauthenticated
from kernel.house import House
from kernel.i18n import gettext as _
from kernel.web.pages import Pages
from kernel.web.requests import WebRequest
from kernel.web.sessions import latest_portal

SHOWN_ATTEMPTS = 10
Change = Callable[[Session, int, datetime], None]


class SecurityDesk:
    """What stands behind the handlers of this module."""

    def __init__(
        self, house: House, pages: Pages, browser: Browser, providers: Collection[ProviderId]
    ) -> None:
        self._house, self._pages, self._browser = house, pages, browser
        self._providers = tuple(providers)

    def page(self, request: WebRequest) -> Response[Any]:
        """Everything about one's own account. Raises ``Unauthenticated``."""
        now = self._house.clock.now()
        with self._house.database.read() as session:
            sid, subject_id = self._signed_in(session, request, now)
            content = self._content(session, sid, subject_id, now)
            back = _whence(request) or PORTAL_PAGES.get(latest_portal(session, sid, PORTAL_PAGES) or "", "/")
        return self._pages.page(
            request,
            "identity/security.html",
            csrf_token=self._browser.csrf_token(request),
            headers={"Cache-Control": "no-store"},
            back=back,
            **content,
        )

    def change(self, request: WebRequest, body: bytes, change: Change) -> Response[Any]:
        """Do one thing in the person's own name, then show the page again."""
        self._browser.check_form(request, read_form(request, body))
        now = self._house.clock.now()
        with self._house.database.write() as session:
            _, subject_id = self._signed_in(session, request, now)
            change(session, subject_id, now)
        return redirect(HOME)

    def end_others(self, request: WebRequest, body: bytes) -> Response[Any]:
        """Everywhere but here."""
        self._browser.check_form(request, read_form(request, body))
        now = self._house.clock.now()
        with self._house.database.write() as session:
            sid, subject_id = self._signed_in(session, request, now)
            end_sessions_of(session, subject_id, reason="ended_by_person", now=now, but=sid)
        return redirect(HOME)

    def _signed_in(self, session: Session, request: WebRequest, now: datetime) -> tuple[uuid.UUID, int]:
        live = self._browser.live(session, request)
        sign_in = live_session(session, live.sid, now) if live else None
        if sign_in is None:
            raise Unauthenticated("请先登录，再查看登录与安全。")
        return sign_in.sid, sign_in.subject_id

    def _content(self, session: Session, sid: uuid.UUID, subject_id: int, now: datetime) -> dict[str, Any]:
        vault = self._house.vault
        proxies = delegations.live_proxies_from(session, subject_id, now)
        account = accounts.required(session, subject_id)
        people = registry.describe(session, {subject_id, *(row.agent_id for row in proxies)}, vault=vault)
        links = upstream.of_subject(session, subject_id)
        linked = {link.provider for link in links}
        return {
            "recoveries": [
                {
                    "recovery_id": row.recovery_id,
                    "phone": recovery.phone_of(row, vault=vault),
                    "asked_at": row.asked_at,
                    "ready_at": row.ready_at,
                }
                for row in recovery_rows.waiting_of(session, subject_id, now)
            ],
            "providers": self._providers,
            "links": [
                {
                    "link_id": link.link_id,
                    "label": LABELS[cast(ProviderId, link.provider)],
                    "linked_at": link.linked_at,
                    "used_at": link.used_at,
                }
                for link in links
            ],
            "unlinked": [(name, LABELS[name]) for name in self._providers if name not in linked],
            "person_name": people[subject_id].name,
            "phone": accounts.phone_of(account, vault=vault) or "",
            "contacts": [
                _(contact_service.LABELS[cast(contact_service.Channel, row.channel)])
                for row in contacts.of_subject(session, subject_id)
            ],
            "has_password": account.password_hash is not None,
            "has_totp": factors.has_totp(session, subject_id),
            "passkey_count": len(passkeys.usable_of(session, subject_id)),
            "is_real_name": account.real_name_at is not None,
            "in_person_at": account.in_person_at,
            "sign_ins": [
                {
                    "sid": row.sid,
                    "device": device_named(row.device).said,
                    "auth_at": row.auth_at,
                    "address": address_of(row, vault),
                    "is_this": row.sid == sid,
                }
                for row in repository.live_of(session, subject_id, now)
            ],
            "proxies": [
                {"proxy_id": row.proxy_id, "name": people[row.agent_id].name, "until_at": row.until_at}
                for row in proxies
            ],
            "consents": consents_of(session, subject_id, now),
            "method_texts": METHODS,
            "history": [
                {
                    "at": event.at,
                    "is_success": event.is_success,
                    "device": device_named(event.device).said,
                    "address": event.address,
                    "method": event.method,
                }
                for event in login_history(session, subject_id, vault=vault, limit=SHOWN_ATTEMPTS)
            ],
        }


def security_handlers(
    house: House, pages: Pages, browser: Browser, providers: Collection[ProviderId] = ()
) -> list[ControllerRouterHandler]:
    """``/security``."""
    desk = SecurityDesk(house, pages, browser, providers)

    @get("/security", sync_to_thread=True, tags=["account"])
    def security(request: WebRequest) -> Response[Any]:
        """One's own sign-ins, proxies and consents."""
        return desk.page(request)

    @post("/security/sessions/{sid:uuid}/end", status_code=200, sync_to_thread=True, include_in_schema=False)
    def end_sign_in(request: WebRequest, body: RawBody, sid: FromPath[uuid.UUID]) -> Response[Any]:
        return desk.change(
            request, body, lambda session, person, now: end_own_session(session, person, sid, now=now)
        )

    @post("/security/sessions/end-others", status_code=200, sync_to_thread=True, include_in_schema=False)
    def end_others(request: WebRequest, body: RawBody) -> Response[Any]:
        return desk.end_others(request, body)

    @post(
        "/security/proxies/{proxy_id:uuid}/revoke",
        status_code=200,
        sync_to_thread=True,
        include_in_schema=False,
    )
    def end_proxy(request: WebRequest, body: RawBody, proxy_id: FromPath[uuid.UUID]) -> Response[Any]:
        return desk.change(
            request,
            body,
            lambda session, person, now: revoke_proxy(session, proxy_id=proxy_id, by_subject=person, now=now),
        )

    return [security, end_sign_in, end_others, end_proxy]


def _whence(request: WebRequest) -> str:
    """The page of the portal the browser says it came from, "" where it came from elsewhere (or from a form here)."""
    first = urlsplit(request.headers.get("referer", "")).path.split("/")[1:2]
    return PORTAL_PAGES.get("".join(first), "")
