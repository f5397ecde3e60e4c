"""我的企业: the firms one represents or works for, claiming one by its credit code, and leaving one."""

import uuid
from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from identity.capacity.service import options_for
from identity.delegation import enterprises, mandates
from identity.delegation.claiming import claim_enterprise
from kernel.errors import (
    Conflict,
    DongchuError,
    FieldError,
    Forbidden,
    InvalidInput,
    NotFound,
    OutsideFailure,
    TooManyRequests,
)
from kernel.i18n import gettext as _
from kernel.web.bearer import require
from kernel.web.pages import Pages
from kernel.web.principal import Principal
from kernel.web.requests import WebRequest
from portals.services import Services
from portals.shared.benefits import Form

Me = NamedDependency[Principal]
PAGE = "/tong/me/enterprises"


class OwnFirm(msgspec.Struct, frozen=True, kw_only=True):
    """``because`` says by what right; ``leave`` names what one may give up, if anything (``membership:…``)."""

    name: str
    because: str
    until: datetime | None
    leave: str


class Claim(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    uscc: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]


class OwnEnterprises:
    """What somebody may do about it, in their own name only."""

    def __init__(self, services: Services) -> None:
        self._services, self._house = services, services.house

    def read(self, principal: Principal) -> list[OwnFirm]:
        _require_oneself(principal)
        with self._house.database.read() as session:
            options = options_for(
                session,
                principal.subject_id,
                capacities=("enterprise",),
                vault=self._house.vault,
                now=self._house.clock.now(),
            )
        return [
            OwnFirm(
                name=one.name,
                because=_(one.note),
                until=one.until_at,
                leave=one.basis if one.basis.startswith(("membership:", "assignment:")) else "",
            )
            for one in options
        ]

    def claim(self, principal: Principal, uscc: str) -> None:
        _require_oneself(principal)
        claim_enterprise(self._services.firms, house=self._house, subject_id=principal.subject_id, uscc=uscc)

    def leave(self, principal: Principal, kind: str, number: uuid.UUID) -> None:
        _require_oneself(principal)
        now = self._house.clock.now()
        with self._house.database.write() as session:
            if kind == "membership":
                enterprises.revoke_membership(
                    session, membership_id=number, by_subject=principal.subject_id, now=now
                )
            elif kind == "assignment":
                mandates.withdraw_assignment(
                    session, assignment_id=number, by_subject=principal.subject_id, now=now
                )
            else:
                raise NotFound(_("没有找到这项企业授权。"))


def handlers(services: Services) -> list[ControllerRouterHandler]:
    """``/me/enterprises`` and its API."""
    desk = OwnEnterprises(services)

    def view(
        request: WebRequest,
        pages: Pages,
        principal: Principal,
        uscc: str,
        problem: DongchuError | None = None,
    ) -> Response[str]:
        errors = () if problem is None else problem.at()
        return pages.page(
            request,
            "tong/enterprises.html",
            status=200 if problem is None else problem.status,
            firms=desk.read(principal),
            uscc=uscc,
            errors=[FieldError("uscc", one.what) if one.where == "identifier" else one for one in errors],
        )

    @get("/me/enterprises", sync_to_thread=True, include_in_schema=False)
    def enterprises_page(request: WebRequest, principal: Me, pages: NamedDependency[Pages]) -> Response[str]:
        return view(request, pages, principal, "")

    @post("/me/enterprises", status_code=303, sync_to_thread=True, include_in_schema=False)
    def claim_form(
        request: WebRequest, data: Form, principal: Me, pages: NamedDependency[Pages]
    ) -> Response[str] | Redirect:
        uscc = data.get("uscc", "")[:40]
        try:
            desk.claim(principal, uscc)
        except (InvalidInput, Conflict, Forbidden, TooManyRequests, OutsideFailure) as problem:
            if principal.capacity != "self":
                raise
            return view(request, pages, principal, uscc, problem)
        return Redirect(PAGE, status_code=303)

    @post(
        "/me/enterprises/{kind:str}/{number:uuid}/leave",
        status_code=303,
        sync_to_thread=True,
        include_in_schema=False,
    )
    def leave_form(kind: FromPath[str], number: FromPath[uuid.UUID], principal: Me) -> Redirect:
        desk.leave(principal, kind, number)
        return Redirect(PAGE, status_code=303)

    guards = [require(scope="tong", capacity="self")]

    @get("/api/v1/enterprises", guards=guards, sync_to_thread=True, summary="The firms one may act for")
    def list_enterprises(principal: Me) -> list[OwnFirm]:
        return desk.read(principal)

    @post(
        "/api/v1/enterprises",
        guards=guards,
        sync_to_thread=True,
        summary="Claim the firm that one represents by law",
    )
    def claim_api(data: JSONBody[Claim], principal: Me) -> list[OwnFirm]:
        desk.claim(principal, data.uscc)
        return desk.read(principal)

    @post(
        "/api/v1/enterprises/{kind:str}/{number:uuid}/leave",
        guards=guards,
        status_code=204,
        sync_to_thread=True,
        summary="Give up acting for a firm",
    )
    def leave_api(kind: FromPath[str], number: FromPath[uuid.UUID], principal: Me) -> None:
        desk.leave(principal, kind, number)

    return [enterprises_page, claim_form, leave_form, list_enterprises, claim_api, leave_api]


def _require_oneself(principal: Principal) -> None:
    if principal.capacity != "self":
        raise Forbidden(_("代办期间不能办理这件事，请先切换回本人身份。"))
