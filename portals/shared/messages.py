"""The inbox: pages and API, and 消息核验 for whoever got a call."""

from datetime import datetime
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from kernel.house import House
from kernel.notices import inbox, mark_all_read, mark_read, verify_number
from kernel.web.bearer import require
from kernel.web.live import link_in
from kernel.web.pages import Pages
from kernel.web.principal import Principal
from kernel.web.requests import WebRequest


class Message(msgspec.Struct, frozen=True):
    number: int
    check_number: str
    kind: str
    title: str
    body: str
    link: str | None
    created_at: datetime
    is_read: bool


def handlers(house: House, portal: str) -> list[ControllerRouterHandler]:
    """``/inbox`` and ``/check`` with their API."""

    def read(principal: Principal, before: int | None) -> list[Message]:
        with house.database.read() as session:
            rows = inbox(session, principal.acting_for, before=before)
        return [
            Message(
                row.number,
                row.check_number,
                row.kind,
                row.read_title(),
                row.read_body(),
                link_in(portal, row.link),
                row.created_at,
                row.read_at is not None,
            )
            for row in rows
        ]

    @get("/inbox", sync_to_thread=True, include_in_schema=False)
    def inbox_page(
        request: WebRequest, principal: NamedDependency[Principal], pages: NamedDependency[Pages]
    ) -> Response[str]:
        messages = read(principal, None)
        return pages.page(request, "shared/inbox.html", messages=messages, portal_path=f"/{portal}")

    @post("/inbox/read", status_code=303, sync_to_thread=True, include_in_schema=False)
    def read_all_form(principal: NamedDependency[Principal]) -> Redirect:
        with house.database.write() as session:
            mark_all_read(session, principal.acting_for, now=house.clock.now())
        return Redirect(f"/{portal}/inbox", status_code=303)

    @get(
        "/api/v1/inbox",
        guards=[require(scope=portal)],
        sync_to_thread=True,
        summary="Messages, the newest first",
    )
    def list_messages(
        principal: NamedDependency[Principal], before: FromQuery[int | None] = None
    ) -> list[Message]:
        return read(principal, before)

    @post(
        "/api/v1/inbox/{number:int}/read",
        guards=[require(scope=portal)],
        status_code=204,
        sync_to_thread=True,
        summary="Mark one message as read",
    )
    def read_message(number: FromPath[int], principal: NamedDependency[Principal]) -> None:
        with house.database.write() as session:
            mark_read(session, principal.acting_for, number, now=house.clock.now())

    @get("/check", sync_to_thread=True, include_in_schema=False)
    def check_page(
        request: WebRequest, pages: NamedDependency[Pages], number: FromQuery[str] = ""
    ) -> Response[str]:
        found: Any = None
        asked = number.strip()
        if asked:
            with house.database.read() as session:
                found = verify_number(session, asked[:16])
        return pages.page(request, "shared/check.html", asked=asked, found=found, portal_path=f"/{portal}")

    return [inbox_page, read_all_form, list_messages, read_message, check_page]
